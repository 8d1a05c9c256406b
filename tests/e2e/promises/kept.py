"""A mirror is kept: brought up to date, looked through and mended, and gone on with where a file was cut.

What was asked is told by the server, and what was written by the files themselves, not by flagdl.
"""

import re
import time
from collections import Counter

from harness import images, ledger
from harness.case import case, equal, expect
from harness.cutting import Cutting, tag
from harness.mirror import differences

# Seconds since 1970; nginx's validators know no smaller parts.
_FIRST, _LATER = 1_700_000_000, 1_700_086_400
_SIZES = 400, 2_000
_CHANGED, _REMOVED, _ADDED = 100, 50, 50


# Brought up to date.


class Upstream:
    """So many pictures on the server, all of the same age; `files` is what it has now, by name."""

    def __init__(self, work, below, count):
        self._work, self._below = work, below
        self.codes = [f"pic{number:05}" for number in range(count)]
        self.files = work.serve_pictures(below, self.codes, *_SIZES)
        for name in self.files:
            work.date(f"{below}/{name}", _FIRST)
        self.changed, self.removed, self.added = [], [], []

    def run(self, *options, limit=60):
        """Runs flagdl with the list as it is now."""
        listed = self._work.list(*sorted([*self.codes, *self.added]))
        return self._work.flagdl("-c", "16", "--base-url", self._work.nginx.url(self._below), *options, listed,
                                 limit=limit)

    def change(self):
        """Changes, removes and adds pictures, evenly over the list, which then names the added ones too.

        Returns what was removed.
        """
        work, step = self._work, len(self.codes) // _CHANGED
        self.changed = self.codes[1::step]
        self.removed = self.codes[2::2 * step]
        self.added = [f"{code}-new" for code in self.codes[3::2 * step]]
        equal((len(self.changed), len(self.removed), len(self.added)), (_CHANGED, _REMOVED, _ADDED), "the changes")
        for number, code in enumerate(self.changed):
            # Half of them keep their size.
            more, before = number % 2, len(self.files[f"{code}.jpg"])
            self._put(code, images.jpeg(f"{code} changed", images.varied_size(code, *_SIZES) + more), _LATER)
            equal(len(self.files[f"{code}.jpg"]), before + more, "the size of a picture")
        for code in self.added:
            self._put(code, images.jpeg(code, 900), _FIRST)
        for code in self.removed:
            work.unserve(f"{self._below}/{code}.jpg")
        return {f"{code}.jpg": self.files.pop(f"{code}.jpg") for code in self.removed}

    def _put(self, code, data, seconds):
        path = f"{self._below}/{code}.jpg"
        self.files[f"{code}.jpg"] = self._work.serve(path, data)
        self._work.date(path, seconds)

    def asked(self, since):
        """The requests since then."""
        # The server may take a moment to write down the last one.
        time.sleep(0.05)
        return self._work.nginx.seen(below=f"/{self._below}/", since=since)


def stamps(dest):
    """{name: what changes when a file is written, replaced or only touched}."""
    found = {}
    for path in dest.glob("*.jpg"):
        stat = path.stat()
        found[path.name] = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return found


def validators(dest):
    return ledger.ask(dest, "SELECT path, bytes, sha256, etag, last_modified FROM items ORDER BY path")


@case(limit=60)
def an_update_of_what_has_not_changed_writes_no_byte(work):
    upstream = Upstream(work, "unchanged", 20_000)
    upstream.run().expect_code(0).expect_tally(ok=20_000)
    before, known, mark = stamps(work.dest), validators(work.dest), work.nginx.mark()
    expect(all(None not in row for row in known), "the server's validators are not in the ledger")
    run = upstream.run("--update").expect_code(0).expect_tally(ok=0)
    asked = upstream.asked(mark)
    equal(Counter(request.status for request in asked), {304: 20_000}, "statuses in the server's log", run.details)
    equal(len({request.path for request in asked}), 20_000, "files that were asked about", run.details)
    expect(re.search(r" 0 errors, 20000 unchanged in [\d.]+s$", run.out.strip()), "other words at the end", run.details)
    equal(differences(stamps(work.dest).items(), before.items()), [], "files that were written to", run.details)
    equal(differences(validators(work.dest), known), [], "rows that differ", run.details)
    rows = ledger.ask(work.dest, "SELECT ending, unchanged, requests, bytes FROM runs ORDER BY id DESC LIMIT 1")
    equal(rows, [("finished", 20_000, 20_000, 0)], "the last run in the ledger", run.details)
    work.expect_files(upstream.files, run)


