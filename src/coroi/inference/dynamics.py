"""Tests of a dynamic panel by GMM: moments, errors and instruments, beside estimators that are known to be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.linear import least_squares
from coroi.inference.within import sweep
from coroi.results import Check

LEAST_P = 0.05
LEAST_F = 10.0
_TESTED = {
    "overidentification": "whether the moments that are not needed agree with those that are (Hansen's J)",
    "serial_correlation": "whether changes are uncorrelated with changes two periods before (Arellano and Bond's m2), "
    "without which lags would be no instruments",
    "instrument_count": "whether there are fewer instruments than clusters",
    "instrument_strength": "whether lagged levels move what they stand for, with a first-stage F of at least 10",
    "bounds": "whether the lag lies between the within estimate, which is too low, and pooled least squares, which is "
    "too high, give or take one standard error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GmmTests:
    """Statistics of a fit by GMM.

    Parameters
    ----------
    hansen, sargan : float
        Statistics of overidentification, robust and of errors that are alike; NaN where they cannot be told.
    df : int
        Their degrees of freedom.
    m1, m2 : float
        Correlation of changes with those of one period and two periods before; NaN where there are none.
    n_instruments, n_clusters : int
        Instruments that can be told apart, and clusters.
    """

    hansen: float
    sargan: float
    df: int
    m1: float
    m2: float
    n_instruments: int
    n_clusters: int

    def table(self) -> pd.DataFrame:
        """Return ``test, statistic, df, p``."""
        p = [_chi2(value, self.df) for value in (self.hansen, self.sargan)]
        p += [float(2 * stats.norm.sf(abs(value))) for value in (self.m1, self.m2)]
        columns = {
            "test": ["hansen", "sargan", "m1", "m2"],
            "statistic": [self.hansen, self.sargan, self.m1, self.m2],
            "df": [float(self.df), float(self.df), np.nan, np.nan],
            "p": p,
        }
        return pd.DataFrame(columns)


def dynamics_checks(
    tests: GmmTests, strength: Mapping[str, tuple[float, int]], lag: tuple[float, float], beside: tuple[float, float]
) -> tuple[Check, ...]:
    """Check a dynamic panel.

    Parameters
    ----------
    tests : GmmTests
    strength : mapping
        First-stage F and degrees of freedom by the regressor that lagged levels stand for.
    lag : (float, float)
        Sum of the outcome's lags, and its error.
    beside : (float, float)
        The same sum by within and by pooled least squares.
    """
    return (
        _overidentification(tests),
        _correlation(tests),
        _count(tests),
        _strength(strength),
        _bounds(*lag, *beside),
    )


def unchecked(reason: str) -> tuple[Check, ...]:
    """Return the checks that could not be run, with the reason."""
    return tuple(_check(name, None, f"This could not be told: {reason}.") for name in _TESTED)


def level_estimates(
    outcome: np.ndarray, regressors: np.ndarray, entity: np.ndarray, period: np.ndarray, *, period_effects: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return least squares in levels, within entities and pooled, both of which a lagged outcome biases.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where missing.
    regressors : ndarray, shape (n, k)
        NaN where missing.
    entity, period : ndarray of int, shape (n,)
    period_effects : bool
        Sweep out the periods.

    Returns
    -------
    within, pooled : ndarray, shape (k,)
        NaN where not identified.

    Notes
    -----
    References: Nickell (1981), Econometrica 49:1417-1426; Bond (2002), Portuguese Economic Journal 1:141-162,
    section 2.
    """
    values = np.column_stack([outcome, regressors])
    whole = np.isfinite(values).all(axis=1)
    who, when = (np.unique(code[whole], return_inverse=True)[1] for code in (entity, period))
    found = []
    for effects in ("both", "period") if period_effects else ("entity", "none"):
        swept = sweep(values[whole], who, when, effects=effects).values
        found.append(least_squares(swept[:, 1:], swept[:, 0]).coef)
    return found[0], found[1]


def _overidentification(tests: GmmTests) -> Check:
    name, j, df = "overidentification", tests.hansen, tests.df
    if df == 0:
        return _check(name, None, "There are as many instruments as coefficients: nothing is left to test.")
    if np.isnan(j):
        return _check(name, None, "There are too many instruments for the clusters to weigh them.")
    p = _chi2(j, df)
    end = "the moments agree with each other." if p >= LEAST_P else "some instruments are not valid."
    return _check(name, p >= LEAST_P, f"J is {j:,.2f} with {df:,} degrees of freedom (p = {p:.3f}): {end}")


def _correlation(tests: GmmTests) -> Check:
    name, m2 = "serial_correlation", tests.m2
    if np.isnan(m2):
        return _check(name, None, "Too few changes of an entity lie two periods apart for this to be tested.")
    p = float(2 * stats.norm.sf(abs(m2)))
    end = "no sign of it." if p >= LEAST_P else "errors are correlated, so that close lags are no instruments."
    other = "" if np.isnan(tests.m1) else f" Of neighbouring changes, which should be below zero, m1 is {tests.m1:.2f}."
    return _check(name, p >= LEAST_P, f"m2 is {m2:.2f} (p = {p:.3f}): {end}{other}")


def _count(tests: GmmTests) -> Check:
    passed = tests.n_instruments < tests.n_clusters
    sentence = f"{tests.n_instruments:,} instruments for {tests.n_clusters:,} clusters."
    return _check("instrument_count", passed, sentence + ("" if passed else " Collapse them, or take fewer lags."))


def _strength(found: Mapping[str, tuple[float, int]]) -> Check:
    table = pd.DataFrame([{"term": name, "f": f, "df": df} for name, (f, df) in found.items()])
    told = table.dropna()
    if told.empty:
        return _check("instrument_strength", None, "There are too few clusters to tell.", table)
    weakest = told.loc[told["f"].idxmin()]
    weak = bool(weakest["f"] < LEAST_F)
    end = " Instruments are weak, as they are where the outcome is close to a random walk." if weak else ""
    said = f"The smallest F is {weakest['f']:,.1f} with {int(weakest['df'])} degrees of freedom ({weakest['term']})."
    passed = False if weak else (True if len(told) == len(table) else None)
    return _check("instrument_strength", passed, f"{said}{end}", table)


def _bounds(lag: float, error: float, within: float, pooled: float) -> Check:
    if np.isnan(within) or np.isnan(pooled):
        return _check("bounds", None, "Within or pooled least squares cannot be told.")
    passed = within - error <= lag <= pooled + error
    sentence = f"The lag is {lag:.2f}; within {within:.2f}, pooled least squares {pooled:.2f}."
    return _check("bounds", passed, sentence + ("" if passed else " That is suspicious: instruments may be weak."))


def _chi2(value: float, df: int) -> float:
    return float(stats.chi2.sf(value, df)) if df > 0 else float("nan")


def _check(name: str, passed: bool | None, sentence: str, table: pd.DataFrame | None = None) -> Check:
    verdict = None if passed is None else bool(passed)
    return Check(name=name, tested=_TESTED[name], passed=verdict, sentence=sentence, table=table)
