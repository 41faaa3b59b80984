"""Which way the arrow runs: the outcome on the metric's past, the metric on the outcome's past, and a placebo lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.estimates import unknown
from coroi.inference.feedback import fit_feedback
from coroi.inference.influence import influence_covariance, influence_row, zero_test
from coroi.inference.lead import lead_coefficient
from coroi.inference.panels import PanelRows, cluster_codes, read_panel
from coroi.inference.past_runs import Runs, past_runs
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "what a point of the metric adds to the outcome of the next periods, the past of both held, and the reverse; "
        "and what the next period's metric goes with in the outcome, past and present held"
    ),
    unit="outcome per point of the metric; the reverse: points per unit of the outcome",
    assumptions=(
        ("what moves outcome or metric anew is not foretold by the past beyond the lags held", "memory"),
        ("all entities answer to the past alike", "untestable"),
        ("nothing else moves the metric first and the outcome later", "untestable"),
        ("shocks shared by entities are those of the period", "untestable"),
        ("entities are many; their periods may be few", "refused below 10 clusters, or 10 runs of 5 rows"),
    ),
    reference=(
        "Granger (1969), Econometrica 37:424-438; Holtz-Eakin, Newey and Rosen (1988), Econometrica 56:1371-1395; the "
        "lead: Sims (1972), American Economic Review 62:540-552; small-T bias: Dhaene and Jochmans (2016), Economics "
        "Letters 145:98-103"
    ),
)
LEAST_CLUSTERS = 10
LEAST_ROWS = 5
"""Rows in a run, each with its past, from which false alarms were held at 5 % in simulation."""
TERMS = ("forward", "reverse", "placebo_lead")


def simulate_direction(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    forward: float = 0.0,
    reverse: float = 0.0,
    own: tuple[float, float] = (0.5, 0.8),
    together: float = 0.3,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome and metric may each follow the other's past.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods of each.
    forward, reverse : float
        What a unit of last period's metric adds to the outcome, and of last period's outcome to the metric.
    own : (float, float)
        Persistence of the outcome and of the metric.
    together : float
        Correlation of what moves both anew in one period.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, outcome, metric``.
    truth : dict of str to float
        ``forward``, ``reverse`` and ``placebo_lead``.
    """
    level = rng.normal(size=(n, 2))
    now = level + rng.normal(size=(n, 2))
    seen = np.empty((n, periods, 2))
    for t in range(-40, periods):
        new = rng.normal(size=(n, 2))
        new[:, 1] = together * new[:, 0] + np.sqrt(1 - together**2) * new[:, 1]
        outcome = level[:, 0] + own[0] * now[:, 0] + forward * now[:, 1] + new[:, 0]
        metric = 0.3 * level[:, 1] + own[1] * now[:, 1] + reverse * now[:, 0] + new[:, 1]
        now = np.stack([outcome, metric], axis=1) + 0.2 * np.cos(t)
        if t >= 0:
            seen[:, t] = now
    frame = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(periods), n),
            "outcome": seen[:, :, 0].ravel(),
            "metric": seen[:, :, 1].ravel(),
        }
    )
    left = 1 - together**2
    return frame, {
        "forward": forward,
        "reverse": reverse,
        "placebo_lead": reverse * left / (reverse**2 * left + 1),
    }


