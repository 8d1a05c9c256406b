"""Rounds: every program once a round, each into a folder that did not exist before, and in another order each time.

A machine that gets slower or faster while this runs then does so for everybody. What is measured ends when the
program ends; checking and removing its files is not in it. A run whose files are not all there is no result.
"""

import shutil
import statistics
from collections import defaultdict

from harness.process import Process


class NotWhole(Exception):
    """A program has ended, and not with what it was sent for."""


class Rounds:
    """The results of some programs at one job."""

    def __init__(self, programs, job, folder, environment):
        self._programs = programs
        self._job = job
        self._folder = folder
        self._environment = environment
        self.results = defaultdict(list)
        self.refused = {}

    def run(self, count, say):
        """Runs them all `count` times; `say` gets a line for each run."""
        for number in range(count):
            turn = number % len(self._programs)
            for program in self._programs[turn:] + self._programs[:turn]:
                if program.name not in self.refused:
                    self._run_one(program, number, say)
        return self

    def _run_one(self, program, number, say):
        dest = self._folder / "dest"
        dest.mkdir()
        try:
            command = program.command(self._job, dest, self._folder)
            with open(self._folder / "said", "wb") as said:
                process = Process(command, environment=self._environment, stdout=said, stderr=said)
                try:
                    usage = process.wait(600)
                finally:
                    # Only when this script is interrupted is it still running.
                    process.stop()
            # Every byte in the first round; afterwards the count and the sum tell enough.
            self._check(program, dest, usage, every_byte=number == 0)
            self.results[program.name].append(usage)
            say(f"  {program.name}: {usage.wall:.2f} s, CPU {usage.cpu:.2f} s, {usage.peak_kib / 1024:.0f} MiB")
        except NotWhole as why:
            self.refused[program.name] = str(why)
            say(f"  {program.name}: {why}")
        finally:
            shutil.rmtree(dest)

    def _check(self, program, dest, usage, every_byte):
        said = (self._folder / "said").read_text(errors="replace").strip().splitlines()
        hint = f" ({said[-1][:160]})" if said else ""
        if usage.overran:
            raise NotWhole(f"not over after {usage.wall:.0f} s{hint}")
        if usage.code != 0:
            raise NotWhole(f"exit code {usage.code}{hint}")
        wanted = self._job.wanted
        have = {path.name: path for path in dest.iterdir() if path.is_file()}
        if have.keys() != wanted.keys():
            raise NotWhole(f"{len(have)} files where {len(wanted)} were due{hint}")
        if sum(path.stat().st_size for path in have.values()) != sum(map(len, wanted.values())):
            raise NotWhole("the sizes do not add up")
        if every_byte and any(path.read_bytes() != wanted[name] for name, path in have.items()):
            raise NotWhole("a file differs from what was served")


def table(programs, rounds):
    """Medians as a Markdown table; ratios are to the first program."""
    lines = [
        "| program | wall s | CPU s | peak MiB | wall ÷ flagdl | CPU ÷ flagdl | peak ÷ flagdl |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    base = _medians(rounds.results[programs[0].name])
    for program in programs:
        own = _medians(rounds.results[program.name])
        if own is None:
            lines.append(f"| {program.name} | - | - | - | {rounds.refused.get(program.name, 'not run')} | | |")
            continue
        ratios = [f"{mine / first:.2f}x" if base and first else "-" for mine, first in zip(own, base or own)]
        wall, cpu, peak = own
        lines.append(f"| {program.name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def _medians(usages):
    if not usages:
        return None
    return (
        statistics.median(each.wall for each in usages),
        statistics.median(each.cpu for each in usages),
        statistics.median(each.peak_kib / 1024 for each in usages),
    )
