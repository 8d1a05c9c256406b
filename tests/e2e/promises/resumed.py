"""A run that was stopped is gone on with: as many runs as it takes end where one quiet run would have ended.

A file is fetched again only where the run that fetched it was killed before its row was committed.
"""

import random
import signal
import time

from harness import images, ledger
from harness.case import case, equal, expect, wait_until
from harness.mirror import ENTRIES, FILES, MISSING, Mirror, differences

_ENTRIES = 20_000
_KILLS = 50
_IN_FLIGHT = 16

# A batch of the ledger's: rows that are committed together, and as many that wait in the queue of its thread meanwhile
# (`src/ledger/worker.rs`, `src/ledger/write.rs`).
_BATCH = 2_048 + 2_048
# In flight beside requests: bodies that wait for a writer of files and bodies that those have, 8 x 64 each at most
# (`src/run/dispatch/writing.rs`).
_UNWRITTEN = 2 * 8 * 64


@case(limit=60)
def a_run_that_is_interrupted_again_and_again_ends_as_a_quiet_one(work):
    # Below slow/ the large files take two seconds, and the others no time.
    mirror = Mirror(work, "slow/interrupted")
    command = ["-c", "8", "--rate", "40/s", "--format", "ndjson", mirror.list]
    once = []
    for files, signals, code in [
        (10, [signal.SIGINT], 130), (24, [signal.SIGINT, signal.SIGINT], 130), (36, [signal.SIGTERM], 143),
    ]:
        running = work.start(*command)
        wait_until(lambda: work.dest.exists() and len(work.files()) >= files, f"{files} files")
        for which in signals:
            running.process.signal(which)
            time.sleep(0.2)
        run = running.wait(10).expect_code(code)
        summary = run.events()[-1]
        ended = [summary[outcome] for outcome in ("ok", "skipped", "not-found", "left")]
        equal((sum(ended), summary["entries"]), (ENTRIES, ENTRIES), "entries in the summary", run.details)
        expect(summary["left"] > 0, "nothing was left, so this shows nothing", run.details)
        mirror.expect_whole()
        once.append(summary["ok"])
    once.append(mirror.go_on()["ok"])
    equal(sum(once), FILES, f"files that the four runs have fetched, {once}")
    runs = ledger.ask(work.dest, "SELECT ending, ok FROM runs ORDER BY id")
    equal(runs, list(zip(["drained", "interrupted", "drained", "finished"], once)), "runs in the ledger")
    [(last,)] = ledger.ask(work.dest, "SELECT not_found FROM runs ORDER BY id DESC LIMIT 1")
    equal(last, MISSING, "entries not found in the last run's row")


@case()
def a_run_with_nothing_to_do_leaves_no_log_beside_the_ledger(work):
    names = [f"pic{number}" for number in range(60)]
    work.serve_pictures("idle", names)
    command = ["--base-url", work.nginx.url("idle"), work.list(*names)]
    work.flagdl(*command).expect_code(0)
    # Whoever closes the database last takes the log away, and in a run as short as this one any of its threads may be.
    for number in range(100):
        run = work.flagdl(*command).expect_code(0)
        beside = sorted(path.name for path in (work.dest / ".flagdl").iterdir())
        equal(beside, ["ledger.db", "lock"], f"files in flagdl's folder after run {number}", run.details)


class Kills:
    """What was asked of the server by each run since the last empty folder."""

    def __init__(self, work, below):
        self._work, self._below = work, below
        self._asked, self._mark = [], work.nginx.mark()
        self.again = []

    def note(self):
        """Tells that a run has ended, and takes down what it asked for."""
        # The server may take a moment to see that the last ones are gone.
        time.sleep(0.05)
        mark = self._work.nginx.mark()
        self._asked.append({request.path for request in self._work.nginx.seen(below=self._below, since=self._mark)})
        self._mark = mark
        return len(self._asked[-1])

    def settle(self):
        """Counts for each run that was killed what of it was asked for again, and begins anew."""
        later = set()
        again = []
        for asked in reversed(self._asked):
            again.append(len(asked & later))
            later |= asked
        # The last run went to its end.
        self.again += again[:0:-1]
        self._asked = []


@case(limit=400)
def of_fifty_kills_at_any_time_each_costs_no_more_than_what_was_not_committed(work):
    names = [f"pic{number:05}" for number in range(_ENTRIES)]
    pictures = work.serve_pictures("often", names, smallest=400, largest=2_000)
    command = ["-c", str(_IN_FLIGHT), "--base-url", work.nginx.url("often"), work.list(*names)]
    quiet = work.flagdl(*command).expect_code(0)
    items = ledger.items(work.dest)
    work.remove(work.dest)
    kills, moments, killed = Kills(work, "/often/"), random.Random(4), 0
    while True:
        running = work.start(*command)
        if killed < _KILLS:
            time.sleep(moments.uniform(0.02, quiet.usage.wall))
            if running.process.is_running():
                running.process.signal(signal.SIGKILL)
        run = running.wait(60)
        kills.note()
        if run.code == -signal.SIGKILL:
            killed += 1
            continue
        run.expect_code(0)
        kills.settle()
        if killed == _KILLS:
            break
        work.remove(work.dest)
    equal(len(kills.again), _KILLS, "kills")
    most, details = max(kills.again), f"fetched again: {kills.again}"
    expect(most <= _IN_FLIGHT + _UNWRITTEN + _BATCH, f"{most} files were fetched again after one kill", details)
    work.expect_files(pictures, run)
    equal(differences(ledger.items(work.dest), items), [], "rows that differ")
    run = work.flagdl(*command).expect_code(0)
    expect(f" {_ENTRIES} skipped" in run.out, "not all were skipped", run.details)
    equal(kills.note(), 0, "requests of a run that has nothing to do", run.details)
