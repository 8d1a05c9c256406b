"""`--durability` syncs what it says, in the order in which that helps, and a sync that fails ends the run.

The kernel's calls tell it: no test can take the power away.
"""

import re

from harness import ledger, strace
from harness.case import case, equal, expect
from harness.mirror import Mirror, expect_refusal
from harness.strace import At


def is_of_a_file(work, call):
    """Whether a call has to do with an open file below DEST that is not the ledger's; one without a name counts."""
    return f"<{work.dest}/" in call and f"<{work.dest}/.flagdl" not in call


class Traced:
    """The calls of a run of fifty in an empty folder that have to do with what outlives a power loss."""

    FILES = 50

    def __init__(self, work, durability):
        strace.needed()
        names = [f"pic{number}" for number in range(self.FILES)]
        wanted, log = work.serve_pictures(f"synced-{durability}", names), work.folder / "calls"
        run = work.flagdl(
            "-c", "8", "--durability", durability, "--base-url", work.nginx.url(f"synced-{durability}"),
            work.list(*names), wrapper=strace.writes_to(log, [
                "linkat", "pwrite64", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range"]))
        work.expect_files(wanted, run.expect_code(0))
        # In the order in which they began.
        self.calls = [(call, rest) for _, call, rest in strace.calls(log)]
        self._work = work
        links = [at for at, (call, rest) in enumerate(self.calls) if call == "linkat" and '.jpg"' in rest]
        expect(len(links) >= self.FILES, f"only {len(links)} links", run.details)
        self.first_link, self.last_link = links[0], links[-1]

    def where(self, *calls, of=""):
        """Where in the order of all calls those of these names are, of open files whose path has `of` in it."""
        return [at for at, (call, rest) in enumerate(self.calls) if call in calls and of in rest]

    def syncs_of_files(self):
        """{where: file descriptor} of what syncs a file, and not a folder or the ledger."""
        return {at: self.calls[at][1].split("<")[0] for at in self.where("fsync", "fdatasync", "sync_file_range")
                if is_of_a_file(self._work, self.calls[at][1])}


@case()
def with_durability_none_nothing_that_was_saved_is_synced(work):
    traced = Traced(work, "none")
    equal(traced.where("syncfs", "sync"), [], "syncs of whole file systems")
    equal(traced.syncs_of_files(), {}, "syncs of files")


@case()
def with_durability_batch_the_file_system_is_synced_before_the_ledger_vouches(work):
    traced = Traced(work, "batch")
    syncs, rows = traced.where("syncfs"), traced.where("pwrite64", of="ledger.db-wal>")
    equal(traced.syncs_of_files(), {}, "syncs of files")
    for link, which in [(traced.first_link, "first"), (traced.last_link, "last")]:
        sync = next((at for at in syncs if at > link), None)
        expect(sync, f"no syncfs after the {which} link")
        expect([at for at in rows if at > sync], f"no row was written after the syncfs after the {which} link")
    early = [at for at in rows if traced.first_link < at < min(at for at in syncs if at > traced.first_link)]
    equal(early, [], "writes to the ledger between the first link and the syncfs after it")


@case()
def with_durability_file_each_file_is_synced_before_it_has_its_name(work):
    traced = Traced(work, "file")
    syncs, named, used = traced.syncs_of_files(), {}, {}
    for link in traced.where("linkat", of='.jpg"'):
        text = traced.calls[link][1]
        # By its descriptor, or by that one's name in /proc, which is tried after it.
        descriptor, name = re.search(r"\d+", text)[0], re.search(r'"([^"]+\.jpg)"', text)[1]
        sync = max((at for at, of in syncs.items() if of == descriptor and at < link), default=None)
        expect(sync is not None and used.setdefault(sync, name) == name, f"{name} has its name before it was synced")
        named[name] = sync
    equal((len(named), len(syncs)), (Traced.FILES, Traced.FILES), "files with a name, and syncs of files")


def fail_once(work, mirror, durability, at):
    """A second run in which one call of a thread fails, once; returns what was there before, the run, and the calls."""
    there, log = mirror.begin(), work.folder / "failing"
    run = work.flagdl("-c", "1", "--durability", durability, mirror.list,
                      wrapper=strace.wrapper(at.error("EIO", onwards=False), log=log))
    return there, run, strace.tampered(log)


@case()
def a_batch_that_cannot_be_synced_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "unsynced-batch")
    words = f"cannot write what was saved beside {ledger.path(work.dest)} to the disk"
    for durability, at in [("batch", At("syncfs")), ("file", At("fsync", path=str(work.dest)))]:
        there, run, _ = fail_once(work, mirror, durability, at)
        expect_refusal(work, run, there, words, "Input/output error")
        mirror.expect_whole()
        # Nothing that the failed call was for is believed.
        equal(mirror.go_on("--durability", durability)["skipped"], len(there), "files that were believed", run.details)


@case(limit=60)
def a_file_that_cannot_be_synced_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "unsynced")
    failed = 0
    # The first three of the main thread are the ledger's. Of eight threads that save 29 files, one comes to its fourth.
    for number in range(4, 10):
        there, run, calls = fail_once(work, mirror, "file", At("fsync", number))
        mirror.expect_whole()
        if any(is_of_a_file(work, call) for call in calls):
            failed += 1
            expect_refusal(work, run, there, f"cannot write to {work.dest}", "Input/output error")
        mirror.go_on("--durability", "file")
    expect(failed, "no file was concerned, so this shows nothing")
