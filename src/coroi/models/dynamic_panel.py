"""A dynamic panel by difference GMM: what carries over to the next period, and what the metric adds beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from coroi.inference.difference_gmm import GmmFit, fit_differences
from coroi.inference.dynamic_model import (
    DynamicModel,
    DynamicPanel,
    Exogeneity,
    moments_of,
    read_dynamic_panel,
    row_counts,
)
from coroi.inference.dynamic_rows import dynamic_answer, most_influential_check
from coroi.inference.dynamics import dynamics_checks, level_estimates, unchecked
from coroi.inference.first_stage import first_stage
from coroi.inference.linear import Factor
from coroi.inference.ratios import sets_in_words
from coroi.inference.within import sweep
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand="change of the outcome in a period with one unit more of the metric in it, given the outcome before and "
    "all that stays with an entity; the share of the outcome that carries over to the next period; and the long run of "
    "one unit more that stays: the first over one less the second",
    unit="the outcome's unit per unit of the metric; a share for lags of the outcome",
    assumptions=(
        ("errors in levels are not correlated over time", "serial_correlation (m2)"),
        (
            "the metric moves with no error of any period (exogenous), with none that comes later (predetermined), or "
            "with none after its own period (endogenous), as declared",
            "overidentification, in part",
        ),
        ("controls move with no error of any period", "overidentification, in part"),
        ("lagged levels move changes: the outcome is no random walk", "instrument_strength, bounds"),
        ("slopes are alike in all entities", "untestable"),
        ("no entity alone carries the metric's coefficient", "most_influential"),
        ("entities, or the clusters given, are independent but for the effects of periods", "untestable"),
        ("rows are missing for reasons that have nothing to do with errors", "untestable"),
    ),
    reference=(
        "Arellano and Bond (1991), Review of Economic Studies 58:277-297; errors of the second step: Windmeijer "
        "(2005), Journal of Econometrics 126:25-51; instruments collapsed: Roodman (2009), Stata Journal 9:86-136"
    ),
)
LEAST_CLUSTERS = 10


def simulate_dynamic_panel(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    lag: float = 0.5,
    effect: float = 0.3,
    persistence: float = 0.5,
    tilt: float = 0.5,
    feedback: float = 0.3,
    uneven: float = 0.5,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose profit carries over, and whose score follows profit as well as leading it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods of each.
    lag : float
        Share of profit that carries over.
    effect : float
        Profit with one point more of the score in the same period.
    persistence : float
        Share of the score that carries over.
    tilt : float
        By how much entities with one unit more profit of their own score higher.
    feedback : float
        By how much the score rises after a shock of one unit to profit.
    uneven : float
        Standard deviation of the log of the shocks' size over entities.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, profit, score``.
    truth : dict of str to float
        ``profit_lag_1`` and ``score``: the lag and the effect; ``long_run``.
    """
    own, size = rng.normal(size=n), np.exp(rng.normal(scale=uneven, size=n) - uneven**2 / 2)
    common = rng.normal(scale=0.5, size=periods)
    before, score, shock = own / (1 - lag), np.zeros(n), np.zeros(n)
    profit, scores = np.empty((n, periods)), np.empty((n, periods))
    for t in range(-30, periods):  # long enough for the start to be forgotten
        score = persistence * score + tilt * own + feedback * shock + rng.normal(size=n)
        shock = size * rng.normal(size=n)
        before = lag * before + effect * score + own + shock + (common[t] if t >= 0 else 0.0)
        if t >= 0:
            profit[:, t], scores[:, t] = before, score
    entity, period = np.divmod(np.arange(n * periods), periods)
    frame = pd.DataFrame({"entity": entity, "period": period, "profit": profit.ravel(), "score": scores.ravel()})
    return frame, {"profit_lag_1": lag, "score": effect, "long_run": effect / (1 - lag)}


