"""The customer-period panel from raw text files, beside a grouping query over it, pandas, and itself on a tenth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import write_raw
from benchmarks.measure import Row, Run, arguments, check_agreement, pairs, report, run

WARM_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Other:
    """A contender beside ours: the functions that run both, and what ours aims at."""

    ours: str
    theirs: str
    aim: str
    faster: bool
    check: Callable[[Run, Run], None] = check_agreement


OTHERS = {
    "grouping": Other("coroi_panel", "grouping", "within 30 times at 10 million rows", False),
    "pandas": Other("coroi_panel_sums", "pandas_panel_sums", "", True),
    "tenth": Other("coroi_panel", "coroi_panel", "10 times, within 4 GB", False, lambda _ours, _theirs: None),
}


def compare(rows: int, beside: list[str], *, n_pairs: int, wait: float, folder: Path) -> list[Row]:
    """Write raw tables, and build their panel beside each other contender."""
    warm, raw = _raw(folder / "warm", min(rows, WARM_ROWS)), _raw(folder / "raw", rows)
    built = _built(warm, raw)
    found = []
    for name in beside:
        other = OTHERS[name]
        places = [str(warm), str(raw)]
        ours = ["-m", "benchmarks.contenders", other.ours, *places]
        if name == "grouping":
            places = [f"{place}/panel.parquet" for place in places]
        if name == "tenth":
            places[1] = str(_raw(folder / "tenth", rows // 10))
        mine, others = pairs(ours, ["-m", "benchmarks.contenders", other.theirs, *places], n_pairs, other.check, wait)
        beside_what = "itself, a tenth of the rows" if name == "tenth" else name
        found.append(Row(f"panel, {built:,} rows", beside_what, other.aim, other.faster, mine, others))
    return found


def main(given: list[str] | None = None) -> None:
    """Read the command line, compare, and print the table."""
    parser = arguments(__doc__, "panel", "customer-months of the panel, at most")
    parser.add_argument("--beside", nargs="+", choices=OTHERS, default=["grouping"])
    asked = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as folder:
        rows = compare(asked.rows, asked.beside, n_pairs=asked.pairs, wait=asked.wait, folder=Path(folder))
    report(rows, asked.out)


def _raw(place: Path, rows: int) -> Path:
    place.mkdir()
    write_raw(place, rows)
    return place


def _built(warm: Path, raw: Path) -> int:
    """Write the panels as Parquet for the grouping to read, and return the rows of the larger one."""
    kept = run(["-m", "benchmarks.contenders", "keep_panel", str(warm), str(raw)])
    if kept.failed:
        raise RuntimeError(f"the panel could not be built: {kept.failed}")
    return int(kept.answer["rows"][0])


if __name__ == "__main__":
    main()
