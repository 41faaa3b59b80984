"""What a dynamic panel answers with: coefficients, the long run of the metric, and the entity that moves it most."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.difference_gmm import GmmFit, fit_differences
from coroi.inference.dynamic_model import DynamicModel, DynamicPanel
from coroi.inference.estimates import known, unknown
from coroi.inference.leverage import influence_check, shifts_without
from coroi.inference.linear import small_sample_factor
from coroi.inference.ratios import ratio_row, with_set
from coroi.inference.shares import width_of
from coroi.results import Check

LONG_RUN = "long_run"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DynamicAnswer:
    """The rows of the answer.

    Parameters
    ----------
    rows : list of dict
        ``term, lag`` and the columns of an estimate: each coefficient, then the long run of the metric.
    vcov : pandas.DataFrame or None
        Of the coefficients.
    influence : pandas.DataFrame or None
        Of each cluster on them.
    """

    rows: list[dict]
    vcov: pd.DataFrame | None
    influence: pd.DataFrame | None


def dynamic_answer(
    panel: DynamicPanel, model: DynamicModel, fit: GmmFit | None, reasons: list[str], level: float
) -> DynamicAnswer:
    """Return the rows of the answer, the coefficients' covariance and each cluster's influence on them.

    Parameters
    ----------
    panel : DynamicPanel
    model : DynamicModel
    fit : GmmFit or None
    reasons : list of str
        Why each regressor is not in the fit; empty where it is.
    level : float
        Of the intervals.

    Notes
    -----
    The long run is the sum of the metric's coefficients over one less the sum of the outcome's lags, and its limits are
    Fieller's set: the delta method fails where little of the outcome fades. See :func:`coroi.inference.ratios.fieller`.
    """
    keys = [{"term": name, "lag": lag} for name, (_, lag) in zip(model.names, model.terms, strict=True)]
    last = {"term": LONG_RUN, "lag": np.nan}
    if fit is None:
        rows = [key | with_set(unknown(why)) for key, why in zip(keys, reasons, strict=True)]
        return DynamicAnswer(rows=[*rows, last | with_set(unknown(reasons[0]))], vcov=None, influence=None)
    names = [name for name, why in zip(model.names, reasons, strict=True) if not why]
    coef, moved = fit.step.coef[-len(names) :], fit.step.influence[:, -len(names) :]
    scale = small_sample_factor(model.factor, len(moved), *fit.moments.design.shape)
    covariance, width = scale * moved.T @ moved, width_of(level, len(moved))
    errors = np.sqrt(np.diag(covariance))
    found = iter(zip(coef, errors, coef - width * errors, coef + width * errors, strict=True))
    rows = [
        key | with_set(unknown(why) if why else known(*next(found))) for key, why in zip(keys, reasons, strict=True)
    ]
    rows.append(last | _long_run(model, reasons, coef, covariance, width))
    return DynamicAnswer(
        rows=rows,
        vcov=pd.DataFrame(covariance, index=names, columns=names),
        influence=pd.DataFrame(moved, index=panel.cluster_names, columns=names),
    )


def most_influential_check(
    panel: DynamicPanel, model: DynamicModel, fit: GmmFit, answer: DynamicAnswer
) -> tuple[Check, ...]:
    """Say how far the metric's coefficient is off without the entity that moves it most; nothing where it has none.

    Parameters
    ----------
    panel : DynamicPanel
    model : DynamicModel
    fit : GmmFit
    answer : DynamicAnswer
    """
    if answer.vcov is None or model.metric not in answer.vcov:
        return ()
    moments, step = fit.moments, fit.step
    at = moments.design.shape[1] - len(answer.vcov) + answer.vcov.columns.get_loc(model.metric)
    entity = np.unique(moments.entity, return_inverse=True)[1]
    weighed = np.asarray(moments.instruments @ (step.weight @ np.asarray(moments.instruments.T @ moments.design)))
    shift = shifts_without(weighed, moments.design, step.residual, entity)[:, at]
    rest = np.flatnonzero(entity != int(np.argmax(np.abs(shift))))
    cut = replace(
        moments,
        outcome=moments.outcome[rest],
        design=moments.design[rest],
        instruments=moments.instruments[rest],
        entity=moments.entity[rest],
        period=moments.period[rest],
        cluster=np.unique(moments.cluster[rest], return_inverse=True)[1],
    )
    needed = np.arange(moments.design.shape[1]) == at
    other, _, _ = fit_differences(cut, needed, steps=model.steps, correct=model.correct)
    without = np.nan if other is None else other.step.coef[int(other.kept[:at].sum())]
    error = float(np.sqrt(answer.vcov.loc[model.metric, model.metric]))
    what = f"the coefficient of '{model.metric}'"
    return (influence_check(float(step.coef[at]), error, float(without), what=what),)


def _long_run(
    model: DynamicModel, reasons: list[str], coef: np.ndarray, covariance: np.ndarray, width: float
) -> dict[str, object]:
    each = list(zip(model.terms, reasons, strict=True))
    kept = [name for (name, _), why in each if not why]
    lacking = next((why for (name, _), why in each if why and name == model.metric), "")
    if lacking:
        return with_set(unknown(f"of the metric, {lacking}"))
    slopes = np.array([[float(name == model.metric), -float(name == model.outcome)] for name in kept]).T
    total, left = float(slopes[0] @ coef), float(1 + slopes[1] @ coef)
    if left <= 0:
        said = f"the outcome's own lags add up to {1 - left:.3g}: at one or more there is no long run"
        return with_set(unknown(said))
    return ratio_row(total, left, slopes @ covariance @ slopes.T, width)