def fit_dynamic_panel(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    lags: int = 1,
    metric_lags: int = 0,
    metric_is: Exogeneity = "predetermined",
    instrument_lags: tuple[int, int | None] = (2, 3),
    collapse: bool = True,
    period_effects: bool = True,
    steps: Literal[1, 2] = 2,
    correct: bool = True,
    factor: Factor = "clusters",
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit the outcome on its own lags and the metric in first differences, lagged levels as instruments.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns in units of their own.
    controls : sequence of str
        Columns taken to be strictly exogenous.
    lags, metric_lags : int
        Lags of the outcome, at least 1, and of the metric beside its value of the period.
    metric_is : str
        ``exogenous``: its changes are instruments; ``predetermined``: its levels from one period before;
        ``endogenous``: from two periods before.
    instrument_lags : (int, int or None)
        First and last lag of the outcome that is an instrument, from 2; ``None`` for all. The metric has as many. Few
        do better than many in short panels.
    collapse : bool
        One instrument a lag, instead of one a lag and period.
    period_effects : bool
        Give each period an effect of its own.
    steps : int
        1: weights for errors that are alike, robust errors; 2: efficient weights from the residuals of the first.
    correct : bool
        Windmeijer's correction of the second step; without it errors are too small.
    factor : str
        Small-sample factor, see :func:`coroi.inference.linear.small_sample_factor`.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of groups of entities that may depend on each other; the entity by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster by its name, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        A term for each lag of the outcome (``profit_lag_1``), the metric (``score``, ``score_lag_1``) and each control,
        with Student's t at clusters less one; and ``long_run``, the sum of the metric's over one less the sum of the
        lags, with Fieller's set as its limits (``set``, ``gap_low``, ``gap_high``), which may be unbounded. Not
        identified: columns that never change within an entity or are made up by others; everything where too few
        periods follow each other, the outcome never moves, clusters are fewer than 10 or no more than the coefficients,
        or instruments are too weak, too few, or too many for two steps; a long run where lags add up to one or more.
        Checks: overidentification, serial_correlation, instrument_count, instrument_strength, bounds, most_influential.
        Tables: ``tests``, ``rows`` (used and left out), ``sets`` (the long run's set in words) and ``beside`` (within
        and pooled least squares, both biased).

    Raises
    ------
    DataError
        If keys repeat or are empty, columns are missing or no numbers, clusters cut through entities, or an option is
        out of range.

    Notes
    -----
    Differences and lags never cross a gap. Assumptions: see ``INFO``. Missing levels are zeros among the instruments,
    as is usual, so that in panels with missing rows the estimates hang on where the outcome's zero is.
    """
    model = DynamicModel(
        outcome=outcome, metric=metric, controls=tuple(controls), lags=lags, metric_lags=metric_lags,
        metric_is=metric_is, instrument_lags=instrument_lags, collapse=collapse, period_effects=period_effects,
        steps=steps, correct=correct, factor=factor,
    )  # fmt: skip
    panel = read_dynamic_panel(data, model, entity=entity, period=period, cluster=cluster)
    fit, reasons, strength = _fit(panel, model)
    answer = dynamic_answer(panel, model, fit, reasons, level)
    estimates = pd.DataFrame(answer.rows)
    tables = {"rows": row_counts(panel), "sets": sets_in_words(answer.rows[-1:], ["term"])}
    checks = unchecked(reasons[0])
    if fit is not None and answer.vcov is not None:
        tables |= {"tests": fit.tests.table(), "beside": _beside(panel, model, estimates)}
        checks = _checks(fit, model, strength, tables["beside"], answer.vcov)
        checks += most_influential_check(panel, model, fit, answer)
    return Result(
        method="dynamic_panel",
        estimand=INFO.estimand,
        spec=model.spec()
        | {"level": level, "errors": f"clustered by {cluster or entity}, Student's t with clusters less one"},
        estimates=estimates,
        vcov=answer.vcov,
        influence=answer.influence if keep_influence else None,
        n_obs=len(panel.equations.row),
        n_entities=len(np.unique(panel.equations.entity)),
        checks=checks,
        tables=tables,
    )


def _fit(panel: DynamicPanel, model: DynamicModel) -> tuple[GmmFit | None, list[str], dict[str, tuple[float, int]]]:
    """Return the fit, why each term is not in it, and how strong the instruments are."""
    names = model.names
    why = _hindrance(panel, model)
    if why:
        return None, [why] * len(names), {}
    moments, excluded = moments_of(panel, model)
    n_effects = moments.design.shape[1] - len(names)
    needed = np.arange(moments.design.shape[1]) < n_effects + model.lags
    needed[:n_effects] = False
    fit, collinear, why = fit_differences(moments, needed, steps=model.steps, correct=model.correct)
    if fit is None:
        return None, [why] * len(names), {}
    reasons = [
        _why_left_out(change) if out else ""
        for change, out in zip(moments.design[:, n_effects:].T, collinear[n_effects:], strict=True)
    ]
    strength = {
        name: first_stage(moments, moments.design[:, n_effects + i], excluded)
        for i, (name, (column, lag)) in enumerate(zip(names, model.terms, strict=True))
        if column in model.instrumented and lag == (column == model.outcome) and not reasons[i]
    }
    return fit, reasons, strength


def _hindrance(panel: DynamicPanel, model: DynamicModel) -> str:
    """Say what the panel lacks for any fit; empty where it lacks nothing."""
    equations, n_clusters = panel.equations, len(panel.cluster_names)
    if not len(equations.row):
        return f"no entity has {max(model.lags, model.metric_lags) + 2} periods in a row with all that is needed"
    if n_clusters == 1:
        return "there is but one entity or cluster"
    if n_clusters < LEAST_CLUSTERS:
        return f"{n_clusters} clusters are too few: it takes {LEAST_CLUSTERS}"
    if not equations.outcome.any():
        return "the outcome never changes within an entity"
    when = np.unique(equations.period, return_inverse=True)[1]
    alike = sweep(equations.outcome[:, None], when, when, effects="period").values
    return "" if alike.any() or not model.period_effects else "the outcome moves alike in all entities"


def _why_left_out(change: np.ndarray) -> str:
    return "it moves with periods or other columns alone" if change.any() else "it never changes within an entity"


def _beside(panel: DynamicPanel, model: DynamicModel, estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates beside those of least squares in levels."""
    within, pooled = level_estimates(
        panel.values[model.outcome], panel.levels, panel.rows.entity, panel.rows.period,
        period_effects=model.period_effects,
    )  # fmt: skip
    gmm = estimates["estimate"].to_numpy()[: len(model.names)]
    return pd.DataFrame({"term": model.names, "within": within, "gmm": gmm, "pooled": pooled})


def _checks(
    fit: GmmFit, model: DynamicModel, strength: dict[str, tuple[float, int]], beside: pd.DataFrame, vcov: pd.DataFrame
) -> tuple[Check, ...]:
    own = beside.iloc[: model.lags]
    error = float(np.sqrt(vcov.iloc[: model.lags, : model.lags].to_numpy().sum()))
    sums = own[["gmm", "within", "pooled"]].sum(skipna=False)
    return dynamics_checks(fit.tests, strength, (sums["gmm"], error), (sums["within"], sums["pooled"]))
