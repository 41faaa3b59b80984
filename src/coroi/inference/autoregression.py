"""Regressions on the outcome's own past: coefficients, error correction, long runs and the bounds test, from arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.estimates import unknown
from coroi.inference.lagged import Sample, Spread, hindrance, quantile_of, stated
from coroi.inference.left_out import Answer
from coroi.inference.linear import LinearFit, least_squares
from coroi.inference.panels import PanelRows
from coroi.inference.ratios import delta, ratio_row, with_set
from coroi.inference.within import Effects
from coroi.results import Check

NO_ROW = "no row has its outcome, metric and controls with all of their lags"
MIN_LENGTH = 10
_WHAT = "the metric, a control or the outcome's past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How many lags of what.

    Parameters
    ----------
    outcome : str
        Its column.
    outcome_lags : int
        From 1.
    regressors : tuple of (str, int)
        The metric and the controls, each with its lags beside the present value.
    """

    outcome: str
    outcome_lags: int
    regressors: tuple[tuple[str, int], ...]

    def columns(self) -> list[tuple[str, int]]:
        """Return name and lag of the design's columns: present values, past ones, and the outcome's own past."""
        present = [(name, 0) for name, _ in self.regressors]
        past = [(name, k) for name, lags in self.regressors for k in range(1, lags + 1)]
        return [*present, *past, *((self.outcome, k) for k in range(1, self.outcome_lags + 1))]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Autoregression:
    """What a regression on the outcome's own past tells.

    Parameters
    ----------
    sample : Sample
    why : str
        Why nothing is identified; empty otherwise.
    rows : list of dict
        The estimates.
    speed, speed_error, width : float
        Coefficient of the level in the error-correction form, its error, and the reach of intervals.
    covariance : pandas.DataFrame or None
        Of all estimates, ratios by the delta method; nothing where a long run has no number.
    fit : LinearFit or None
    linear : ndarray or None, shape (n_terms, q)
        The estimates' slopes in the coefficients.
    long_run : Answer or None
        Of the first regressor; nothing where it has no number.
    """

    sample: Sample
    why: str
    rows: list[dict]
    speed: float = float("nan")
    speed_error: float = float("nan")
    width: float = float("nan")
    covariance: pd.DataFrame | None = None
    fit: LinearFit | None = None
    linear: np.ndarray | None = None
    long_run: Answer | None = None

    def influence(self, sample: Sample) -> pd.DataFrame | None:
        """Return each cluster's influence on the estimates; nothing where one has no number."""
        if self.fit is None or self.linear is None or self.covariance is None:
            return None
        moved = self.fit.influence(sample.cluster) @ self.linear.T
        return pd.DataFrame(moved, index=sample.cluster_names, columns=self.covariance.columns)


def fit_autoregression(
    sample: Sample, orders: Orders, spread: Spread, effects: Effects, level: float
) -> Autoregression:
    """Fit the regression of the sample's first column on the others, which are those of `orders`.

    Parameters
    ----------
    sample : Sample
    orders : Orders
    spread : Spread
        How errors are computed.
    effects : str
        What was swept out.
    level : float
        Level of the intervals.
    """
    columns = orders.columns()
    fit = least_squares(sample.values[:, 1:], sample.values[:, 0]) if sample.n_obs else None
    why = NO_ROW if fit is None else hindrance(sample, fit, np.ones(len(columns), dtype=bool), spread, what=_WHAT)
    if not why and effects in ("entity", "both") and sample.n_obs < MIN_LENGTH * sample.n_entities:
        why = (
            f"{sample.n_obs / sample.n_entities:.1f} periods an entity are too few to take entity effects out beside "
            f"the outcome's own past: {MIN_LENGTH} are needed, or an estimator for short panels"
        )
    if why or fit is None:
        return Autoregression(sample=sample, why=why, rows=_nothing(orders, why))
    return _told(sample, orders, spread, level, fit)


def _told(sample: Sample, orders: Orders, spread: Spread, level: float, fit: LinearFit) -> Autoregression:
    columns = orders.columns()
    width = quantile_of(level, spread.df(sample, len(columns)))
    covariance = spread.covariance(sample, fit)
    own = np.array([float(name == orders.outcome) for name, _ in columns])
    errors = np.sqrt(np.diag(covariance))
    rows = [
        _row("coefficient", name, lag, "t", stated(estimate, error, width))
        for (name, lag), estimate, error in zip(columns, fit.coef, errors, strict=True)
    ]
    speed, speed_error = float(own @ fit.coef - 1), float(np.sqrt(own @ covariance @ own))
    rows.append(_row("speed", orders.outcome, np.nan, "t", stated(speed, speed_error, width)))
    slopes, labels = [*np.eye(len(columns)), own], [f"{name}[{lag}]" for name, lag in columns] + ["speed"]
    for regressor, _ in orders.regressors:
        of_it = np.array([float(name == regressor) for name, _ in columns])
        rows += _long_run(regressor, of_it, own, fit.coef, covariance, width)
        if speed < 0:
            slopes.append(of_it / -speed + of_it @ fit.coef / speed**2 * own)
            labels.append(f"long_run[{regressor}]")
    linear = np.stack(slopes)
    whole = speed < 0
    spread_of = pd.DataFrame(linear @ covariance @ linear.T, index=labels, columns=labels) if whole else None
    return Autoregression(
        sample=sample,
        why="",
        rows=rows,
        speed=speed,
        speed_error=speed_error,
        width=width,
        covariance=spread_of,
        fit=fit,
        linear=linear,
        long_run=_answer(sample, orders, own, fit, covariance) if whole else None,
    )


