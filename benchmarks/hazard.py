"""The hazard with clustered errors beside pyfixest, statsmodels, a grouping query, and itself on a tenth."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import sort_by_month, write_panel
from benchmarks.measure import Row, Run, check_agreement, pairs, report

WARM_ROWS = 20_000
OURS = "coroi_hazard"


@dataclass(frozen=True, slots=True)
class Other:
    """A contender beside ours: the function that runs it, and what ours aims at."""

    contender: str
    aim: str
    faster: bool
    check: Callable[[Run, Run], None] = lambda _ours, _theirs: None


OTHERS = {
    "statsmodels": Other("statsmodels", "50 times faster at a million rows", True, check_agreement),
    "pyfixest": Other("pyfixest", "10 times faster at a million rows", True, check_agreement),
    "grouping": Other("grouping", "within 12 times at 10 million rows", False),
    "tenth": Other(OURS, "10 times its time from 10 to 100 million rows", False),
}


def compare(rows: int, beside: list[str], *, n_pairs: int, folder: Path, by_month: bool = False) -> list[Row]:
    """Write the panels and run ours beside each other contender."""
    order = sort_by_month if by_month else _as_written
    warm = str(write_panel(folder / "warm.parquet", min(rows, WARM_ROWS)))
    path = str(order(write_panel(folder / "panel.parquet", rows)))
    what = f"hazard, {rows:,} rows" + (" sorted by month" if by_month else "")
    found = []
    for name in beside:
        other = OTHERS[name]
        theirs = str(order(write_panel(folder / "tenth.parquet", rows // 10))) if name == "tenth" else path
        commands = [["-m", "benchmarks.contenders", OURS, warm, path]]
        commands.append(["-m", "benchmarks.contenders", other.contender, warm, theirs])
        mine, others = pairs(*commands, n_pairs, other.check)
        beside_what = "itself, a tenth of the rows" if name == "tenth" else name
        found.append(Row(what, beside_what, other.aim, other.faster, mine, others))
    return found


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, compare, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hazard", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="customer-months at risk")
    parser.add_argument("--beside", nargs="+", choices=OTHERS, default=["statsmodels", "pyfixest", "grouping"])
    parser.add_argument("--pairs", type=int, default=3, help="runs of each contender, in turn")
    parser.add_argument("--by-month", action="store_true", help="sort the panel by month instead of by customer")
    parser.add_argument("--out", type=Path, help="JSON file for all runs")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as folder:
        rows = compare(given.rows, given.beside, n_pairs=given.pairs, folder=Path(folder), by_month=given.by_month)
    report(rows, given.out)


def _as_written(path: Path) -> Path:
    return path


if __name__ == "__main__":
    main()
