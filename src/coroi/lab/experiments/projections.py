"""Projections of the outcome on the metric, horizon by horizon, early and late, with and without half panels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.local_projections import fit_local_projections, simulate_local_projections

PATH, PERSISTENCE = (-0.5, -0.2, 0.1, 0.4, 0.5), 0.5
ENTITIES, PERIODS, EARLY = 100, 24, 2
_LAST = len(PATH) - 1
_NAMES = {"halved": "half panels", "plain": "no correction, for comparison"}


def _own_fit(rng: np.random.Generator) -> Findings:
    data, _ = simulate_local_projections(
        rng, n=ENTITIES, periods=PERIODS, path=PATH, persistence=PERSISTENCE, noise=2.0
    )
    found: dict[str, Found] = {}
    for name in _NAMES:
        rows = fit_local_projections(
            data, outcome="outcome", metric="metric", horizons=_LAST, lags=1, early=EARLY, jackknife=name == "halved"
        ).estimates
        told = rows[rows["term"] == "response"].set_index("horizon")
        found |= {f"{name}[{h}]": found_in(told.loc[h]) for h in range(_LAST + 1)}
        if name == "halved":
            found |= {term: found_in(rows[rows["term"] == term].iloc[0]) for term in ("early", "late", "crossover")}
    return found


def _own_truth() -> Mapping[str, float]:
    path = [sum(PATH[j] * PERSISTENCE ** (h - j) for j in range(h + 1)) for h in range(_LAST + 1)]
    below = [h for h, value in enumerate(path) if value < 0]
    truth = {f"{name}[{h}]": value for name in _NAMES for h, value in enumerate(path)}
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
                headline=name == "halved",
            )
            for name, said in _NAMES.items()
            for h in range(_LAST + 1)
        ),
        Estimand(name="early", words=f"mean response a period, horizons 0 to {EARLY - 1}; half panels", headline=True),
        Estimand(name="late", words=f"mean response a period, horizons {EARLY} to {_LAST}; half panels", headline=True),
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
