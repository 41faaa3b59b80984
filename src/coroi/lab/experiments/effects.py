"""What a point of the metric goes with within the same entities: where that is sound, and where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from coroi.inference.effects import Estimator
from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.lab.months import ANSWER, Months
from coroi.models.fixed_effects import fit_fixed_effects, simulate_fixed_effects

OWN_ENTITIES, OWN_PERIODS, OWN_SLOPE = 200, 12, 0.5
CONFOUNDING, REVERSE = 0.8, 0.5
_WITHOUT_EFFECT = ("null", "confounded")


def _estimates(frame: pd.DataFrame, estimators: Sequence[Estimator]) -> dict[str, Found]:
    rows = fit_fixed_effects(frame, outcome="outcome", metric="metric", estimators=estimators).estimates
    told = rows[rows["errors"] == "cluster"]
    return {str(row["estimator"]): found_in(row) for _, row in told.iterrows()}


def _draw(rng: np.random.Generator, *, confounding: float = 0.0, reverse: float = 0.0) -> pd.DataFrame:
    how = {"confounding": confounding, "reverse": reverse, "attrition": 0.02}
    return simulate_fixed_effects(rng, n=OWN_ENTITIES, periods=OWN_PERIODS, slope=OWN_SLOPE, **how)[0]


def _own_fit(rng: np.random.Generator) -> Findings:
    clean, confounded, backwards = _draw(rng), _draw(rng, confounding=CONFOUNDING), _draw(rng, reverse=REVERSE)
    beside = _estimates(confounded, ("two_way", "between", "pooled"))
    return {
        "clean": _estimates(clean, ("two_way",))["two_way"],
        "confounded": beside["two_way"],
        "confounded_between": beside["between"],
        "confounded_pooled": beside["pooled"],
        "reverse": _estimates(backwards, ("two_way",))["two_way"],
    }


def customer_months(months: Months) -> pd.DataFrame:
    """Return the months at risk of customers with an answer that counts: ``entity, period, metric, outcome``."""
    who, when = np.nonzero(months.at_risk & (months.state == ANSWER))
    columns = {"entity": who, "period": when, "metric": months.score[who, when], "outcome": months.revenue[who, when]}
    return pd.DataFrame(columns)


def _company_fit(months: Months) -> Findings:
    found = _estimates(customer_months(months), ("two_way", "between", "pooled"))
    return {"within": found["two_way"], "between": found["between"], "pooled": found["pooled"]}


def _no_effect(parts: Sequence[Any]) -> Mapping[str, float]:
    """Return what satisfaction does to revenue where it does nothing by design."""
    return dict.fromkeys(("within", "between", "pooled"), 0.0)


_OF = "outcome in a period that one point of the metric goes with"
_OWN = (
    Estimand(name="clean", words=f"{_OF}, within entities, levels unrelated to the metric", headline=True),
    Estimand(name="confounded", words=f"{_OF}, within entities whose level goes with the metric", headline=True),
    Estimand(name="confounded_between", words="the same entities, means of entities: a naive figure"),
    Estimand(name="confounded_pooled", words="the same entities, all rows alike: a naive figure"),
    Estimand(name="reverse", words=f"{_OF}, within entities whose past outcome drives the metric: not sound there"),
)
EFFECTS = Experiment(
    name="effects",
    method="fixed effects of entities and periods, beside means of entities and all rows alike; errors by entity",
    estimands=_OWN,
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=lambda: {each.name: OWN_SLOPE for each in _OWN},
)
SPENDING = Experiment(
    name="spending",
    method="the same, revenue of a customer's month at risk on the last score before it, where scores move nothing",
    estimands=tuple(
        Estimand(
            name=name,
            words=f"revenue in EUR of a month that one point of NPS goes with, {words}; the effect is zero",
            zero_in=_WITHOUT_EFFECT,
        )
        for name, words in (
            ("within", "within customers"),
            ("between", "between customers"),
            ("pooled", "in all months alike"),
        )
    ),
    scenarios=_WITHOUT_EFFECT,
    fit=_company_fit,
    reduce=lambda months: None,
    pool=_no_effect,
)
