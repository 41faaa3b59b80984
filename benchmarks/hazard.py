"""The hazard with clustered errors beside pyfixest, statsmodels, a grouping query, and itself on a tenth."""

from __future__ import annotations

from benchmarks.beside import Benchmark, Other, run_command
from benchmarks.data import write_panel
from benchmarks.measure import check_agreement

OURS = "coroi_hazard"
OTHERS = {
    "statsmodels": Other("statsmodels", "50 times faster at a million rows", True, check_agreement),
    "pyfixest": Other("pyfixest", "10 times faster at a million rows", True, check_agreement),
    "grouping": Other("grouping", "within 12 times at 10 million rows", False),
    "tenth": Other(OURS, "10 times its time from 10 to 100 million rows", False),
}
HAZARD = Benchmark(
    name="hazard",
    size="customer-months at risk",
    ours=OURS,
    others=OTHERS,
    usual=("statsmodels", "pyfixest", "grouping"),
    write=write_panel,
    said={},
)

if __name__ == "__main__":
    run_command(HAZARD, __doc__)
