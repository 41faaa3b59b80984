"""Effects that fade by the same share each period: Koyck's lag by least squares and by instrument, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.inference.geometric import (
    Pair,
    fit_pair,
    iv_rows,
    long_run_answers,
    ols_rows,
    pair_covariance,
    pair_influence,
)
from coroi.inference.instruments import endogeneity, first_stage_f
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
        "effect of one point of the metric now, the share of an effect that carries over to the next period, and the "
        "long-run effect of one point more that stays: the first over one less the second"
    ),
    unit="the outcome's unit per point of the metric; shares for the carry-over",
    assumptions=(
        ("the effect of a change fades by the same share each period", "untestable here: free lags show it"),
        ("the metric is strictly exogenous given effects and controls", "untestable"),
        (
            "least squares alone: what is left unexplained does not depend on the past",
            "instrument against least squares",
        ),
        ("instrument alone: the earlier metric moves the earlier outcome", "first-stage F"),
        ("the carry-over is below one", "carry-over"),
        ("no entity alone carries the long run", "most_influential"),
    ),
    reference=(
        "Koyck (1954), Distributed Lags and Investment Analysis; for the instrument Liviatan (1963), International "
        "Economic Review 4:44-52; Anderson and Rubin (1949), Annals of Mathematical Statistics 20:46-63"
    ),
)
WEAK = 10.0


def simulate_koyck(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    immediate: float = 0.5,
    carry_over: float = 0.5,
    persistence: float = 0.5,
    own: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome remembers their metric, fading by the same share each period.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods that are seen of each; what moves all entities in a period is drawn for a panel alone.
    immediate, carry_over : float
        Outcome per point of the metric in the same period, and the share of it that is left a period later.
    persistence : float
        Share of the metric's deviation that is left after a period.
    own : float
        Standard deviation of what an entity has of its own for good, which moves metric and outcome.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome``. Noise is fresh each period, so that least squares on the earlier outcome
        goes wrong and the instrument does not.
    truth : dict of str to float
        ``immediate, carry_over, long_run`` and ``mean_lag``.
    """
    burn_in = 60
    total = burn_in + periods
    level = rng.normal(scale=own, size=n)
    season = rng.normal(scale=0.5 if n > 1 else 0.0, size=total)
    noise, shocks = rng.normal(size=(2, total, n))
    metric, outcome = np.empty((total, n)), np.empty((total, n))
    deviation, stock = rng.normal(size=n), np.zeros(n)
    for t in range(total):
        deviation = persistence * deviation + np.sqrt(1 - persistence**2) * shocks[t]
        metric[t] = 7 + level + season[t] + deviation
        stock = carry_over * stock + immediate * metric[t]
        outcome[t] = stock + 2 * level - season[t] + noise[t]
    frame = pd.DataFrame(
        {
            "entity": np.tile(np.arange(n), periods),
            "period": np.repeat(np.arange(1, periods + 1), n),
            "metric": metric[burn_in:].ravel(),
            "outcome": outcome[burn_in:].ravel(),
        }
    )
    truth = {
        "immediate": immediate,
        "carry_over": carry_over,
        "long_run": immediate / (1 - carry_over),
        "mean_lag": carry_over / (1 - carry_over),
    }
    return frame, truth


