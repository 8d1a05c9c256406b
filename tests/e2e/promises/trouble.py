"""A machine that fails ends the run with 4 and a message that names what failed; once it is mended, the run goes on.

What was whole before is whole after it, and the run that comes next ends where a quiet one would have.
"""

import os
import random
import sqlite3
from contextlib import closing

from harness import ledger, mounts, strace
from harness.case import Failed, case, equal, expect
from harness.mirror import Mirror, expect_held_against_nobody, expect_refusal
from harness.strace import At


# Disks.


@case(limit=60)
def a_full_disk_of_any_size_ends_the_run_and_more_room_lets_it_go_on(work):
    mounts.needed()
    mirror = Mirror(work, "small")
    # Too small for the ledger, for the first files, for more of them, for the second of the large ones.
    for size in ("8k", "48k", "64k", "96k", "256k", "1536k", "2500k"):
        mounts.memory(work.dest, size)
        run = work.flagdl("-c", "2", mirror.list)
        expect_refusal(work, run, {}, "no space left", work.dest)
        mirror.expect_whole()
        mounts.change(work.dest, "size=64m")
        expect_held_against_nobody(work, run)
        mirror.go_on()
        mounts.take_away(work.dest)


@case()
def a_disk_that_is_still_full_when_a_run_begins_is_said_to_be_full(work):
    mounts.needed()
    mirror = Mirror(work, "still-full")
    for room in (0, 8, 20):
        mounts.memory(work.dest, "8m")
        there = mirror.begin()
        mounts.fill(work.dest / "filler", room << 10)
        run = work.flagdl(mirror.list)
        expect_refusal(work, run, there, "no space left", work.dest)
        (work.dest / "filler").unlink()
        expect_held_against_nobody(work, run)
        mirror.go_on()
        mounts.take_away(work.dest)


@case(limit=60)
def a_disk_that_nobody_may_write_to_ends_the_run_and_harms_nothing(work):
    mounts.needed()
    mirror = Mirror(work, "read-only")
    for there in ({}, "half"):
        mounts.memory(work.dest, "64m")
        there = mirror.begin() if there else {}
        mounts.change(work.dest, "ro")
        run = work.flagdl(mirror.list)
        expect_refusal(work, run, there, f"cannot use {work.dest}", "Read-only file system")
        mounts.change(work.dest, "rw")
        expect_held_against_nobody(work, run)
        mirror.go_on()
        mounts.take_away(work.dest)


def try_failing(work, mirror, *faults, options=()):
    """Has each of these calls fail in a second run: (where, which error, what is said of it)."""
    for at, error, *words in faults:
        there = mirror.begin()
        run = work.flagdl("-c", "1", *options, mirror.list, wrapper=strace.wrapper(at.error(error)))
        expect_refusal(work, run, there, *words)
        mirror.expect_whole()
        expect_held_against_nobody(work, run)
        mirror.go_on()


@case(limit=60)
def a_disk_that_fails_under_the_files_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "failing")
    failing, full = f"cannot write to {work.dest}", f"no space left in {work.dest}"
    try_failing(
        work, mirror,
        (At("linkat", path="pic45.jpg"), "EIO", failing, "Input/output error"),
        (At("linkat", path="large1.jpg"), "EIO", failing, "Input/output error"),
        (At("linkat", path="pic45.jpg"), "ENOSPC", full, "No space left on device"),
        (At("linkat", path="pic45.jpg"), "EDQUOT", full, "Disk quota exceeded"),
        (At("linkat", path="pic45.jpg"), "EROFS", failing, "Read-only file system"),
        (At("openat", 3, "."), "EIO", failing, "Input/output error"),
        (At("openat", 3, "."), "ENOSPC", full, "No space left on device"),
    )


@case(limit=60)
def a_disk_that_fails_under_a_file_that_is_replaced_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "failing-replaced")
    failing, full = f"cannot write to {work.dest}", f"no space left in {work.dest}"
    try_failing(
        work, mirror,
        (At("renameat", path="pic10.jpg"), "EIO", failing, "Input/output error"),
        (At("renameat", path="large0.jpg"), "EIO", failing, "Input/output error"),
        (At("renameat", path="pic10.jpg"), "ENOSPC", full, "No space left on device"),
        (At("renameat", path="pic10.jpg"), "EDQUOT", full, "Disk quota exceeded"),
        (At("renameat", path="pic10.jpg"), "EROFS", failing, "Read-only file system"),
        options=["--overwrite"],
    )


