"""A list of sixty that has something of everything, and what a quiet run makes of it.

Fifty-seven files, two of them large enough to be written as they arrive, two with one name, and three that are not
there. Whatever happens to a run, those after it have to end where the quiet one did.
"""

from collections import Counter

from . import images, ledger
from .case import equal, expect

ENTRIES, FILES, MISSING = 60, 57, 3
_LARGE = (1 << 20) + 300_000
_STATE = {".flagdl", ".flagdl/ledger.db", ".flagdl/lock"}


class Mirror:
    """The sixty, served below a folder, with what a quiet run has made of them: `files` and `items`.

    With `version`, the same names with other bytes; of several, the one that was made last is what the server has.
    """

    def __init__(self, work, below, version=""):
        self._work, self._below, self._version = work, below, version
        small = [f"pic{number:02}.jpg" for number in range(53)]
        paths = [*small[:20], "left/same.jpg", "gone0.jpg", "large0.jpg", *small[20:40], "gone1.jpg", "right/same.jpg",
                 *small[40:], "large1.jpg", "gone2.jpg"]
        equal(len(paths), ENTRIES, "entries")
        for path in paths:
            if not path.startswith("gone"):
                # Names and pictures do not depend on the folder, and the versions differ in size.
                size = _LARGE if path.startswith("large") else 2_500 + 100 * len(version)
                work.serve(f"{below}{version}/{path}", images.jpeg(path + version, size))
        self.appear()
        self.list = work.list(*(work.nginx.url(f"{below}-now/{path}") for path in paths), name="sixty.txt")
        quiet = work.folder / "quiet"
        work.flagdl("--dest", quiet, self.list, dest=False).expect_code(3).expect_tally(ok=FILES, not_found=MISSING)
        self.files, self.items = work.files(quiet), ledger.items(quiet)
        work.remove(quiet)
        equal((len(self.files), len(self.items)), (FILES, ENTRIES), "files and rows of the quiet run")

    def appear(self):
        """Has the server serve this version from now on."""
        self._work.serve_as(f"{self._below}-now", self._below + self._version)

    def begin(self):
        """Makes the folder what a run of half of the list leaves there; returns its files."""
        work = self._work
        for path in work.dest.glob("*") if work.dest.exists() else ():
            # Not the folder: it may be a mounted disk.
            work.remove(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        work.flagdl("--limit", "30", self.list).expect_code(3)
        there = work.files()
        expect(20 < len(there) < 40, f"{len(there)} files of half of the list")
        return there

    def expect_whole(self, *others):
        """Each file under a final name is one that this or one of the other versions has, whole."""
        have = self._work.files() if self._work.dest.exists() else {}
        wrong = [
            name for name, data in have.items()
            if not is_staged(name) and data not in [version.files.get(name) for version in (self, *others)]
        ]
        expect(not wrong, f"{len(wrong)} files that are not whole, such as {wrong[:3]}")

    def go_on(self, *options):
        """Runs once more, undisturbed, and expects all to be as after the quiet run, and nothing besides."""
        work = self._work
        run = work.flagdl("-c", "8", "--format", "ndjson", *options, self.list).expect_code(3)
        outcomes = Counter(entry["outcome"] for entry in run.entries())
        equal(outcomes["ok"] + outcomes["skipped"], FILES, "entries ok or skipped", run.details)
        equal((outcomes["not-found"], outcomes.total()), (MISSING, ENTRIES), "entries not found, and all", run.details)
        have = work.files()
        beside = {str(path.relative_to(work.dest)) for path in work.dest.rglob("*")} - self.files.keys()
        equal(sorted(beside - _STATE), [], "what is left over", run.details)
        equal(sorted(_STATE - beside), [], "what is missing of flagdl's own", run.details)
        wrong = [name for name, data in self.files.items() if have.get(name) != data]
        equal(wrong, [], "files that are missing or not the server's", run.details)
        equal(differences(ledger.items(work.dest), self.items), [], "rows that differ", run.details)
        return outcomes


def expect_refusal(work, run, there, *words):
    """The run has ended with 4, says all of this and counts no entry as an error; what was there is as it was."""
    run.expect_code(4)
    # Who was refused before the run began has no counts.
    equal((run.tally() or (0, 0, 0))[2], 0, "entries that the run counts as errors", run.details)
    for word in words:
        expect(str(word).lower() in run.err.lower(), f"no word of {str(word)!r}", run.details)
    have = work.files()
    harmed = [name for name, data in there.items() if have.get(name) != data]
    equal(harmed, [], "files that were there before and are gone or changed", run.details)


def expect_held_against_nobody(work, run):
    """The ledger has no entry as an error, for what failed was the machine. Asked once the machine is mended."""
    database = ledger.path(work.dest)
    # A disk that was full at once has left a database of nothing.
    if database.exists() and ledger.ask(work.dest, "SELECT name FROM sqlite_schema WHERE name = 'items'"):
        blamed = ledger.ask(work.dest, "SELECT entry, class FROM items WHERE outcome = 'error'")
        equal(blamed[:3], [], "entries that it was held against, the first", run.details)


def is_staged(name):
    """Whether a file has the name of one that is being received."""
    return name.startswith(".fdl-") and name.endswith(".part")


def differences(rows, wanted):
    """Some of the rows that are in one and not in the other."""
    return sorted(set(rows) ^ set(wanted), key=str)[:4]