def fit_koyck(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    effects: Effects = "both",
    errors: Errors = "clustered",
    error_lags: int | None = None,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Regress an outcome on the metric and on its own value of the period before, twice.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns of numbers.
    controls : sequence of str
        Columns of numbers beside the metric, of the same period.
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
        By ``estimator``, ``ols`` and ``iv`` (the metric of the period before stands in for the outcome of the period
        before): ``immediate``, ``carry_over``, ``long_run`` and ``mean_lag``, the periods until an effect has come on
        average. By ``interval``: ``t``; ``fieller``, whose set may be unbounded (``set``, ``gap_low``, ``gap_high``);
        ``inversion``, the same from the reduced form, which holds however weak the instrument is; and for comparison
        ``delta``. Not identified: no row with its period before, a metric or outcome that never varies, an instrument
        that moves nothing, too few clusters or periods; a long run where the carry-over is one or more. Checks: the
        first stage, least squares against instrument, short panels, the carry-over, the most influential entity.
        Tables: ``rows``, what was left out and why; ``sets``, each set in words.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, or a value is infinite.

    Notes
    -----
    Errors of ``long_run`` and ``mean_lag`` are those of the delta method, which fails near a carry-over of one; their
    limits are not made of them. The interval of ``immediate`` by instrument rests on a strong one. Both estimators use
    the same rows. Assumptions: see ``INFO``.
    """
    asked = Asked(
        outcome=outcome, metric=metric, controls=controls, effects=effects, errors=errors, error_lags=error_lags,
        entity=entity, period=period, cluster=cluster, level=level, keep_influence=keep_influence,
    )  # fmt: skip
    rows = asked.read(data)
    parts = {
        "no outcome": lag_block(rows, [outcome]),
        "a control is missing": lag_block(rows, controls),
        "no metric": lag_block(rows, [metric]),
        "no outcome the period before": lag_block(rows, [outcome], [1]),
        "no metric the period before": lag_block(rows, [metric], [1]),
    }
    sample = asked.sample(rows, parts)
    pair = fit_pair(sample, asked.spread)
    found = ols_rows(pair, level) + iv_rows(pair, level)
    return asked.result(
        sample,
        method="koyck",
        estimand=INFO.estimand,
        lags={},
        estimates=pd.DataFrame(found),
        vcov=pair_covariance(pair),
        influence=pair_influence(pair) if asked.keeps else None,
        checks=_checks(pair, effects),
        tables={"sets": sets_in_words(found, ["term", "estimator", "interval"])},
    )


def _checks(pair: Pair, effects: Effects) -> tuple[Check, ...]:
    tested = {
        "first stage": f"whether the instrument moves the earlier outcome (F of {WEAK:.0f} or more)",
        "least squares against instrument": "whether both estimators agree (Durbin–Wu–Hausman)",
        "carry-over": "whether the carry-over lies between zero and one",
    }
    if pair.why or pair.why_iv or pair.ols is None or pair.iv is None:
        why = f"Not tested: {pair.why or pair.why_iv}."
        return tuple(Check(name=n, tested=t, passed=None, sentence=why) for n, t in tested.items())
    shares = {"least squares": pair.ols.coef[-1], "instrument": pair.iv.structural.coef[-1]}
    strength = first_stage_f(pair.sample, pair.iv, pair.spread)
    apart = endogeneity(pair.sample, pair.sample.values[:, 0], pair.sample.values[:, 1:-1], pair.iv, pair.spread)
    both = " and ".join(f"{share:.3g} by {name}" for name, share in shares.items()).replace("-", "−")
    weak = "" if strength >= WEAK else ": the instrument is weak, and only intervals by inversion hold"
    differ = "agree" if apart >= 0.05 else "differ, so that what is left unexplained depends on the past"
    inside = all(0 <= share < 1 for share in shares.values())
    said = {
        "first stage": (strength >= WEAK, f"The first stage's F is {strength:.1f}{weak}."),
        "least squares against instrument": (
            apart >= 0.05,
            f"The carry-over is {both}: they {differ} (p = {apart:.3f}).",
        ),
        "carry-over": (inside, f"The carry-over is {both}{'' if inside else ': outside zero to one'}."),
    }
    checks = [Check(name=n, tested=tested[n], passed=bool(p), sentence=s) for n, (p, s) in said.items()]
    error = float(np.sqrt(pair.spread.covariance(pair.sample, pair.ols)[-1, -1]))
    short = short_panel_check(pair.sample, effects, float(pair.ols.coef[-1]), error)
    most = [c for answer in long_run_answers(pair) for c in most_influential_check(pair.sample, answer, effects)]
    worst = next((c for c in most if not c.passed), most[0] if most else None)
    return tuple(check for check in (*checks, short, worst) if check is not None)
