"""An outcome on its own past and a metric's past: the long run, and how fast it is reached."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.errors import CoroiError, Problem
from coroi.inference.autoregression import Autoregression, Orders, bounds_check, fit_autoregression
from coroi.inference.lagged import Errors, lag_block
from coroi.inference.lagged_fit import Asked
from coroi.inference.left_out import most_influential_check
from coroi.inference.ratios import sets_in_words
from coroi.inference.short_panels import short_panel_check
from coroi.inference.within import Effects
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "long-run effect on the outcome of one point of the metric more that stays, with the outcome's own past held, "
        "and the share of a departure from the long run that is made up for each period"
    ),
    unit="the outcome's unit per point of the metric; shares for the speed",
    assumptions=(
        ("what is left unexplained does not depend on the past: enough lags", "untestable here"),
        ("the metric does not answer to the outcome of the same period", "untestable"),
        ("the outcome's own past adds up to less than one", "speed"),
        ("with entity effects: many periods an entity", "short panel"),
        ("no entity alone carries the long run", "most_influential"),
        ("of a single series: a relation between levels exists", "bounds"),
    ),
    reference=(
        "Pesaran and Shin (1999), in Strøm, Econometrics and Economic Theory in the 20th Century, chapter 11; Pesaran, "
        "Shin and Smith (2001), Journal of Applied Econometrics 16:289-326"
    ),
)


def simulate_ardl(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    memory: Sequence[float] = (0.5,),
    weights: Sequence[float] = (0.4, 0.2),
    persistence: float = 0.5,
    own: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome follows its own past and their metric.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods that are seen of each; what moves all entities in a period is drawn for a panel alone.
    memory : sequence of float
        Outcome per unit of itself one period ago, two periods ago, and so on; below one in sum.
    weights : sequence of float
        Outcome per point of the metric now, one period ago, and so on.
    persistence : float
        Share of the metric's deviation that is left after a period.
    own : float
        Standard deviation of what an entity has of its own for good, which moves metric and outcome.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome``.
    truth : dict of str to float
        ``long_run`` of the metric and ``speed``.
    """
    left = 1 - sum(memory)
    burn_in = 40 + int(8 / left)
    level = rng.normal(scale=own, size=n)
    total = burn_in + periods
    season = rng.normal(scale=0.5 if n > 1 else 0.0, size=total)
    noise, shocks = rng.normal(size=(2, total, n))
    metric, outcome = np.zeros((total, n)), np.zeros((total, n))
    deviation = np.zeros(n)
    for t in range(total):
        deviation = persistence * deviation + np.sqrt(1 - persistence**2) * shocks[t]
        metric[t] = level + season[t] + deviation
        own_past = sum(f * outcome[t - j] for j, f in enumerate(memory, 1) if t >= j)
        past = sum(w * metric[t - k] for k, w in enumerate(weights) if t >= k)
        outcome[t] = own_past + past + level - season[t] + noise[t]
    frame = pd.DataFrame(
        {
            "entity": np.tile(np.arange(n), periods),
            "period": np.repeat(np.arange(1, periods + 1), n),
            "metric": 7 + metric[burn_in:].ravel(),
            "outcome": outcome[burn_in:].ravel(),
        }
    )
    return frame, {"long_run": sum(weights) / left, "speed": -left}


