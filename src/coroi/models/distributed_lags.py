"""What a change of a metric goes with now and later: free lags or Almon's polynomial, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import linalg, stats

from coroi.inference.blocks import MOST_ROWS
from coroi.inference.computed import COMPUTED, by_size
from coroi.inference.estimates import unknown
from coroi.inference.lag_blocks import ESTIMATOR, Summed, blocks_check, fit_blocks, lag_blocks
from coroi.inference.lag_paths import Path, fit_path, lag_basis, long_run_answer
from coroi.inference.lagged import Errors, Sample, lag_block, quantile_of, stated
from coroi.inference.lagged_fit import Asked
from coroi.inference.left_out import most_influential_check
from coroi.inference.within import Effects
from coroi.models.info import Info
from coroi.results import Check, Result
from coroi.schemas import EntityBlocks

INFO = Info(
    estimand=(
        "change of the outcome some periods after a change of the metric by one point, and the sum over lags: the "
        "long-run effect of one point more that stays"
    ),
    unit="the outcome's unit per point of the metric",
    assumptions=(
        ("the metric is strictly exogenous given effects and controls: no feedback from past outcomes", "untestable"),
        ("nothing is left after the last lag", "the last lag's interval holds zero"),
        ("with Almon's lags: the lag coefficients lie on a polynomial of the degree", "polynomial against free lags"),
        ("effects are linear and alike for all", "untestable"),
        ("no entity alone carries the sum", "most_influential"),
        ("clusters are independent of each other, or errors hardly depend beyond the serial lags", "untestable"),
    ),
    reference="Almon (1965), Econometrica 33:178-196; sums of lags: Greene (2012), Econometric Analysis, section 20.3",
)


def simulate_distributed_lags(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    weights: Sequence[float] = (0.5, 0.3, 0.2),
    persistence: float = 0.5,
    own: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome follows their metric of this and earlier periods.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods that are seen of each; what moves all entities in a period is drawn for a panel alone.
    weights : sequence of float
        Outcome per point of the metric now, one period ago, and so on.
    persistence : float
        Share of the metric's and of the noise's deviation that is left after a period.
    own : float
        Standard deviation of what an entity has of its own for good, which moves metric and outcome.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome``.
    truth : dict of str to float
        ``lag[0]`` and on, and ``long_run``.
    """
    total = periods + len(weights) - 1
    level = rng.normal(scale=own, size=n)
    season = rng.normal(scale=0.5 if n > 1 else 0.0, size=total)
    metric, noise = np.empty((n, total)), np.empty((n, total))
    step = np.sqrt(1 - persistence**2)
    for column in (metric, noise):
        column[:, 0] = rng.normal(size=n)
        for t in range(1, total):
            column[:, t] = persistence * column[:, t - 1] + step * rng.normal(size=n)
    seen = 7 + metric + level[:, None] + season
    past = sum(w * seen[:, len(weights) - 1 - k : total - k] for k, w in enumerate(weights))
    outcome = past + 2 * level[:, None] - season[-periods:] + noise[:, -periods:]
    frame = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(1, periods + 1), n),
            "metric": seen[:, -periods:].ravel(),
            "outcome": outcome.ravel(),
        }
    )
    return frame, {f"lag[{k}]": float(w) for k, w in enumerate(weights)} | {"long_run": float(sum(weights))}


def fit_distributed_lags(
    data: pd.DataFrame | EntityBlocks,
    *,
    outcome: str,
    metric: str,
    lags: int,
    shape: Literal["free", "almon"] = "free",
    degree: int = 2,
    ends: Sequence[Literal["near", "far"]] = (),
    controls: Sequence[str] = (),
    effects: Effects = "both",
    errors: Errors = "clustered",
    error_lags: int | None = None,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
    most_rows: int = MOST_ROWS,
) -> Result:
    """Regress an outcome on a metric's present and past.

    Parameters
    ----------
    data : pandas.DataFrame or EntityBlocks
        One row an entity and period; or the same in blocks of whole entities, NaN where a value is missing, whose
        columns are the outcome, the metric and the controls in this order.
    outcome, metric : str
        Columns of numbers.
    lags : int
        Periods back that count, beside the present one.
    shape : str
        ``free`` coefficients, or ``almon``: on a polynomial.
    degree : int
        Of Almon's polynomial.
    ends : sequence of str
        Where Almon's polynomial is held at zero: ``near``, one period before the present one; ``far``, one period
        after the last lag.
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
    most_rows : int
        A frame with more rows than that is read block by block, unless `cluster` names a column, or effects or errors
        are such as take all rows at once: period effects alone, and classical errors.

    Returns
    -------
    Result
        ``lag`` for each lag, ``cumulative`` (the sum up to that lag: the effect so long after a change that stays) and
        ``long_run``, the sum of all. Not identified: no row with all lags, a metric or outcome that never varies, lags
        that are combinations of others, fewer than 10 clusters, fewer than 20 periods for serial errors. Checks: what
        is left at the last lag, the polynomial against free lags, and the entity that moves the sum most. Table
        ``rows``: what was left out, and why.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, a value is infinite, or blocks are asked for what takes
        all rows at once.
    CoroiError
        If lags, degree or ends make no polynomial.

    Notes
    -----
    Lags are taken within entities and never across a gap. Almon's lag coefficients are an exact linear map of those of
    the polynomial, and so are their errors. Blocks give the same numbers as rows in memory; ``spec`` says which were
    used. Assumptions: see ``INFO``.
    """
    basis = lag_basis(lags, shape, degree, ends)
    asked = Asked(
        outcome=outcome, metric=metric, controls=controls, effects=effects, errors=errors, error_lags=error_lags,
        entity=entity, period=period, cluster=cluster, level=level, keep_influence=keep_influence,
    )  # fmt: skip
    at_once = cluster is not None or effects not in ESTIMATOR or errors == "classical"
    in_blocks = not isinstance(data, pd.DataFrame) or (len(data) > most_rows and not at_once)
    path, sample, checks = (_from_blocks if in_blocks else _in_memory)(data, lags, basis, asked)
    keys = pd.DataFrame(_keys(lags), columns=["term", "lag"])
    labels = ["long_run" if term == "long_run" else f"{term}[{lag:.0f}]" for term, lag in _keys(lags)]
    whole = asked.keeps and not path.why
    return asked.result(
        sample,
        method="distributed_lags",
        estimand=INFO.estimand,
        lags={
            "lags": lags,
            "shape": shape,
            "degree": degree if shape == "almon" else None,
            "ends": list(ends),
            "computed": COMPUTED[in_blocks],
        },
        estimates=pd.concat([keys, _rows(path, len(keys), level)], axis=1),
        vcov=None if path.why else pd.DataFrame(path.covariance, index=labels, columns=labels),
        influence=pd.DataFrame(path.influence(sample.cluster), index=sample.cluster_names, columns=labels)
        if whole
        else None,
        checks=checks,
    )