def fail_a_write_to_a_file(work, mirror, error):
    """A second run in which one write(2) to a picture fails, once; returns what was there before, and the run."""
    log = work.folder / "failing"
    # A file that is being received has no name to pick it by, and the same thread also writes to wake another one, which
    # is not what is to fail. Only the thread that saves files comes to so many writes.
    for number in range(20, 40):
        there = mirror.begin()
        running = work.start("-c", "1", mirror.list,
                             wrapper=strace.wrapper(At("write", number).error(error, onwards=False), log=log))
        running.process.wait(20)
        calls = strace.tampered(log)
        if calls and all(f"<{work.dest}/#" in call for call in calls):
            return there, running.wait()
    raise Failed(f"no write to a file was made to fail with {error}")


@case(limit=60)
def a_disk_that_fails_under_a_write_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "failing-write")
    failing, full = f"cannot write to {work.dest}", f"no space left in {work.dest}"
    for error, *words in [("EIO", failing, "Input/output error"), ("ENOSPC", full, "No space left on device"),
                          ("EDQUOT", full, "Disk quota exceeded")]:
        there, run = fail_a_write_to_a_file(work, mirror, error)
        expect(run.tally(), "no counts, so nobody sees that nothing failed but the machine", run.details)
        expect_refusal(work, run, there, *words)
        mirror.expect_whole()
        expect_held_against_nobody(work, run)
        mirror.go_on()


@case(limit=60)
def a_disk_that_fails_under_the_ledger_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "failing-ledger")
    database = str(ledger.path(work.dest))
    log, failing = f"{database}-wal", f"cannot use the ledger {database}"
    full = f"no space left for the ledger {database}"
    try_failing(
        work, mirror,
        # The first writes note that the run begins, those from the fifth on are its rows.
        (At("pwrite64", 1, log), "EIO", failing, "disk I/O error"),
        (At("pwrite64", 5, log), "EIO", failing, "disk I/O error"),
        (At("pwrite64", 1, log), "ENOSPC", full),
        (At("pwrite64", 5, log), "ENOSPC", full),
        # When the log is carried over into the database.
        (At("fsync", 1, log), "EIO", failing, "disk I/O error"),
        (At("pwrite64", 1, database), "EIO", failing, "disk I/O error"),
        (At("pwrite64", 1, database), "ENOSPC", full),
        (At("fsync", 1, database), "EIO", failing, "disk I/O error"),
        (At("ftruncate", 1, log), "EIO", failing, "disk I/O error"),
        # When it is opened.
        (At("pread64", 3, database), "EIO", failing, "disk I/O error"),
        (At("flock"), "EIO", f"cannot use {work.dest}/.flagdl as the folder of the ledger", "Input/output error"),
    )


@case(limit=60)
def a_disk_that_fails_when_the_folders_are_made_ends_the_run(work):
    strace.needed()
    mirror = Mirror(work, "unmade")
    database = ledger.path(work.dest)
    folder = f"cannot use {work.dest}/.flagdl as the folder of the ledger"
    for at, error, *words in [
        (At("mkdir"), "EIO", f"cannot use {work.dest} as the folder for downloads", "Input/output error"),
        (At("mkdir"), "EACCES", f"cannot use {work.dest} as the folder for downloads", "Permission denied"),
        (At("mkdirat"), "EIO", folder, "Input/output error"),
        *((At("fsync", number), "EIO", folder, "Input/output error") for number in (1, 2)),
        *((At("fsync", number), "EIO", f"cannot use the ledger {database}", "disk I/O error") for number in (3, 6, 7)),
        (At("pwrite64", 1, f"{database}-wal"), "ENOSPC", f"no space left for the ledger {database}"),
    ]:
        run = work.flagdl(mirror.list, wrapper=strace.wrapper(at.error(error)))
        expect_refusal(work, run, {}, *words)
        equal(work.files() if work.dest.exists() else {}, {}, "files")
        mirror.go_on()
        work.remove(work.dest)


# What is in the ledger's place.


def overwritten(page):
    """Random bytes over a whole page."""
    def damage(database):
        with open(database, "r+b") as file:
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(4096))

    return damage