@case(limit=90)
def an_update_reports_exactly_what_has_changed(work):
    upstream = Upstream(work, "changing", 20_000)
    upstream.run().expect_code(0).expect_tally(ok=20_000)
    removed, before, mark = upstream.change(), stamps(work.dest), work.nginx.mark()
    diff = work.folder / "diff.txt"
    run = upstream.run("--update", "--format", "ndjson", "--diff", diff).expect_code(3)
    statuses = Counter(request.status for request in upstream.asked(mark))
    equal(statuses, {200: _CHANGED + _ADDED, 304: 19_850, 404: _REMOVED}, "statuses in the server's log", run.details)
    *_, summary = run.events()
    sizes = sum(len(upstream.files[f"{code}.jpg"]) for code in upstream.changed + upstream.added)
    due = {"entries": 20_050, "ok": 150, "unchanged": 19_850, "not-found": 50, "error": 0, "skipped": 0, "left": 0,
           "duplicate": 0, "new": 50, "changed": 100, "gone": 50, "deleted": 0, "requests": 20_050, "bytes": sizes}
    equal({name: summary.get(name) for name in due}, due, "the summary", run.details)
    ends = {code: ("unchanged", None) for code in upstream.codes}
    ends.update((code, ("ok", "changed")) for code in upstream.changed)
    ends.update((code, ("not-found", "gone")) for code in upstream.removed)
    # Nothing is said of a change where there was nothing before.
    ends.update((code, ("ok", None)) for code in upstream.added)
    told = [(entry["entry"], (entry["outcome"], entry.get("change"))) for entry in run.entries()]
    equal((len(told), differences(told, ends.items())), (len(ends), []), "objects, and those that differ", run.details)
    lines = [f"{word}\t{code}.jpg" for word, codes in
             [("new", upstream.added), ("changed", upstream.changed), ("gone", upstream.removed)] for code in codes]
    equal(sorted(diff.read_text(encoding="utf-8").splitlines()), sorted(lines), "lines of the diff", run.details)
    work.expect_files({**upstream.files, **removed}, run)
    touched = {name for name, stamp in stamps(work.dest).items() if before.get(name) != stamp}
    equal(touched, {f"{code}.jpg" for code in upstream.changed + upstream.added}, "files written to", run.details)
    # The validators of what was fetched have taken the place of the old ones.
    run = upstream.run("--update").expect_code(3).expect_tally(ok=0, not_found=_REMOVED)
    expect(", 20000 unchanged in " in run.out and run.out.endswith(" (50 gone)\n"), "other words", run.details)


@case(limit=60)
def what_is_gone_is_deleted_when_asked_for_and_never_more_than_allowed(work):
    upstream = Upstream(work, "leaving", 5_000)
    upstream.run().expect_code(0).expect_tally(ok=5_000)
    removed = upstream.change()
    run = upstream.run("--update").expect_code(3).expect_tally(ok=_CHANGED + _ADDED, not_found=_REMOVED)
    expect(", 4850 unchanged in " in run.out and " (100 changed, 50 gone, " in run.out, "other words", run.details)
    work.expect_files({**upstream.files, **removed}, run)
    before, deleting = stamps(work.dest), ["--update", "--gone", "delete", "--max-gone"]
    for most in ("10", "49"):
        run = upstream.run(*deleting, most).expect_code(1).expect_tally(ok=0, not_found=_REMOVED)
        gone = "50 of 5050 files are gone from their servers"
        for words in (f"*** nothing was deleted: {gone}, more than --max-gone {most}\n",
                      "hint: if that is right, run it again with --max-gone 50\n"):
            expect(words in run.err, f"no word of {words!r}", run.details)
        expect(run.out.endswith(" (50 gone)\n"), "other words at the end", run.details)
        equal(differences(stamps(work.dest).items(), before.items()), [], "files that were touched", run.details)
    copy = work.folder / "copy"
    work.copy(work.dest, copy)
    for dest, code, also in [(work.dest, 3, []), (copy, 0, ["--allow-missing"])]:
        work.dest = dest
        # One in a hundred of those that were asked about is 50 and a half.
        run = upstream.run(*deleting, "1%", *also).expect_code(code)
        expect(run.out.endswith(" (50 gone, 50 deleted)\n"), "other words at the end", run.details)
        work.expect_files(upstream.files, run)
        run = upstream.run("--update").expect_code(3).expect_tally(ok=0, not_found=_REMOVED)
        expect("gone" not in run.out, "what was deleted is told to be gone again", run.details)


