"""What a run takes from the user's surroundings: nothing that it was not given.

The kernel's calls tell it: what is looked at is not always seen in what is sent.
"""

from harness import strace
from harness.case import case, equal, expect


@case()
def nothing_in_the_users_home_is_looked_at(work):
    strace.needed()
    wanted = work.serve_pictures("home", ["one", "two"])
    home, log = work.folder / "home", work.folder / "calls"
    home.mkdir()
    (home / ".netrc").write_text("default login someone password secret\n", encoding="ascii")
    (home / ".netrc").chmod(0o600)
    for name in (".curlrc", ".wgetrc", ".cookies"):
        (home / name).write_text("", encoding="ascii")
    listed = work.list("one", "two")
    run = work.flagdl("--base-url", work.nginx.url("home"), listed, environment={"HOME": str(home)},
                      wrapper=strace.writes_to(log, ["%file", "keyctl", "add_key", "request_key"]))
    work.expect_files(wanted, run.expect_code(0))
    calls = strace.calls(log)
    expect(any(str(listed) in rest for _, _, rest in calls), "not even the list was seen to be opened", run.details)
    # By a path of any kind, or relative to an open folder.
    looked = [f"{call}({rest}" for _, call, rest in calls if str(home) in rest or "netrc" in rest]
    equal(looked, [], "calls about the user's home", run.details)
    equal([call for _, call, _ in calls if "key" in call], [], "calls about keyrings", run.details)
