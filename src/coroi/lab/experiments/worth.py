"""What a point is worth, as the study `profit` estimates it: it pays, it does not, the arrow runs back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.local_projections import fit_local_projections
from coroi.models.long_differences import fit_long_differences, simulate_long_differences

ENTITIES, LENGTHS, LAST, LEAVING = 200, (12, 24), 3, 0.02
PATH, CONFOUNDING, FEEDBACK = (-0.3, 0.4, 0.2), 0.8, 0.3
WORLDS: dict[str, dict] = {
    "baseline": {"path": PATH},
    "null": {"path": (0.0,)},
    "reverse": {"path": (0.0,), "feedback": FEEDBACK},
    "confounded": {"path": (0.0,), "confounding": CONFOUNDING},
    "persistent": {"path": PATH, "persistence": 0.9},
}
_WORDS = {
    "baseline": "a point costs first and pays later",
    "null": "a point adds nothing",
    "reverse": f"a point adds nothing, and {FEEDBACK} of money above its level runs on to the metric",
    "confounded": "a point adds nothing, and entities with more money have a higher metric",
    "persistent": "a point costs first and pays later, and nine tenths of it are left a period later",
}
_CHANGES, _SHORT = "changes", LENGTHS[0]


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for world, drawn in WORLDS.items():
        for periods in LENGTHS:
            data, _ = simulate_long_differences(
                rng, n=ENTITIES, periods=periods, horizons=LAST, leaving=LEAVING, **drawn
            )
            found |= read_world(data, world, periods)
    return found


def read_world(data: pd.DataFrame, world: str, periods: int) -> dict[str, Found]:
    """Fit the study's estimator to one draw, with changes on changes beside it in short panels."""
    fit = fit_long_differences(data, outcome="outcome", metric="metric", horizons=LAST, gone="gone", since=periods // 2)
    rows = fit.estimates
    found = {_name("total", world, periods): found_in(rows[rows["term"] == "total"].iloc[0])}
    told = rows[rows["term"] == "response"].set_index("horizon")
    found |= {_name(f"response[{h}]", world, periods): found_in(told.loc[h]) for h in range(LAST + 1)}
    return found | ({_name(_CHANGES, world, periods): _on_changes(data)} if periods == _SHORT else {})


def _on_changes(data: pd.DataFrame) -> Found:
    """Regress changes on changes with two more of both held, and add the horizons up."""
    from scipy import stats

    change = data["outcome"] - data.groupby("entity")["outcome"].shift()
    result = fit_local_projections(
        data.assign(change=change),
        outcome="change",
        metric="metric",
        horizons=LAST,
        lags=2,
        cumulative=True,
        change=True,
        effects="period",
    )
    path = result.estimates.loc[result.estimates["term"] == "response", "estimate"].to_numpy(float)
    assert result.vcov is not None
    error = float(np.sqrt(result.vcov.to_numpy().sum()))
    half = float(stats.t.ppf(0.975, result.tables["band"]["df"].iloc[0])) * error
    return Found(estimate=float(path.sum()), low=float(path.sum()) - half, high=float(path.sum()) + half)


def _name(term: str, world: str, periods: int) -> str:
    return f"{term}[{world}, {periods}]"


def _truth(path: tuple[float, ...], persistence: float) -> list[float]:
    """Return what is left of who is there times what a fading point adds, period by period."""
    effect = [sum(path[j] * persistence ** (h - j) for j in range(min(h + 1, len(path)))) for h in range(LAST + 1)]
    return [(1 - LEAVING) ** h * each for h, each in enumerate(effect)]


def _own_truth() -> Mapping[str, float]:
    return {name: value for name, _, _, value in _each()}


def _each() -> Iterator[tuple[str, str, bool, float]]:
    """Yield each estimand: its name, its words, whether a study answers with it, and its true value."""
    for world, drawn in WORLDS.items():
        path = _truth(drawn["path"], drawn.get("persistence", 0.5))
        for periods in LENGTHS:
            said = f"{_WORDS[world]}; {periods} periods"
            yield _name("total", world, periods), f"money over {LAST + 1} periods, {said}", True, sum(path)
            for h, value in enumerate(path):
                yield _name(f"response[{h}]", world, periods), f"money {h} periods later, {said}", True, value
        words = f"money over {LAST + 1} periods from changes on changes, for comparison, {_WORDS[world]}"
        yield _name(_CHANGES, world, _SHORT), f"{words}; {_SHORT} periods", False, sum(path)


WORTH = Experiment(
    name="worth",
    method=f"money after what is new in the metric, 1 lag of both held, {ENTITIES} entities fixed in the middle, "
    f"{LEAVING:.0%} leave in each later period, errors by entity",
    estimands=tuple(
        Estimand(name=name, words=words, headline=headline, zero_in=(OWN,) if value == 0 else ())
        for name, words, headline, value in _each()
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