# Looked through and mended.


def damage(dest):
    """Does to one or two files each what can happen to files; returns {path: what is said of it}."""
    def write(number, data):
        (dest / f"pic{number:03}.jpg").write_bytes(data)

    def read(number):
        return (dest / f"pic{number:03}.jpg").read_bytes()

    def flipped(number, at):
        data = bytearray(read(number))
        data[at] ^= 1
        write(number, data)

    flipped(3, 0)
    flipped(77, 2_000)
    flipped(499, -1)
    write(120, read(120)[:-1])
    write(121, read(121)[:1_000])
    (dest / "pic200.jpg").unlink()
    write(250, b"")
    one, other = read(300), read(411)
    equal(len(one), len(other), "the size of the one and the other")
    write(300, other)
    write(411, one)
    return {
        **{f"pic{number:03}.jpg": "its contents have changed" for number in (77, 300, 411)},
        "pic003.jpg": "unknown data, not an image",
        "pic499.jpg": "a JPEG image without its end",
        "pic120.jpg": f"{len(one) - 1} bytes, and it had {len(one)}",
        "pic121.jpg": f"1000 bytes, and it had {len(one)}",
        "pic200.jpg": "the file is missing",
        "pic250.jpg": f"0 bytes, and it had {len(one)}",
    }


@case()
def a_look_through_finds_all_damage_and_mends_it(work):
    names = [f"pic{number:03}" for number in range(500)]
    wanted = work.serve_pictures("damaged", names, smallest=4_000, largest=4_000)
    work.flagdl("-c", "16", "--base-url", work.nginx.url("damaged"), work.list(*names)).expect_code(0)
    rows = ledger.items(work.dest)

    def verify(*options):
        return work.flagdl("verify", "--dest", work.dest, *options, dest=False)

    verify().expect_code(0)
    bad = damage(work.dest)
    before, mark = work.files(), work.nginx.mark()
    run = verify().expect_code(1)
    told = re.findall(r"^\*\*\* (\S+): (.+) \((\S+)\)$", run.err, re.MULTILINE)
    due = [(path, what, work.nginx.url(f"damaged/{path}")) for path, what in bad.items()]
    equal(sorted(told), sorted(due), "lines about files", run.details)
    expect(run.out.startswith("491 whole, 8 damaged, 1 missing in "), "other words at the end", run.details)
    run = verify("--format", "ndjson").expect_code(1)
    told = [event["path"] for event in run.events() if event["event"] == "file"]
    equal(sorted(told), sorted(bad), "files told as objects", run.details)
    equal((work.files() == before, work.nginx.mark()), (True, mark), "no file changed, and the log", run.details)
    run = verify("--repair").expect_code(0)
    time.sleep(0.05)
    asked = sorted((request.status, request.path) for request in work.nginx.seen(since=mark))
    equal(asked, [(200, f"/damaged/{path}") for path in sorted(bad)], "requests of the repair", run.details)
    work.expect_files(wanted, run)
    equal(differences(ledger.items(work.dest), rows), [], "rows that differ", run.details)
    run = verify().expect_code(0)
    expect(run.out.startswith("500 whole, 0 damaged, 0 missing in ") and not run.err, "a second look", run.details)
    equal(len(work.nginx.seen(since=mark)), len(bad), "requests in all", run.details)


# Gone on with.


@case()
def of_a_large_file_that_was_cut_only_the_rest_is_asked_for(work):
    body = images.jpeg("cut", 8 << 20)
    half = len(body) // 2
    with Cutting(body, half) as server:
        run = work.flagdl(work.list(server.url("/large.jpg"))).expect_code(0).expect_tally(ok=1)
    work.expect_files({"large.jpg": body}, run)
    asked = [(fields.get("range"), fields.get("if-range")) for fields in server.asked]
    equal(asked, [(None, None), (f"bytes={half}-", tag(body))], "what was asked for", run.details)
    equal(server.sent, [half, len(body) - half], "sizes of the answers", run.details)


@case()
def a_large_file_that_was_cut_and_has_changed_since_is_the_new_one(work):
    old, new = (images.jpeg(word, 8 << 20) for word in ("old", "new"))
    with Cutting(old, len(old) // 2, renewed=new) as server:
        run = work.flagdl(work.list(server.url("/large.jpg"))).expect_code(0).expect_tally(ok=1)
    work.expect_files({"large.jpg": new}, run)
    equal((server.asked[1].get("if-range"), server.sent[1:]), (tag(old), [len(new)]), "the second one", run.details)
