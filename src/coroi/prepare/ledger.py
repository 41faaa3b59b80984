"""The ledger of preparation: every row that came in, where it went and why, so that counts add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

Step = Literal["in", "left out", "dropped", "merged", "set to missing", "flagged", "out"]
COLUMNS = ("table", "step", "rule", "rows", "examples", "sentence")
LOSING: tuple[Step, ...] = ("left out", "dropped", "merged")


@dataclass(slots=True)
class Ledger:
    """Entries of all tables, in the order in which they were made.

    Notes
    -----
    ``in`` = ``out`` + ``left out`` (the plan's own filters) + ``dropped`` (by a rule) + ``merged`` (lines
    summed to one). ``set to missing`` and ``flagged`` count rows that stay.
    """

    entries: list[tuple[str, Step, str, int, str, str]] = field(default_factory=list)

    def add(
        self, table: str, step: Step, rows: int, sentence: str = "", *, rule: str = "", examples: Iterable[int] = ()
    ) -> None:
        """Enter one line; nothing is entered for zero rows but for ``in`` and ``out``."""
        if rows or step in ("in", "out"):
            shown = ", ".join(str(int(r)) for r in examples)
            self.entries.append((table, step, rule, int(rows), shown, sentence))

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
