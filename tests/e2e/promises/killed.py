"""A run can be killed at any call: what has a final name is whole, and the next run ends where a quiet one would.

strace kills the program before a call is carried out, so each point shows what the calls before it have left. The
calls of a run differ with its threads, and a point that is not reached shows nothing; those that were are counted.
"""

import signal
from functools import partial

from harness import strace
from harness.case import Failed, case, expect
from harness.mirror import Mirror
from harness.strace import At

_CALLS = ["linkat", "renameat", "write", "pwrite64", "fsync", "ftruncate", "unlink", "openat", "mkdir", "mkdirat",
          "flock"]
_DATABASE = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal"]


class Sweep:
    """Kills at many points, one after the other. Goes on after a failure, since how many fail says what is wrong."""

    def __init__(self, work, *options, besides=()):
        self._work, self._options, self._besides = work, options, besides
        self._failed = []
        self.killed = 0

    def calls(self, listed):
        """Where the calls of an undisturbed run are written down, which is made in a folder of its own."""
        work = self._work
        log = work.folder / "calls"
        dest = work.dest.with_name("traced")
        if work.dest.exists():
            work.copy(work.dest, dest)
        work.flagdl("--dest", dest, *self._options, listed, dest=False, wrapper=strace.writes_to(log, _CALLS))
        work.remove(dest)
        return log

    def at(self, point, listed, expect_whole, go_on):
        """One kill and what follows it. A point that this run does not come to is left out."""
        run = self._work.flagdl(*self._options, listed, wrapper=strace.wrapper(point.killed(), *self._besides))
        try:
            if run.code == -signal.SIGKILL:
                self.killed += 1
                expect_whole()
            go_on()
        except Failed as failed:
            self._failed.append((point, failed))
            # So that the next point does not fail for this one.
            self._work.remove(self._work.dest)

    def end(self, at_least):
        """Fails the case if a point did, or too few were reached."""
        if self._failed:
            point, first = self._failed[0]
            others = "".join(f"\n{point}: {failed}" for point, failed in self._failed[1:9])
            raise Failed(f"{len(self._failed)} of {self.killed} kills; {point}: {first}", first.details + others)
        expect(self.killed >= at_least, f"only {self.killed} kills, where {at_least} were due")


def database_points(work, log):
    """Each call on each of the database's files."""
    points = []
    for name in _DATABASE:
        path = str(work.dest / ".flagdl" / name)
        for call, count in strace.counts(log, name).items():
            points += [At(call, number, path) for number in range(1, count + 1)]
    return points


def file_points(log):
    """Each call that makes a file without a name, or writes: to a file, or to wake another thread."""
    made = strace.counts(log, ".").get("openat", 0)
    return [*(At("openat", number, ".") for number in range(1, made + 1)),
            *(At("write", number) for number in range(1, strace.counts(log).get("write", 0) + 1))]


def sweep_first_run(work, concurrency):
    """A kill at each link, each write and each call on the ledger of a run in an empty folder."""
    strace.needed()
    mirror = Mirror(work, "first")
    sweep = Sweep(work, "-c", str(concurrency))
    log = sweep.calls(mirror.list)
    points = [*(At("linkat", path=name) for name in mirror.files), *database_points(work, log), *file_points(log),
              At("mkdir"), At("mkdirat"), At("flock"), *(At("fsync", number) for number in (1, 2))]
    for point in points:
        sweep.at(point, mirror.list, mirror.expect_whole, mirror.go_on)
        work.remove(work.dest)
    sweep.end(at_least=110)


@case(limit=150)
def a_first_run_may_be_killed_at_any_call_with_one_in_flight(work):
    sweep_first_run(work, 1)


@case(limit=150)
def a_first_run_may_be_killed_at_any_call_with_eight_in_flight(work):
    sweep_first_run(work, 8)


@case(limit=120)
def a_run_that_goes_on_may_be_killed_at_any_call(work):
    strace.needed()
    mirror = Mirror(work, "second")
    there = mirror.begin()
    half = work.folder / "half"
    work.copy(work.dest, half)
    sweep = Sweep(work, "-c", "8")
    log = sweep.calls(mirror.list)
    points = [*(At("linkat", path=name) for name in mirror.files if name not in there), *database_points(work, log)]
    for point in points:
        work.remove(work.dest)
        work.copy(half, work.dest)
        sweep.at(point, mirror.list, mirror.expect_whole, mirror.go_on)
    sweep.end(at_least=50)


def sweep_replacing(work, points_of):
    """Kills of a run that replaces each file by another version of it, which the run after it does as well."""
    strace.needed()
    old, new = (Mirror(work, "replaced", version) for version in ("-old", "-newer"))
    sweep = Sweep(work, "-c", "8", "--overwrite")
    old.appear()
    old.go_on()
    for point in points_of(new, sweep.calls(new.list)):
        if not work.dest.exists():
            old.appear()
            old.go_on()
        new.appear()
        sweep.at(point, new.list, partial(new.expect_whole, old), partial(new.go_on, "--overwrite"))
        old, new = new, old
    return sweep


@case(limit=120)
def a_run_that_replaces_files_may_be_killed_at_any_call_on_the_ledger(work):
    sweep = sweep_replacing(work, lambda _, log: database_points(work, log))
    sweep.end(at_least=25)


@case(limit=120)
def where_no_file_can_be_without_a_name_a_kill_leaves_nothing_over_either(work):
    strace.needed()
    mirror = Mirror(work, "named")
    sweep = Sweep(work, "-c", "8", besides=[At("openat", path=".").error("EOPNOTSUPP")])
    for name in mirror.files:
        sweep.at(At("linkat", path=name), mirror.list, mirror.expect_whole, mirror.go_on)
        work.remove(work.dest)
    sweep.end(at_least=50)


@case(limit=120)
def a_run_that_replaces_files_may_be_killed_at_any_rename(work):
    def points(new, log):
        links = (At("linkat", number) for number in range(1, strace.counts(log).get("linkat", 0) + 1))
        return [*(At("renameat", path=name) for name in new.files), *links, *file_points(log)]

    sweep_replacing(work, points).end(at_least=120)
