"""What is found: a row with limit, figure and verdict; and the list of the criteria, in the order of their making."""

from dataclasses import dataclass
from typing import Optional

CRITERIA = []


@dataclass
class Finding:
    """One measured figure. `holds` is None where there is no limit to judge it by."""

    what: str
    limit: str
    measured: str
    holds: Optional[bool] = None

    @property
    def verdict(self):
        return {True: "PASS", False: "FAIL", None: "-"}[self.holds]


@dataclass
class Criterion:
    """A function that takes a `Bench` and returns findings, under its own name."""

    name: str
    about: str
    measure: object


def criterion(measure):
    """Makes the function below it a criterion. The first line of its docstring tells what it is about."""
    CRITERIA.append(Criterion(measure.__name__, measure.__doc__.split("\n", maxsplit=1)[0], measure))
    return measure


def table(findings):
    """The findings in Markdown."""
    rows = [("case", "limit", "measured", "verdict")]
    rows += [(each.what, each.limit, each.measured, each.verdict) for each in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def share(part, whole):
    """`part` of `whole`, where nothing of nothing is nothing."""
    return part / whole if whole else 0.0
