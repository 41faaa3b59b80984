"""The cleaning log: every row that came in, where it went and why, so that counts add up; every repair and doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pandas as pd

from coroi.prepare.cleaning.advice import advice_on

Step = Literal["in", "left out", "dropped", "merged", "set to missing", "repaired", "flagged", "out"]
COLUMNS = ("table", "step", "column", "rule", "rows", "examples", "values", "sentence", "advice")
LOSING: tuple[Step, ...] = ("left out", "dropped", "merged")


@dataclass(frozen=True, slots=True)
class Examples:
    """A few rows by their number in the file, with what stands there, masked."""

    rows: tuple[int, ...] = ()
    values: tuple[str, ...] = ()


class Entry(NamedTuple):
    """One line of the ledger."""

    table: str
    step: Step
    column: str
    rule: str
    rows: int
    examples: str
    values: str
    sentence: str
    advice: str


@dataclass(slots=True)
class Ledger:
    """Entries of all tables, in the order in which they were made.

    Notes
    -----
    ``in`` = ``out`` + ``left out`` (the plan's own filters) + ``dropped`` (by a rule) + ``merged`` (lines
    summed to one). ``set to missing``, ``repaired`` and ``flagged`` count rows that stay. ``examples`` are row numbers
    in the file, ``values`` what stands there, masked; ``advice`` says what to do about it.

    Parameters
    ----------
    entries : list of Entry
        What was entered so far.
    n_examples : int
        Rows named in a line.
    currency : str
        ISO 4217 code of every amount, which tables are held against as they are read; empty where it is not known.
    """

    entries: list[Entry] = field(default_factory=list)
    n_examples: int = 3
    currency: str = ""

    def add(
        self,
        table: str,
        step: Step,
        rows: int,
        sentence: str = "",
        *,
        rule: str = "",
        column: str = "",
        examples: Examples | None = None,
    ) -> None:
        """Enter one line; nothing is entered for zero rows but for ``in`` and ``out``."""
        if rows or step in ("in", "out"):
            seen = examples or Examples()
            numbers, values = ", ".join(map(str, seen.rows)), ", ".join(seen.values)
            self.entries.append(Entry(table, step, column, rule, int(rows), numbers, values, sentence, advice_on(rule)))

    def frame(self) -> pd.DataFrame:
        """Return the entries as a table."""
        return pd.DataFrame(self.entries, columns=list(COLUMNS)).astype(
            {"rows": "int64"} | {c: "string" for c in COLUMNS if c != "rows"}
        )


def unbalanced(ledger: pd.DataFrame) -> dict[str, int]:
    """Return, by table, the rows that the ledger cannot account for; empty when all counts add up."""
    gaps = {}
    for table, lines in ledger.groupby("table", sort=False):
        total = lines.groupby("step")["rows"].sum()
        gap = total.get("in", 0) - total.get("out", 0) - sum(total.get(s, 0) for s in LOSING)
        if gap:
            gaps[str(table)] = int(gap)
    return gaps
