"""Projections of the outcome on the metric, horizon by horizon, early and late, with and without the correction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.local_projections import fit_local_projections, simulate_local_projections

PATH, PERSISTENCE = (-0.5, -0.2, 0.1, 0.4, 0.5), 0.5
ENTITIES, PERIODS, EARLY = 100, 24, 2
SHORT = 12
"""Periods of the short panels, in which entities have rows enough up to the horizon before the last."""

_LAST = len(PATH) - 1
_NAMES = {"corrected": "the bias of levels swept out", "plain": "that bias left in, for comparison"}


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    data = _draw(rng, PERIODS)
    for name in _NAMES:
        rows = _fit(data, correct=name == "corrected")
        told = rows[rows["term"] == "response"].set_index("horizon")
        found |= {f"{name}[{h}]": found_in(told.loc[h]) for h in range(_LAST + 1)}
        if name == "corrected":
            found |= {term: found_in(rows[rows["term"] == term].iloc[0]) for term in ("early", "late", "crossover")}
    rows = _fit(_draw(rng, SHORT), correct=True)
    told = rows[rows["term"] == "response"].set_index("horizon")
    return found | {f"corrected[{h}, {SHORT}]": found_in(told.loc[h]) for h in range(_LAST)}


def _draw(rng: np.random.Generator, periods: int) -> pd.DataFrame:
    return simulate_local_projections(rng, n=ENTITIES, periods=periods, path=PATH, persistence=PERSISTENCE, noise=2.0)[
        0
    ]


def _fit(data: pd.DataFrame, *, correct: bool) -> pd.DataFrame:
    return fit_local_projections(
        data, outcome="outcome", metric="metric", horizons=_LAST, lags=1, early=EARLY, correct=correct
    ).estimates


def _own_truth() -> Mapping[str, float]:
    path = [sum(PATH[j] * PERSISTENCE ** (h - j) for j in range(h + 1)) for h in range(_LAST + 1)]
    below = [h for h, value in enumerate(path) if value < 0]
    truth = {f"{name}[{h}]": value for name in _NAMES for h, value in enumerate(path)}
    truth |= {f"corrected[{h}, {SHORT}]": value for h, value in enumerate(path[:-1])}
    means = {"early": float(np.mean(path[:EARLY])), "late": float(np.mean(path[EARLY:]))}
    return truth | means | {"crossover": float(below[-1] + 1)}


PROJECTIONS = Experiment(
    name="projections",
    method=f"the outcome up to {_LAST} periods later on the metric now, one lag of both held, {ENTITIES} entities over "
    f"{PERIODS} periods, entity and period effects, errors by entity",
    estimands=(
        *(
            Estimand(
                name=f"{name}[{h}]",
                words=f"response of the outcome {h} periods later to one point beyond what the past foretells; {said}",
                headline=name == "corrected",
            )
            for name, said in _NAMES.items()
            for h in range(_LAST + 1)
        ),
        *(
            Estimand(
                name=f"corrected[{h}, {SHORT}]",
                words=f"the same {h} periods later, in panels of {SHORT} periods; {_NAMES['corrected']}",
            )
            for h in range(_LAST)
        ),
        Estimand(name="early", words=f"mean response a period, horizons 0 to {EARLY - 1}; corrected", headline=True),
        Estimand(name="late", words=f"mean response a period, horizons {EARLY} to {_LAST}; corrected", headline=True),
        Estimand(
            name="crossover",
            words="horizon from which the response is no longer below zero; the band projected, so that coverage is at "
            "least nominal",
            contrast=False,
        ),
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
