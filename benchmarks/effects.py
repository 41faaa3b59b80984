"""Fixed effects with clustered errors beside pyfixest, linearmodels, and itself on a tenth."""

from __future__ import annotations

from benchmarks.beside import Benchmark, Other, run_command
from benchmarks.data import write_money
from benchmarks.measure import check_agreement

OURS = "coroi_effects"
OTHERS = {
    "pyfixest": Other(
        "pyfixest_effects", "level at 1 million rows, 5 times faster at 10 million", True, check_agreement
    ),
    "linearmodels": Other("linearmodels_effects", "", True, check_agreement),
    "tenth": Other(OURS, "", False),
    "all": Other("coroi_effects_all", "", False, check_agreement),
}
EFFECTS = Benchmark(
    name="effects",
    size="customer-months whose score is known",
    ours=OURS,
    others=OTHERS,
    usual=("pyfixest", "linearmodels"),
    write=write_money,
    said={"all": "itself with between, entity and pooled estimates"},
)

if __name__ == "__main__":
    run_command(EFFECTS, __doc__)