def _answer(sample: Sample, orders: Orders, own: np.ndarray, fit: LinearFit, covariance: np.ndarray) -> Answer:
    """Return the long run of the first regressor, and how to get it again from some of the rows."""
    of_it = np.array([float(name == orders.regressors[0][0]) for name, _ in orders.columns()])
    slopes = np.stack([of_it, -own])

    def ratio(coef: np.ndarray) -> np.ndarray:
        total, left = coef @ of_it, 1 - coef @ own
        return np.divide(total, left, out=np.full(np.shape(total), np.nan), where=left > 0)

    def again(some: Sample) -> float:
        return float(ratio(least_squares(some.values[:, 1:], some.values[:, 0]).coef[None])[0])

    estimate, error = delta(float(of_it @ fit.coef), float(1 - own @ fit.coef), slopes @ covariance @ slopes.T)
    design = sample.values[:, 1:]
    return Answer(
        what="the long-run effect",
        estimate=estimate,
        error=error,
        weighed=design,
        design=design,
        coef=fit.coef,
        of=ratio,
        again=again,
    )


def _long_run(
    regressor: str, of_it: np.ndarray, own: np.ndarray, coef: np.ndarray, covariance: np.ndarray, width: float
) -> list[dict]:
    total, left = float(of_it @ coef), float(1 - own @ coef)
    if left <= 0:
        never = unknown(f"the outcome's own past adds up to {1 - left:.3g}: at one or more there is no long run")
        return [_row("long_run", regressor, np.nan, name, never) for name in ("fieller", "delta")]
    slopes = np.stack([of_it, -own])
    both = slopes @ covariance @ slopes.T
    return [
        _row("long_run", regressor, np.nan, "fieller", ratio_row(total, left, both, width)),
        _row("long_run", regressor, np.nan, "delta", stated(*delta(total, left, both), width)),
    ]


def _row(term: str, regressor: str, lag: float, interval: str, columns: dict) -> dict:
    return {"term": term, "regressor": regressor, "lag": float(lag), "interval": interval} | with_set(columns)


def _nothing(orders: Orders, why: str) -> list[dict]:
    keys = [("coefficient", name, float(lag), "t") for name, lag in orders.columns()]
    keys += [("speed", orders.outcome, np.nan, "t")]
    keys += [("long_run", name, np.nan, how) for name, _ in orders.regressors for how in ("fieller", "delta")]
    return [_row(*key, unknown(why)) for key in keys]


def bounds_check(rows: PanelRows, sample: Sample, orders: Orders, case: int) -> Check | None:
    """Test a single series for a relation between levels; nothing for a panel.

    Notes
    -----
    With p-values from the response surfaces that come with statsmodels. Reference: Pesaran, Shin and Smith (2001),
    Journal of Applied Econometrics 16:289-326.
    """
    if len(rows.names) > 1 or not sample.n_obs:
        return None
    name, tested = "bounds", "whether outcome and metric are related in levels (bounds test, 5 %)"
    names = [each for each, _ in orders.regressors]
    series = rows.frame[[orders.outcome, *names]].astype(float)
    hindered = "the series has gaps" if (np.diff(rows.period) != 1).any() else ""
    hindered = hindered or ("values are missing" if series.isna().any(axis=None) else "")
    hindered = hindered or ("a regressor has no lag" if min(lags for _, lags in orders.regressors) < 1 else "")
    if hindered:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {hindered}.")
    statistic, lower, upper = _bounds(series, orders, case)
    if upper < 0.05:
        said = "related in levels, whether they wander or not"
    else:
        said = "not told to be related in levels" if lower >= 0.05 else "related in levels only if they do not wander"
    sentence = f"Outcome and metric are {said}: F = {statistic:.2f}, p between {lower:.3f} and {upper:.3f}."
    table = pd.DataFrame({"case": [case], "statistic": [statistic], "p_lower": [lower], "p_upper": [upper]})
    return Check(name=name, tested=tested, passed=bool(upper < 0.05), sentence=sentence, table=table)


def _bounds(series: pd.DataFrame, orders: Orders, case: int) -> tuple[float, float, float]:
    from statsmodels.tsa.api import UECM

    trend = {1: "n", 2: "c", 3: "c", 4: "ct", 5: "ct"}[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = UECM(
            series[orders.outcome],
            orders.outcome_lags,
            series.drop(columns=orders.outcome),
            dict(orders.regressors),
            trend,
        )
        found = model.fit().bounds_test(case=case)
    return float(found.statistic), float(found.pvalue["lower"]), float(found.pvalue["upper"])