def overwritten_root(table):
    """Random bytes over the page where a table begins, wherever that is."""
    def damage(database):
        with closing(sqlite3.connect(database)) as connection:
            [(page,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        overwritten(page - 1)(database)

    return damage


def cut_in_half(database):
    os.truncate(database, database.stat().st_size // 2)


def no_database(size):
    """Random bytes in its place."""
    return lambda database: database.write_bytes(random.Random(size).randbytes(size))


def only_zeros(database):
    database.write_bytes(bytes(database.stat().st_size))


def without_its_view(database):
    ledger.change(database, "DROP VIEW items")


def refused_until_moved_away(work, mirror, damage, *words, untouched=True):
    """What `damage` has made of the ledger is refused; with a new one in its place all is well again."""
    there = mirror.begin()
    database = ledger.path(work.dest)
    damage(database)
    is_there = database.is_file() and not database.is_symlink()
    before = database.read_bytes() if is_there else None
    run = work.flagdl(mirror.list)
    expect_refusal(work, run, there, database, *words)
    if untouched and is_there:
        expect(database.read_bytes() == before, "what was in the ledger's place is not what it was", run.details)
        beside = sorted(path.name for path in database.parent.iterdir())
        equal(beside, ["ledger.db", "lock"], "files beside it", run.details)
    if database.is_dir():
        database.rmdir()
    else:
        database.unlink()
    mirror.go_on()


@case(limit=60)
def a_damaged_ledger_is_told_apart_and_left_for_the_user_to_move_away(work):
    mirror = Mirror(work, "damaged")
    words = ["is damaged", "hint: move it away to begin a new one; files that are here are then fetched again"]
    for damage in (cut_in_half, overwritten(0), no_database(9_000), no_database(20), only_zeros, without_its_view):
        refused_until_moved_away(work, mirror, damage, *words)
    # Found only when the plan asks for what is there, and by then the run is noted as begun.
    for table in ("entry", "run"):
        refused_until_moved_away(work, mirror, overwritten_root(table), *words, untouched=False)


@case()
def an_empty_ledger_is_a_new_one(work):
    # A kill may leave it like this, so it is no damage; what was known is fetched again.
    mirror = Mirror(work, "empty")
    mirror.begin()
    ledger.path(work.dest).write_bytes(b"")
    outcomes = mirror.go_on()
    equal(outcomes["skipped"], 0, "entries skipped without a ledger")


@case()
def a_ledger_of_a_newer_version_is_left_to_the_newer_flagdl(work):
    mirror = Mirror(work, "newer")

    def newer(database):
        ledger.change(database, "PRAGMA user_version = 99")

    refused_until_moved_away(work, mirror, newer, "has schema 99", "knows none above",
                             "hint: use the newer flagdl, or move the ledger away to begin a new one")
    there = mirror.begin()
    [(version,)] = ledger.ask(work.dest, "PRAGMA user_version")
    newer(ledger.path(work.dest))
    expect_refusal(work, work.flagdl(mirror.list), there, "has schema 99")
    ledger.change(ledger.path(work.dest), f"PRAGMA user_version = {version}")
    outcomes = mirror.go_on()
    equal(outcomes["skipped"], len(there), "entries skipped, once the newer flagdl is back")


@case()
def another_programs_database_is_left_alone(work):
    def bookmarks(database):
        database.unlink()
        ledger.change(database, "CREATE TABLE bookmarks (url)")

    refused_until_moved_away(work, Mirror(work, "foreign"), bookmarks, "is the database of another program",
                             "hint: move it away, or choose another folder for downloads")


@case()
def a_link_in_the_place_of_the_ledgers_folder_is_not_followed(work):
    mirror = Mirror(work, "linked")
    for make in (lambda folder: folder.symlink_to(work.folder / "elsewhere"), lambda folder: folder.write_text("text")):
        there = mirror.begin()
        folder, elsewhere = work.dest / ".flagdl", work.folder / "elsewhere"
        folder.rename(elsewhere)
        before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
        make(folder)
        expect_refusal(work, work.flagdl(mirror.list), there, folder, "only a folder can hold the ledger",
                       "hint: move it away, or choose another folder for downloads")
        equal({path.name: path.read_bytes() for path in elsewhere.iterdir()}, before, "what is elsewhere")
        folder.unlink()
        work.remove(elsewhere)
        mirror.go_on()


@case()
def what_is_no_file_in_the_ledgers_place_is_told_as_that(work):
    mirror = Mirror(work, "no-file")
    elsewhere = work.folder / "elsewhere.db"

    def link(database):
        elsewhere.unlink(missing_ok=True)
        database.rename(elsewhere)
        database.symlink_to(elsewhere)

    def dangling_link(database):
        database.unlink()
        database.symlink_to(work.folder / "nothing")

    def folder(database):
        database.unlink()
        database.mkdir()

    for damage, what in [(link, "a symbolic link"), (dangling_link, "a symbolic link"), (folder, "a folder")]:
        refused_until_moved_away(work, mirror, damage, f"is {what}", "hint: move it away")
    expect(elsewhere.stat().st_size > 0 and not (work.folder / "nothing").exists(), "a link was followed")


@case()
def a_message_about_the_ledger_says_nothing_twice(work):
    mirror = Mirror(work, "twice-told")
    database = ledger.path(work.dest)
    for damage, words in [(only_zeros, "file is not a database"), (cut_in_half, "database disk image is malformed")]:
        mirror.begin()
        damage(database)
        run = work.flagdl(mirror.list).expect_code(4)
        equal(run.err.count(words), 1, f"times that it says {words!r}", run.details)
