"""Fixed effects with clustered errors beside pyfixest, linearmodels, and itself on a tenth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import sort_by_month, write_money
from benchmarks.measure import Row, Run, arguments, check_agreement, pairs, report

WARM_ROWS = 20_000
OURS = "coroi_effects"


@dataclass(frozen=True, slots=True)
class Other:
    """A contender beside ours: the function that runs it, and what ours aims at."""

    contender: str
    aim: str
    faster: bool
    check: Callable[[Run, Run], None] = lambda _ours, _theirs: None


OTHERS = {
    "pyfixest": Other(
        "pyfixest_effects", "level at 1 million rows, 5 times faster at 10 million", True, check_agreement
    ),
    "linearmodels": Other("linearmodels_effects", "", True, check_agreement),
    "tenth": Other(OURS, "", False),
    "all": Other("coroi_effects_all", "", False, check_agreement),
}
SAID = {"tenth": "itself, a tenth of the rows", "all": "itself with between, entity and pooled estimates"}


def compare(rows: int, beside: list[str], *, n_pairs: int, wait: float, folder: Path, by_month: bool) -> list[Row]:
    """Write the panels and run ours beside each other contender."""
    order = sort_by_month if by_month else _as_written
    warm = str(write_money(folder / "warm.parquet", min(rows, WARM_ROWS)))
    path = str(order(write_money(folder / "panel.parquet", rows)))
    what = f"effects, {rows:,} rows" + (" sorted by month" if by_month else "")
    found = []
    for name in beside:
        other = OTHERS[name]
        theirs = str(order(write_money(folder / "tenth.parquet", rows // 10))) if name == "tenth" else path
        commands = [["-m", "benchmarks.contenders", OURS, warm, path]]
        commands.append(["-m", "benchmarks.contenders", other.contender, warm, theirs])
        mine, others = pairs(*commands, n_pairs, other.check, wait)
        found.append(Row(what, SAID.get(name, name), other.aim, other.faster, mine, others))
    return found


def main(given: list[str] | None = None) -> None:
    """Read the command line, compare, and print the table."""
    parser = arguments(__doc__, "effects", "customer-months whose score is known")
    parser.add_argument("--beside", nargs="+", choices=OTHERS, default=["pyfixest", "linearmodels"])
    parser.add_argument("--by-month", action="store_true", help="sort the panel by month instead of by customer")
    asked = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as folder:
        rows = compare(
            asked.rows,
            asked.beside,
            n_pairs=asked.pairs,
            wait=asked.wait,
            folder=Path(folder),
            by_month=asked.by_month,
        )
    report(rows, asked.out)


def _as_written(path: Path) -> Path:
    return path


if __name__ == "__main__":
    main()
