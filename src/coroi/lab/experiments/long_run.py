"""The long run of a metric where the outcome remembers: Fieller's set beside the delta method's interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.ardl import fit_ardl, simulate_ardl

PERIODS, WEIGHTS = 240, (0.4, 0.2)
MEMORIES = {"0.6": 0.6, "0.95": 0.95}
_LIMITS = {"fieller": "Fieller's set", "delta": "the delta method's interval, for comparison"}


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for name, memory in MEMORIES.items():
        data, _ = simulate_ardl(rng, n=1, periods=PERIODS, memory=(memory,), weights=WEIGHTS)
        rows = fit_ardl(data, outcome="outcome", metric="metric", effects="none", errors="classical").estimates
        told = rows[rows["term"] == "long_run"].set_index("interval")
        found |= {f"{limits}[{name}]": found_in(told.loc[limits]) for limits in _LIMITS}
    return found


def _own_truth() -> Mapping[str, float]:
    return {f"{limits}[{name}]": sum(WEIGHTS) / (1 - memory) for name, memory in MEMORIES.items() for limits in _LIMITS}


def _no_company(*_: Any) -> NoReturn:
    raise NotImplementedError("the long run is tried in its own world alone")


LONG_RUN = Experiment(
    name="long_run",
    method=f"one series of {PERIODS} periods on its own past and a metric's, least squares with independent errors",
    estimands=tuple(
        Estimand(
            name=f"{limits}[{name}]",
            words=f"long-run effect of one point more that stays, where {name} of the outcome is left a period later; "
            f"{said}",
            headline=limits == "fieller",
        )
        for name in MEMORIES
        for limits, said in _LIMITS.items()
    ),
    scenarios=(OWN,),
    fit=_no_company,
    reduce=_no_company,
    pool=_no_company,
    own_fit=_own_fit,
    own_truth=_own_truth,
)