def fit_direction(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    lags: int = 1,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit outcome and metric on each other's past, entity and period effects swept out, the small-T bias taken out.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns.
    controls : sequence of str
        Columns whose past is held too; they may follow the past of outcome and metric themselves.
    lags : int
        Periods of past that are held, from 1.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of groups of entities whose errors may depend on each other; the entity by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster, shape (n_clusters, 3).

    Returns
    -------
    Result
        ``forward`` (summed over lags), ``reverse`` and ``placebo_lead`` by ``estimator``: ``corrected``, and the first
        two ``within``, which are biased in short panels and stand beside for comparison. Tables: ``tests`` (Wald tests
        of each arrow), ``lags`` (each lag's coefficient), ``rows``. Check ``memory``: whether one lag more adds
        something. Not identified: fewer than 10 clusters, fewer than 10 entities with five periods in a row beside
        those of the past, a column that does not vary within entities or is made up of others.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, an entity has several clusters, or `lags` is below 1.

    Notes
    -----
    A vector autoregression by :func:`coroi.inference.feedback.fit_feedback`, whose errors stand for any number of
    periods; a gap ends a run of rows and the past never crosses it. The lead is the coefficient of the next period's
    metric in a regression of the outcome on it, the metric and the controls of this period, and the past of all; it
    follows from the autoregression, so that it carries no evidence beyond the reverse arrow's but tells it in the
    outcome's unit, to be laid beside the forward one. Intervals use t with one degree of freedom less than there are
    clusters. Where six periods hardly tell a column's persistence, they are wider than they need to be: their errors
    divide by the slope of the equations at the estimate, which is then close to zero and is itself estimated.
    Assumptions: see ``INFO``.
    """
    if lags < 1:
        raise DataError(f"the direction needs at least one lag, and {lags} were asked for.")
    names = list(dict.fromkeys((outcome, metric, *controls)))
    panel = read_panel(data, [*names, *([cluster] if cluster else [])], entity=entity, period=period)
    groups, labels = cluster_codes(panel, cluster)
    values = panel.frame[names].to_numpy(float)
    scale = np.array([np.std(v[np.isfinite(v)]) if np.isfinite(v).any() else 1.0 for v in values.T])
    scale = np.where(scale > 0, scale, 1.0)
    values = values / scale
    runs = past_runs(values, panel.entity, panel.period, groups, lags=lags)
    why = _why_not(runs, names, lags)
    told = None if why else _arrows(runs, scale, level)
    spec = {
        "outcome": outcome,
        "metric": metric,
        "controls": list(controls),
        "lags": lags,
        "level": level,
        "effects": "entity (a run without a gap) and period",
        "errors": "clustered, factor G / (G - 1), t with G - 1 degrees of freedom",
    }
    covariance = None if told is None else influence_covariance(told.moved)
    used = labels[np.unique(groups[runs.rows])]
    return Result(
        method="direction",
        estimand=INFO.estimand,
        spec=spec,
        estimates=_estimates(told, why),
        vcov=None if covariance is None else pd.DataFrame(covariance, index=list(TERMS), columns=list(TERMS)),
        influence=pd.DataFrame(told.moved, index=used, columns=list(TERMS)) if told and keep_influence else None,
        n_obs=runs.n_rows,
        n_entities=int(np.unique(panel.entity[runs.rows]).size),
        checks=(_memory(values, panel, groups, lags, why),),
        tables=_tables(told, runs),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """Rows of the estimates, tests and lags, and influence on the three headline terms, shape (n_clusters, 3)."""

    rows: list[dict]
    tests: list[dict]
    lags: list[dict]
    moved: np.ndarray


def _why_not(runs: Runs, names: Sequence[str], lags: int) -> str:
    """Say why nothing can be told; empty where it can."""
    if _long_runs(runs) < LEAST_CLUSTERS:
        return (
            f"{_long_runs(runs)} entities have {lags + LEAST_ROWS} periods in a row with every value, from which "
            f"direction and level can be told apart with {lags} in the past; it takes {LEAST_CLUSTERS}"
        )
    least = max(LEAST_CLUSTERS, 2 * runs.k**2 * lags + 1)  # two for each coefficient, and one
    if runs.n_clusters < least:
        return f"{runs.n_clusters} clusters are too few to tell errors; it takes {least}"
    if runs.lost[: len(names)].any():
        lost = names[int(np.argmax(runs.lost[: len(names)]))]
        return f"'{lost}' never varies within an entity beyond what all share"
    if runs.lost.any():
        lost = names[int(np.argmax(runs.lost[len(names) :])) % len(names)]
        return f"the past of '{lost}' is made up of the other columns' past"
    return ""


def _long_runs(runs: Runs) -> int:
    return sum(len(block) for block in runs.blocks if block.shape[1] >= LEAST_ROWS)


def _arrows(runs: Runs, scale: np.ndarray, level: float) -> _Told:
    """Return the arrows, corrected and within, and the lead, in the columns' own units."""
    unit = float(scale[0] / scale[1])
    fit, plain = fit_feedback(runs), fit_feedback(runs, corrected=False)
    lead, of_lead = lead_coefficient(fit)
    sides = {"forward": (0, 1, unit), "reverse": (1, 0, 1 / unit)}
    rows, tests, lags = [], [], []
    moved: dict[str, np.ndarray] = {}
    for estimator, found in (("corrected", fit), ("within", plain)):
        for arrow, (to, by, factor) in sides.items():
            key = {"arrow": arrow, "estimator": estimator}
            coef = factor * found.coef[to, by :: runs.k]
            each = factor * found.coef_influence[:, to, by :: runs.k]
            row = influence_row(coef.sum(), each.sum(axis=1), level)
            rows.append({"term": arrow, "estimator": estimator} | row)
            tests.append(key | zero_test(coef, each))
            lags += [key | {"lag": i + 1} | influence_row(c, each[:, i], level) for i, c in enumerate(coef)]
            moved.setdefault(arrow, each.sum(axis=1))
    moved["placebo_lead"] = unit * of_lead
    row = influence_row(unit * lead, moved["placebo_lead"], level)
    rows.insert(2, {"term": "placebo_lead", "estimator": "corrected"} | row)
    tests.append({"arrow": "placebo_lead", "estimator": "corrected"} | zero_test(np.array([lead]), of_lead[:, None]))
    return _Told(rows=rows, tests=tests, lags=lags, moved=np.stack([moved[t] for t in TERMS], axis=1))


def _estimates(told: _Told | None, why: str) -> pd.DataFrame:
    if told is not None:
        return pd.DataFrame(told.rows)
    keys = [(term, "corrected") for term in TERMS] + [(term, "within") for term in TERMS[:2]]
    return pd.DataFrame([{"term": term, "estimator": estimator} | unknown(why) for term, estimator in keys])


def _tables(told: _Told | None, runs: Runs) -> dict[str, pd.DataFrame]:
    rows = pd.DataFrame({"rows": [runs.n_rows], "runs": [runs.n_runs], "left_out": [runs.n_left_out]})
    tested = {} if told is None else {"tests": pd.DataFrame(told.tests), "lags": pd.DataFrame(told.lags)}
    return tested | {"rows": rows}


def _memory(values: np.ndarray, panel: PanelRows, groups: np.ndarray, lags: int, why: str) -> Check:
    """Test whether a period more of the past adds to either equation."""
    tested = f"that period {lags + 1} of the past adds nothing to outcome or metric"
    runs = past_runs(values, panel.entity, panel.period, groups, lags=lags + 1)
    enough = _long_runs(runs) >= LEAST_CLUSTERS and runs.n_clusters > 2 * runs.k**2 * (lags + 1)
    if why or not enough or runs.lost.any():
        sentence = why or "There are too few periods in a row to hold one period more of the past."
        return Check(name="memory", tested=tested, passed=None, sentence=sentence)
    fit = fit_feedback(runs)
    last = slice(runs.k * lags, None)
    moved = fit.coef_influence[:, :2, last].reshape(runs.n_clusters, -1)
    test = zero_test(fit.coef[:2, last].ravel(), moved)
    adds = test["p_value"] < 0.05
    sentence = (
        f"One period more of the past {'adds' if adds else 'adds nothing that can be told'} "
        f"(p = {test['p_value']:.3f}{', so more lags belong in the model' if adds else ''})."
    )
    return Check(name="memory", tested=tested, passed=not adds, sentence=sentence, table=pd.DataFrame([test]))
