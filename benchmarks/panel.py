"""The customer-period panel from raw text files beside a grouping query over the panel that it gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.data import write_raw
from benchmarks.measure import Row, arguments, check_agreement, pairs, report, run

WARM_ROWS = 20_000
AIM = "within 30 times at 10 million rows"


def compare(rows: int, *, n_pairs: int, wait: float, folder: Path) -> list[Row]:
    """Write raw tables, and build their panel beside the grouping of the same panel as Parquet."""
    warm, raw = folder / "warm", folder / "raw"
    for place, size in ((warm, min(rows, WARM_ROWS)), (raw, rows)):
        place.mkdir()
        write_raw(place, size)
    kept = run(["-m", "benchmarks.contenders", "keep_panel", str(warm), str(raw)])
    if kept.failed:
        raise RuntimeError(f"the panel could not be built: {kept.failed}")
    ours = ["-m", "benchmarks.contenders", "coroi_panel", str(warm), str(raw)]
    panels = [str(place / "panel.parquet") for place in (warm, raw)]
    mine, others = pairs(ours, ["-m", "benchmarks.contenders", "grouping", *panels], n_pairs, check_agreement, wait)
    return [Row(f"panel, {kept.answer['rows'][0]:,} rows", "grouping", AIM, False, mine, others)]


def main(given: list[str] | None = None) -> None:
    """Read the command line, compare, and print the table."""
    asked = arguments(__doc__, "panel", "customer-months of the panel, at most").parse_args(given)
    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as folder:
        rows = compare(asked.rows, n_pairs=asked.pairs, wait=asked.wait, folder=Path(folder))
    report(rows, asked.out)


if __name__ == "__main__":
    main()
