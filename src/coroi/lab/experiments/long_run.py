"""The long run of a metric where the outcome remembers: Fieller's set beside the delta method's interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, found_in
from coroi.models.ardl import fit_ardl, simulate_ardl

WEIGHTS = (0.4, 0.2)


@dataclass(frozen=True, slots=True)
class Design:
    """What is drawn: how many entities and periods, and how much of the outcome is left a period later."""

    name: str
    n: int
    periods: int
    memory: float

    @property
    def truth(self) -> float:
        """Where one point of the metric more that stays leads the outcome."""
        return sum(WEIGHTS) / (1 - self.memory)

    @property
    def words(self) -> str:
        """Say who is drawn."""
        who = f"a series of {self.periods}" if self.n == 1 else f"{self.n} entities with {self.periods}"
        return f"{who} periods, {self.memory:g} of the outcome left a period later"


DESIGNS = (
    Design("series, 0.6", 1, 240, 0.6),
    Design("series, 0.95", 1, 240, 0.95),
    Design("panel, 0.6", 60, 36, 0.6),
    Design("panel, 0.95", 60, 36, 0.95),
)
_LIMITS = {"fieller": "Fieller's set", "delta": "the delta method's interval, for comparison"}


def fit_design(rng: np.random.Generator, design: Design) -> Findings:
    """Draw a design and fit it: a series with independent errors, a panel with period effects and errors by entity."""
    data, _ = simulate_ardl(rng, n=design.n, periods=design.periods, memory=(design.memory,), weights=WEIGHTS)
    if design.n == 1:
        rows = fit_ardl(data, outcome="outcome", metric="metric", effects="none", errors="classical").estimates
    else:
        rows = fit_ardl(data, outcome="outcome", metric="metric", effects="period").estimates
    told = rows[rows["term"] == "long_run"].set_index("interval")
    return {f"{limits}[{design.name}]": found_in(told.loc[limits]) for limits in _LIMITS}


def _own_fit(rng: np.random.Generator) -> Findings:
    return {name: found for design in DESIGNS for name, found in fit_design(rng, design).items()}


def _own_truth() -> Mapping[str, float]:
    return {f"{limits}[{design.name}]": design.truth for design in DESIGNS for limits in _LIMITS}


LONG_RUN = Experiment(
    name="long_run",
    method=(
        "outcome on its own past and a metric's; a series with independent errors, a panel with period effects and "
        "errors by entity"
    ),
    estimands=tuple(
        Estimand(
            name=f"{limits}[{design.name}]",
            words=f"long-run effect of one point more that stays: {design.words}; {said}",
            headline=limits == "fieller",
        )
        for design in DESIGNS
        for limits, said in _LIMITS.items()
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
