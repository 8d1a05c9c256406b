"""What a case is given: an empty folder of its own, the server, and flagdl with its results in a form to ask.

Everything a case says about files is said by comparing bytes with what the server was given to serve. When a run has
ended, nothing outside its destination has changed but what its arguments name, or the case fails.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import images
from .case import Failed, equal, expect
from .process import Process, clean_environment

_SUMMARY = re.compile(r"^(\d+) ok, (\d+) not found, (\d+) errors?\b", re.MULTILINE)
_STATE_FOLDER = ".flagdl"
# What a run may write to, beside its destination; the last one is strace's.
_WRITES_TO = ("--dest", "-d", "--failed", "--diff", "-o")


@dataclass
class Run:
    """A flagdl that has ended."""

    usage: object
    out: str
    err: str

    @property
    def code(self):
        return self.usage.code

    @property
    def details(self):
        """For a failing case: how it ended, and what it said last."""
        ending = f"exit code {self.code} after {self.usage.wall:.2f} s"
        return "\n".join([ending, "stdout:", *_last(self.out), "stderr:", *_last(self.err)])

    def expect_code(self, wanted):
        equal(self.code, wanted, "exit code", self.details)
        return self

    def expect_tally(self, ok, not_found=0, errors=0):
        """The line on stdout says exactly this."""
        tally = self.tally()
        expect(tally, "no line 'N ok, N not found, N errors' on stdout", self.details)
        equal(tally, (ok, not_found, errors), "ok, not found, errors", self.details)
        return self

    def tally(self):
        """What the line on stdout says: ok, not found, errors; None where there is no such line."""
        found = _SUMMARY.search(self.out)
        return found and tuple(map(int, found.groups()))

    def events(self):
        """The objects on stdout; a line that is none fails the case."""
        try:
            return [json.loads(line) for line in self.out.splitlines()]
        except ValueError as error:
            raise Failed(f"a line on stdout is not JSON: {error}", self.details) from error

    def entries(self):
        """The objects of `--format ndjson` that stand for an entry."""
        return [event for event in self.events() if event.get("event") == "entry"]

    def entry(self, wanted):
        """The one object about this entry."""
        found = [event for event in self.entries() if event.get("entry") == wanted]
        equal(len(found), 1, f"objects for the entry {wanted!r}", self.details)
        return found[0]


class Running:
    """A flagdl that runs now."""

    def __init__(self, process, out, err, changes):
        self.process = process
        self.out = out
        self.err = err
        self._changes = changes

    def wait(self, limit=60):
        """Its end; running on past the limit fails the case."""
        usage = self.process.wait(limit)
        done = Run(usage, _text(self.out), _text(self.err))
        expect(not usage.overran, f"flagdl was still running after {limit:g} s", done.details)
        expect("panicked at" not in done.err, "flagdl panicked", done.details)
        equal(self._changes()[:3], [], "what has changed outside the destination", done.details)
        return done


class Workspace:
    """A case's folder, with `nginx`, the `certificate` it uses, and the folder `served` that it serves."""

    def __init__(self, folder, binary, nginx, certificate, served, full):
        self.folder = folder
        self.binary = binary
        self.nginx = nginx
        self.certificate = certificate
        self.full = full
        self.dest = folder / "dest"
        self._served = served
        self._runs = 0
        # What the case has written, maybe while a run goes on.
        self._own = set()

    def serve(self, name, data):
        """Puts a file on the server and returns its bytes. Cases keep apart by the folder they begin the name with."""
        path = self._served / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return data

    def serve_pictures(self, below, names, smallest=500, largest=6_000):
        """Puts a JPEG for each name below a folder; returns {file name: bytes}."""
        (self._served / below).mkdir(parents=True, exist_ok=True)
        pictures = {}
        for name in names:
            size = images.varied_size(name, smallest, largest)
            pictures[f"{name}.jpg"] = self.serve(f"{below}/{name}.jpg", images.jpeg(name, size))
        return pictures

    def serve_also(self, name, other):
        """Serves a file that is served already under another name too."""
        os.link(self._served / name, self._served / other)

    def date(self, name, seconds):
        """Says when a file on the server was changed. nginx makes its ETag of that, in whole seconds, and the size."""
        os.utime(self._served / name, (seconds, seconds))

    def unserve(self, name):
        """Takes a file off the server."""
        (self._served / name).unlink()

    def serve_as(self, name, below):
        """Lets a folder on the server stand for another, from one request to the next."""
        path, new = self._served / name, self._served / f"{name}.new"
        new.symlink_to(self._served / below)
        new.rename(path)

    def copy(self, folder, to):
        """A copy of a folder, for what is to begin from there more than once."""
        shutil.copytree(folder, to)

    def remove(self, folder):
        """Takes a folder away, if it is there."""
        shutil.rmtree(folder, ignore_errors=True)

    def list(self, *entries, name="list.txt"):
        """Writes a list, one entry a line, and returns its path. Bytes are written as they are."""
        path = self.folder / name
        self._own.add(str(path))
        path.write_bytes(b"".join((e if isinstance(e, bytes) else e.encode()) + b"\n" for e in entries))
        return path

    def start(self, *arguments, stdin=subprocess.DEVNULL, stdout=None, environment=None, dest=True, wrapper=(),
              writes=()):
        """Starts flagdl with `--dest` set to this workspace's, and nothing of the user's environment.

        `writes` are the paths that the wrapper itself writes to.
        """
        self._runs += 1
        out, err = (self.folder / f"{self._runs}.{kind}" for kind in ("stdout", "stderr"))
        command = [*wrapper, self.binary, *(["--dest", self.dest] if dest else []), *arguments]
        settings = {**self.environment(), **(environment or {})}
        apart = {*self._may_change(command, settings), *map(str, writes)}
        before = self._snapshot(apart)
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = Process(
                command, environment=settings, cwd=self.folder, stdin=stdin,
                stdout=out_file if stdout is None else stdout, stderr=err_file,
            )
        return Running(process, out, err, lambda: _differences(before, self._snapshot(apart)))

    def flagdl(self, *arguments, limit=60, **settings):
        """Runs flagdl to its end."""
        return self.start(*arguments, **settings).wait(limit)

    def environment(self):
        # So that what is written to either is seen.
        return {**clean_environment(self.folder), "TMPDIR": str(self.folder)}

    def _may_change(self, command, settings):
        """What a run may write to, by its arguments and settings."""
        words = [str(word) for word in command]
        named = [path for option, path in zip(words, words[1:]) if option in _WRITES_TO]
        named += [path for name, path in settings.items() if name in ("FLAGDL_DEST", "FLAGDL_FAILED", "FLAGDL_DIFF")]
        return {str(self.folder / path) for path in [*named, "downloads"]}

    def _snapshot(self, apart):
        """{path: what changes when it is written to} of the case's folder, and the names in the two above it."""
        found = {above: sorted(os.listdir(above)) for above in map(str, (self.folder.parent, self.folder.parent.parent))}
        folders = [str(self.folder)]
        while folders:
            for entry in os.scandir(folders.pop()):
                if entry.path in apart or entry.path in self._own or entry.name.endswith((".stdout", ".stderr")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found[entry.path] = None
                    folders.append(entry.path)
                else:
                    stat = entry.stat(follow_symlinks=False)
                    found[entry.path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return found

    def files(self, dest=None):
        """{path below DEST: bytes} of all that a user would find there, which is all but flagdl's own folder."""
        dest = dest or self.dest
        return {
            str(path.relative_to(dest)): path.read_bytes()
            for path in sorted(Path(dest).rglob("*"))
            if path.is_file() and path.relative_to(dest).parts[0] != _STATE_FOLDER
        }

    def leftovers(self):
        """Files of unfinished downloads, wherever they are."""
        return [str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if path.name.endswith(".part")]

    def expect_files(self, wanted, run):
        """DEST holds exactly these files, byte for byte, and no leftovers."""
        have = self.files()
        missing, extra = sorted(wanted.keys() - have.keys()), sorted(have.keys() - wanted.keys())
        expect(not missing, f"{len(missing)} files are missing, such as {missing[:3]}", run.details)
        expect(not extra, f"{len(extra)} files that should not be there, such as {extra[:3]}", run.details)
        wrong = [name for name, data in wanted.items() if have[name] != data]
        expect(not wrong, f"{len(wrong)} files differ from what was served, such as {wrong[:3]}", run.details)
        equal(self.leftovers(), [], "leftovers", run.details)


def _differences(before, after):
    """The paths that are not what they were."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path, 0) != after.get(path, 0))


def _last(text):
    return [line[:300] for line in text[-10_000:].splitlines()[-6:]]


def _text(path):
    return path.read_bytes().decode("utf-8", "replace")
