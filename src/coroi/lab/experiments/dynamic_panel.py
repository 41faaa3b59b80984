"""The dynamic panel: its lag and its effect in short panels, with few instruments and with all, corrected and not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.dynamic_panel import fit_dynamic_panel, simulate_dynamic_panel

OWN_ENTITIES, OWN_PERIODS, OWN_LAG, OWN_EFFECT = 200, 8, 0.5, 0.3
EVEN, UNEVEN = 0.3, 0.5  # standard deviation, over entities, of the log of the shocks' size
_TERMS = {"lag": "profit_lag_1", "effect": "score", "long_run": "long_run"}
_TRUTH = {"lag": OWN_LAG, "effect": OWN_EFFECT, "long_run": OWN_EFFECT / (1 - OWN_LAG)}
_WORDS = {
    "lag": "share of profit that carries over to the next period",
    "effect": "profit with one point more of a score that follows profit, in the same period",
    "long_run": "profit with one point more of the score that stays, in the long run, by Fieller's set",
}


def _own_fit(rng: np.random.Generator) -> Findings:
    even, uneven = (
        simulate_dynamic_panel(rng, n=OWN_ENTITIES, periods=OWN_PERIODS, lag=OWN_LAG, effect=OWN_EFFECT, uneven=spread)[
            0
        ]
        for spread in (EVEN, UNEVEN)
    )
    return (
        _read(even, "")
        | _read(even, "[uncorrected]", correct=False)
        | _read(uneven, "[uneven]")
        | _read(even, "[all lags]", many=True)
        | _read(even, "[all lags, uncorrected]", correct=False, many=True)
    )


def _read(data: pd.DataFrame, which: str, *, correct: bool = True, many: bool = False) -> dict[str, Found]:
    lags = (2, None) if many else (2, 3)
    result = fit_dynamic_panel(
        data, outcome="profit", metric="score", collapse=not many, instrument_lags=lags, correct=correct
    )
    rows = result.estimates.set_index("term")
    return {f"{name}{which}": found_in(rows.loc[term]) for name, term in _TERMS.items()}


def _own_truth() -> Mapping[str, float]:
    return {each.name: _TRUTH[each.name.partition("[")[0]] for each in DYNAMIC_PANEL.estimands}


DYNAMIC_PANEL = Experiment(
    name="dynamic_panel",
    method=f"difference GMM in two steps on {OWN_ENTITIES} entities and {OWN_PERIODS} periods; lags 2 and 3 collapsed, "
    "with Windmeijer's correction, where nothing else is said",
    estimands=tuple(
        Estimand(name=f"{name}{which}", words=f"{_WORDS[name]}{words}", headline=not which)
        for which, words in (
            ("", ""),
            ("[uncorrected]", "; errors as if the weights of the second step were known, for comparison"),
            ("[uneven]", "; shocks of very different size from entity to entity"),
            ("[all lags]", "; one instrument for every lag and period, for comparison"),
            ("[all lags, uncorrected]", "; both, for comparison"),
        )
        for name in _TERMS
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