def _keys(lags: int) -> list[tuple[str, float]]:
    """Return term and lag of each row of the estimates."""
    each = [(term, float(k)) for term in ("lag", "cumulative") for k in range(lags + 1)]
    return [*each, ("long_run", np.nan)]


def _rows(path: Path, n_rows: int, level: float) -> pd.DataFrame:
    if path.why:
        return pd.DataFrame([unknown(path.why)] * n_rows)
    errors, width = np.sqrt(np.diag(path.covariance)), quantile_of(level, path.df)
    return pd.DataFrame([stated(e, s, width) for e, s in zip(path.estimate, errors, strict=True)])


def _in_memory(
    data: pd.DataFrame, lags: int, basis: np.ndarray, asked: Asked
) -> tuple[Path, Sample, tuple[Check, ...]]:
    """Fit all rows at once."""
    rows = asked.read(data)
    parts = {
        "no outcome": lag_block(rows, [asked.outcome]),
        "a control is missing": lag_block(rows, asked.controls),
        "no metric": lag_block(rows, [asked.metric]),
        "a lag of the metric is missing": lag_block(rows, [asked.metric], range(1, lags + 1)),
    }
    sample = asked.sample(rows, parts)
    path = fit_path(sample, basis, asked.spread)
    free = path
    if not path.why and basis.shape[1] < len(basis):
        free = fit_path(sample, np.eye(len(basis)), asked.spread)
    checks = _checks(basis, path, free, asked.level)
    if not path.why:
        checks += most_influential_check(sample, long_run_answer(sample, basis, path), asked.effects)
    return path, sample, checks


def _from_blocks(
    data: pd.DataFrame | EntityBlocks, lags: int, basis: np.ndarray, asked: Asked
) -> tuple[Path, Summed, tuple[Check, ...]]:
    """Fit block by block."""
    names, effects = (asked.outcome, asked.metric, *asked.controls), asked.effects
    panel, _ = by_size(data, names, entity=asked.entity, period=asked.period, cluster=asked.cluster, most_rows=0)
    path, summed = fit_blocks(lag_blocks(panel, lags, basis, effects), effects, asked.spread)
    free = path
    if not path.why and basis.shape[1] < len(basis):
        free = fit_blocks(lag_blocks(panel, lags, np.eye(len(basis)), effects), effects, asked.spread)[0]
    return path, summed, _checks(basis, path, free, asked.level) + blocks_check(path, summed)


def _checks(basis: np.ndarray, path: Path, free: Path, level: float) -> tuple[Check, ...]:
    checks = [_last_lag(path, len(basis), level)]
    if basis.shape[1] < len(basis):
        checks.append(_polynomial(basis, free))
    return tuple(checks)


def _last_lag(path: Path, n_lags: int, level: float) -> Check:
    name, tested = "last lag", "whether something is left at the last lag, so that more lags are needed"
    if path.why:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {path.why}.")
    at = n_lags - 1
    estimate, half = path.estimate[at], quantile_of(level, path.df) * np.sqrt(path.covariance[at, at])
    passed = bool(abs(estimate) <= half)
    end = "holds zero" if passed else "does not hold zero: later lags may matter, and the sum may lack them"
    sentence = (
        f"At lag {at} the estimate is {estimate:.3g}, and its interval, {half:.3g} to either side, {end}.".replace(
            "-", "−"
        )
    )
    return Check(name=name, tested=tested, passed=passed, sentence=sentence)


def _polynomial(basis: np.ndarray, free: Path) -> Check:
    name, tested = "polynomial", "whether free lag coefficients depart from the polynomial (Wald test)"
    if free.why:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {free.why}.")
    across = linalg.null_space(basis.T).T
    rank, n_lags = len(across), len(basis)
    away = across @ free.estimate[:n_lags]
    spread_of = across @ free.covariance[:n_lags, :n_lags] @ across.T
    if rank > free.df:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {free.df:.0f} degrees of freedom.")
    statistic = float(away @ np.linalg.pinv(spread_of) @ away / rank)
    p_value = float(stats.f.sf(statistic, rank, free.df))
    passed = p_value >= 0.05
    sentence = (
        f"The free lag coefficients {'agree with' if passed else 'depart from'} the polynomial: F = {statistic:.2f} on "
        f"{rank} and {free.df:.0f} degrees of freedom, p = {p_value:.3f}."
    )
    return Check(name=name, tested=tested, passed=passed, sentence=sentence)
