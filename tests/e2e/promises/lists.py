"""Lists come from files, from several files and from a pipe, and are read only as far as they are needed."""

import subprocess

from harness.case import case, equal, expect


@case()
def a_list_from_a_pipe(work):
    pictures = work.serve_pictures("piped", ["a", "b", "c"])
    with subprocess.Popen(["printf", "a\\nb\\nc"], stdout=subprocess.PIPE) as writer:
        run = work.flagdl("--base-url", work.nginx.url("piped"), "-", stdin=writer.stdout)
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)


@case()
def an_endless_pipe_is_read_only_as_far_as_the_limit(work):
    pictures = work.serve_pictures("endless", [str(number) for number in range(1, 8)])
    with subprocess.Popen(["seq", "1", "1000000000"], stdout=subprocess.PIPE) as writer:
        run = work.flagdl("--limit", "7", "--base-url", work.nginx.url("endless"), "-", stdin=writer.stdout, limit=10)
        writer.kill()
    run.expect_code(0).expect_tally(ok=7)
    work.expect_files(pictures, run)


@case()
def limit_counts_entries_and_asks_for_no_more(work):
    names = [f"pic{number:02}" for number in range(20)]
    pictures = work.serve_pictures("limited", names)
    run = work.flagdl("-l", "5", "--base-url", work.nginx.url("limited"), work.list("# a comment", *names))
    run.expect_code(0).expect_tally(ok=5)
    work.expect_files({f"{name}.jpg": pictures[f"{name}.jpg"] for name in names[:5]}, run)
    equal(len(work.nginx.seen(below="/limited/")), 5, "requests at the server")


@case()
def several_lists_are_one_and_a_double_is_a_duplicate(work):
    pictures = work.serve_pictures("several", ["a", "b", "c", "d"])
    first, second = work.list("a", "b", "c", name="first"), work.list("c", "d", "a", name="second")
    run = work.flagdl("--format", "ndjson", "--base-url", work.nginx.url("several"), first, second).expect_code(0)
    outcomes = sorted(entry["outcome"] for entry in run.entries())
    equal(outcomes, ["duplicate"] * 2 + ["ok"] * 4, "outcomes", run.details)
    work.expect_files(pictures, run)
    equal(len(work.nginx.seen(below="/several/")), 4, "requests at the server")


@case()
def windows_and_hand_written_lists_read_the_same(work):
    pictures = work.serve_pictures("written", ["a", "b", "c"])
    path = work.folder / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\n\r\n# a comment\r\n\tb \r\nc")
    run = work.flagdl("--base-url", work.nginx.url("written"), path).expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)


@case()
def a_reader_that_leaves_early_does_no_harm(work):
    names = [f"pic{number:04}" for number in range(3_000)]
    pictures = work.serve_pictures("early", names)
    with subprocess.Popen(["head", "-n", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as head:
        running = work.start("-c", "8", "--format", "ndjson", "--base-url", work.nginx.url("early"),
                             work.list(*names), stdout=head.stdin)
        head.stdin.close()
        printed = head.stdout.read()
        run = running.wait(20)
    equal(printed.count(b"\n"), 1, "lines that came through", run.details)
    # A report that nobody could read must not look like success.
    expect(run.code not in (0, 101), f"exit code {run.code}", run.details)
    wrong = [name for name, data in work.files().items() if pictures[name] != data]
    equal(wrong, [], "files that are not whole", run.details)
    equal(work.leftovers(), [], "leftovers", run.details)


@case()
def every_option_can_come_from_the_environment(work):
    pictures = work.serve_pictures("settings", ["a", "b", "c"])
    listed = work.list("a", "b", "c", "nothing")
    settings = {"FLAGDL_BASE_URL": work.nginx.url("settings"), "FLAGDL_DEST": str(work.dest), "FLAGDL_LIMIT": "2",
                "FLAGDL_FORMAT": "ndjson"}
    run = work.flagdl(listed, environment=settings, dest=False).expect_code(0)
    equal([entry["outcome"] for entry in run.entries()], ["ok", "ok"], "outcomes", run.details)
    # What is typed wins over what is set.
    run = work.flagdl("--limit", "3", listed, environment=settings, dest=False).expect_code(0)
    equal(len(run.entries()), 3, "entries", run.details)
    work.expect_files(pictures, run)
