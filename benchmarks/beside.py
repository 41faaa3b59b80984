"""One of ours beside other contenders on files of customer-months: what every such benchmark does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import sort_by_month
from benchmarks.measure import Row, Run, arguments, pairs, report

WARM_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Other:
    """A contender beside ours: the function that runs it, and what ours aims at."""

    contender: str
    aim: str
    faster: bool
    check: Callable[[Run, Run], None] = lambda _ours, _theirs: None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is run: its module and what its rows are, ours, the others by name, and who writes the file.

    Parameters
    ----------
    name, size : str
        Name of the module; what `--rows` counts.
    ours : str
        The contender; beside itself it takes a tenth of the rows.
    others : Mapping of str to Other
    usual : sequence of str
        Those taken where nothing else is asked for.
    write : callable
        From a path and a number of rows to the file written.
    said : Mapping of str to str
        Words for others whose name does not say what they are.
    """

    name: str
    size: str
    ours: str
    others: Mapping[str, Other]
    usual: Sequence[str]
    write: Callable[[Path, int], Path]
    said: Mapping[str, str]


def compare(
    benchmark: Benchmark, rows: int, beside: Sequence[str], *, n_pairs: int, wait: float, folder: Path, by_month: bool
) -> list[Row]:
    """Write the panels and run ours beside each other contender."""

    def written(name: str, n: int) -> str:
        path = benchmark.write(folder / f"{name}.parquet", n)
        return str(sort_by_month(path) if by_month and name != "warm" else path)

    warm, path = written("warm", min(rows, WARM_ROWS)), written("panel", rows)
    what = f"{benchmark.name}, {rows:,} rows" + (" sorted by month" if by_month else "")
    found = []
    for name in beside:
        other = benchmark.others[name]
        tenth = other.contender == benchmark.ours
        theirs = written("tenth", rows // 10) if tenth else path
        commands = [
            ["-m", "benchmarks.contenders", contender, warm, file]
            for contender, file in ((benchmark.ours, path), (other.contender, theirs))
        ]
        mine, others = pairs(*commands, n_pairs, other.check, wait)
        said = "itself, a tenth of the rows" if tenth else benchmark.said.get(name, name)
        found.append(Row(what, said, other.aim, other.faster, mine, others))
    return found


def run_command(benchmark: Benchmark, about: str | None, given: list[str] | None = None) -> None:
    """Read the command line, compare, and print the table."""
    parser = arguments(about, benchmark.name, benchmark.size)
    parser.add_argument("--beside", nargs="+", choices=benchmark.others, default=list(benchmark.usual))
    parser.add_argument("--by-month", action="store_true", help="sort the panel by month instead of by customer")
    asked = parser.parse_args(given)
    how = {"n_pairs": asked.pairs, "wait": asked.wait, "by_month": asked.by_month}
    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as folder:
        rows = compare(benchmark, asked.rows, asked.beside, folder=Path(folder), **how)
    report(rows, asked.out)
