"""Regressions on lags from blocks beside the same with all rows in memory: distributed lags, and what is new."""

from __future__ import annotations

import sys

from benchmarks.beside import Benchmark, Other, run_command
from benchmarks.data import write_money
from benchmarks.measure import check_agreement


def benchmark_of(ours: str) -> Benchmark:
    """Return the benchmark of ``coroi_lags`` or ``coroi_news``."""
    return Benchmark(
        name="lags" if ours == "coroi_lags" else "news",
        size="customer-months whose score is known",
        ours=ours,
        others={"memory": Other(f"{ours}_memory", "", True, check_agreement), "tenth": Other(ours, "", False)},
        usual=("memory",),
        write=write_money,
        said={"memory": "itself, all rows in memory"},
    )


if __name__ == "__main__":
    news = "--news" in sys.argv
    run_command(
        benchmark_of("coroi_news" if news else "coroi_lags"), __doc__, [a for a in sys.argv[1:] if a != "--news"]
    )
