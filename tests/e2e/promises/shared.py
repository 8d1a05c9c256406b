"""A folder for downloads that others are at work in: a second run is told so, and readers are in nobody's way."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from harness import images, ledger
from harness.case import case, equal, expect, wait_until
from harness.mirror import FILES, Mirror, expect_refusal


@case()
def a_second_run_ends_at_once_and_names_the_first(work):
    mirror = Mirror(work, "twice")
    first = work.start("-c", "1", "--rate", "60/s", mirror.list)
    wait_until(lambda: work.dest.exists() and len(work.files()) >= 10, "10 files")
    # So that it is surely there for as long as the second one runs.
    first.process.signal(signal.SIGSTOP)
    there = work.files()
    second = work.flagdl(mirror.list, limit=10)
    first.process.signal(signal.SIGCONT)
    expect_refusal(work, second, there, f"another flagdl (process {first.process.pid}) is at work in {work.dest}",
                   "hint: wait for it to end, or choose another folder for downloads")
    first.wait(20).expect_code(3)
    outcomes = mirror.go_on()
    equal(outcomes["ok"], 0, "files that the first run, which went on, has not fetched")


@case(limit=40)
def a_ledger_that_another_program_keeps_locked_ends_the_run_after_a_while(work):
    mirror = Mirror(work, "held")
    there = mirror.begin()
    with closing(sqlite3.connect(ledger.path(work.dest), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run = work.flagdl(mirror.list, limit=30)
    expect_refusal(work, run, there, "another program keeps the ledger", ledger.path(work.dest),
                   "hint: end the transaction that is open there")
    mirror.go_on()


@case()
def the_ledger_can_be_read_while_a_run_goes_on(work):
    wanted = 300
    work.serve_pictures("read", [f"pic{number}" for number in range(0, wanted, 2)])
    folders = ["read", "denied"] * (wanted // 2)
    listed = work.list(*(work.nginx.url(f"{folder}/pic{number}.jpg") for number, folder in enumerate(folders)))
    running = work.start("-c", "4", "--rate", "100/s", listed)
    wait_until(lambda: work.dest.exists() and work.files(), "a file")
    # As the README has it.
    question = "select class, count(*) from items where outcome = 'error' group by class"
    seen = []
    while running.process.is_running():
        seen.append(dict(ledger.ask(work.dest, question)).get("http-403", 0))
        time.sleep(0.02)
    run = running.wait().expect_code(1)
    equal(seen, sorted(seen), "rows, which only become more", run.details)
    expect(len(set(seen)) >= 3, f"rows did not grow while the run went on: {sorted(set(seen))}", run.details)
    equal(ledger.ask(work.dest, question), [("http-403", wanted // 2)], "rows at the end", run.details)


@case()
def whoever_reads_the_ledger_for_long_keeps_no_run_from_ending(work):
    mirror = Mirror(work, "kept-open")
    there = mirror.begin()
    with closing(ledger.reader(work.dest)) as other:
        other.execute("BEGIN")
        [(before,)] = other.execute("SELECT count(*) FROM items WHERE outcome = 'ok'").fetchall()
        work.flagdl(mirror.list).expect_code(3)
        [(after,)] = other.execute("SELECT count(*) FROM items WHERE outcome = 'ok'").fetchall()
    equal((before, after), (len(there), len(there)), "rows as of when the reader began")
    equal(mirror.go_on()["ok"], 0, "files fetched again")


@case()
def of_runs_that_begin_at_once_in_an_empty_folder_all_end_well_or_are_refused(work):
    mirror = Mirror(work, "at-once")
    for _ in range(10):
        for run in [running.wait(20) for running in [work.start(mirror.list) for _ in range(3)]]:
            if run.code != 3:
                # It is at work there, or has been since this one looked whether there is a ledger.
                expect_refusal(work, run, {}, f"in {work.dest}")
                expect("another flagdl" in run.err, "the other run is not named", run.details)
        mirror.go_on()
        work.remove(work.dest)


@case()
def nobody_who_takes_the_output_ends_the_run_and_loses_nothing(work):
    mirror = Mirror(work, "untaken")
    reading, writing = os.pipe()
    with open(writing, "wb") as pipe:
        running = work.start("-c", "1", "--rate", "60/s", "--format", "ndjson", mirror.list, stdout=pipe)
    wait_until(lambda: work.dest.exists() and len(work.files()) >= 10, "10 files")
    os.close(reading)
    run = running.wait(20)
    expect_refusal(work, run, {}, "cannot write the report", "Broken pipe")
    there = work.files()
    expect(len(there) < FILES, "all was fetched, so this shows nothing", run.details)
    # The one that was on its way may have got its name when nobody waited for it any more.
    skipped = mirror.go_on()["skipped"]
    expect(len(there) - 1 <= skipped <= len(there), f"{skipped} of {len(there)} files were skipped", run.details)


@case()
def a_run_that_waited_for_its_list_takes_nothing_that_another_has_fetched_meanwhile(work):
    left, right = (work.serve(f"meanwhile/{side}/same.jpg", images.jpeg(side)) for side in ("left", "right"))
    url = work.nginx.url("meanwhile")
    reading, writing = os.pipe()
    with open(writing, "wb", buffering=0) as entries:
        waiting = work.start("--format", "ndjson", "-", stdin=reading)
        os.close(reading)
        wait_until(lambda: reads_its_list(waiting.process.pid), "a thread that reads the list")
        work.flagdl(work.list(f"{url}/left/same.jpg")).expect_code(0)
        entries.write(f"{url}/right/same.jpg\n".encode())
    # It has planned without what the other one knows, so it ends; the same again then knows it.
    run = waiting.wait(10).expect_code(4)
    expect(f"another flagdl has worked in {work.dest}" in run.err, "it does not say why", run.details)
    equal(work.files(), {"same.jpg": left}, "files", run.details)
    work.flagdl(work.list(f"{url}/right/same.jpg")).expect_code(0)
    have = work.files()
    expect(have.get("same.jpg") == left, "another entry's file has been replaced", run.details)
    equal(sorted(have.values()), sorted([left, right]), "files", run.details)


def reads_its_list(pid):
    """Whether the program has come so far as to read its list, which it does in a thread of its own."""
    tasks = Path("/proc", str(pid), "task").glob("*/comm")
    return "flagdl-plan" in [comm.read_text(encoding="ascii").strip() for comm in tasks]