def fit_ardl(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    outcome_lags: int = 1,
    metric_lags: int = 1,
    controls: Sequence[str] = (),
    control_lags: Sequence[int] = (),
    effects: Effects = "both",
    errors: Errors = "clustered",
    error_lags: int | None = None,
    bounds_case: int = 3,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit an autoregressive distributed lag, and tell its long run and its error correction.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns of numbers.
    outcome_lags, metric_lags : int
        Periods back that count: of the outcome from 1, of the metric from 0, beside the present one.
    controls : sequence of str
        Columns of numbers beside the metric.
    control_lags : sequence of int
        Periods back that count of each control; none by default.
    bounds_case : int
        What the bounds test of a single series supposes, 1 to 5 of Pesaran, Shin and Smith: with 3 a free constant.
    effects, errors : str
    error_lags : int, optional
    entity, period : str
    cluster : str, optional
    level : float
    keep_influence : bool
        These, from the effects on, are what every regression on lags is asked for: see
        :class:`coroi.inference.lagged_fit.Asked`.

    Returns
    -------
    Result
        By ``regressor`` and ``lag``: ``coefficient``; ``long_run`` of each regressor but the outcome, once with
        Fieller's set as its limits (``interval`` is ``fieller``; the set may be unbounded, see ``set, gap_low,
        gap_high``) and once with those of the delta method; ``speed``, the share of a departure that is made up for
        each period, below zero where it is. Not identified: no row with all lags, columns that never vary or are
        combinations of others, too few clusters or periods; fewer than 10 periods an entity with entity effects; a
        long run where the outcome's own past adds up to one or more. Checks: speed, short panel, bounds, most
        influential entity. Tables: ``rows``, what was left out and why; ``sets``, each set in words.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, or a value is infinite.
    CoroiError
        If the lags asked for make no such model.

    Notes
    -----
    The speed is the coefficient of the level in the error-correction form, of which the regression is an exact
    rewriting. The bounds test is that of statsmodels. Assumptions: see ``INFO``.
    """
    orders = _orders(outcome, metric, outcome_lags, metric_lags, controls, control_lags, bounds_case)
    asked = Asked(
        outcome=outcome, metric=metric, controls=controls, effects=effects, errors=errors, error_lags=error_lags,
        entity=entity, period=period, cluster=cluster, level=level, keep_influence=keep_influence,
    )  # fmt: skip
    rows = asked.read(data)
    past = [lag_block(rows, [name], range(1, lags + 1)) for name, lags in orders.regressors]
    parts = {
        "no outcome": lag_block(rows, [outcome]),
        "no metric, or no control": lag_block(rows, [name for name, _ in orders.regressors]),
        "a lag of the metric or of a control is missing": np.hstack(past),
        "a lag of the outcome is missing": lag_block(rows, [outcome], range(1, outcome_lags + 1)),
    }
    sample = asked.sample(rows, parts)
    fitted = fit_autoregression(sample, orders, asked.spread, effects, level)
    return asked.result(
        sample,
        method="ardl",
        estimand=INFO.estimand,
        lags={"outcome_lags": outcome_lags, "lags": dict(orders.regressors)},
        estimates=pd.DataFrame(fitted.rows),
        vcov=fitted.covariance,
        influence=fitted.influence(sample) if asked.keeps else None,
        checks=_checks(fitted, effects, bounds_check(rows, sample, orders, bounds_case)),
        tables={"sets": sets_in_words(fitted.rows, ["term", "regressor", "interval"])},
    )


def _orders(
    outcome: str,
    metric: str,
    outcome_lags: int,
    metric_lags: int,
    controls: Sequence[str],
    control_lags: Sequence[int],
    bounds_case: int,
) -> Orders:
    if bounds_case not in range(1, 6):
        raise CoroiError(Problem("ardl", f"bounds_case is {bounds_case}.", "Give 1 to 5."))
    each = tuple(control_lags) or (0,) * len(controls)
    if outcome_lags < 1 or min(metric_lags, *each, 0) < 0 or len(each) != len(controls):
        asked = f"{outcome_lags} of the outcome, {metric_lags} of the metric, {list(each)} of {len(controls)} controls"
        said = f"the lags are {asked}."
        raise CoroiError(Problem("ardl", said, "Give 1 or more, 0 or more, and 0 or more for each control."))
    regressors = ((metric, metric_lags), *zip(controls, each, strict=True))
    return Orders(outcome=outcome, outcome_lags=outcome_lags, regressors=regressors)


def _checks(fitted: Autoregression, effects: Effects, bounds: Check | None) -> tuple[Check, ...]:
    tested = "whether the outcome's own past adds up to less than one, so that there is a long run"
    if fitted.why:
        return (Check(name="speed", tested=tested, passed=None, sentence=f"Not tested: {fitted.why}."),)
    share, error = 1 + fitted.speed, fitted.speed_error
    away = bool(fitted.speed + fitted.width * error < 0)
    sentence = (
        f"The outcome's own past adds up to {share:.3g} (standard error {error:.2g}): "
        + ("below one." if away else "one is not ruled out, and neither is a long run without bound.")
    ).replace("-", "−")
    found = [
        Check(name="speed", tested=tested, passed=away, sentence=sentence),
        short_panel_check(fitted.sample, effects, share, error),
        bounds,
    ]
    most = () if fitted.long_run is None else most_influential_check(fitted.sample, fitted.long_run, effects)
    return (*(check for check in found if check is not None), *most)
