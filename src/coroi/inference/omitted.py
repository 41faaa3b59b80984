"""How strong something omitted has to be to explain an effect away, beside the strength of what is observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.linear import clustered, least_squares
from coroi.inference.variants import figure
from coroi.results import Check

NAME = "omitted"
TESTED = (
    "whether the verdict would survive an omitted variable as strong, with treatment and outcome, as the strongest "
    "observed group of covariates"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """A treatment's coefficient, and what other covariates explain of treatment and outcome.

    Parameters
    ----------
    estimate : float
        In the outcome's unit.
    std_error : float
        Classical: what the shares explained follow from.
    df : int
        Rows less parameters.
    inflation : float
        Error that is reported, over the classical one: above 1 where rows of a cluster depend on each other.
    df_error : int
        Degrees of freedom of the interval: of the rows, or clusters less one.
    benchmarks : Mapping of str to (float, float)
        By group of covariates, the share that it explains of what else leaves open of the treatment, and of the
        outcome given the treatment.
    """

    estimate: float
    std_error: float
    df: int
    inflation: float
    df_error: int
    benchmarks: Mapping[str, tuple[float, float]]

    @property
    def strength(self) -> float:
        """Cohen's partial f: the absolute t ratio over the root of the degrees of freedom."""
        return abs(self.estimate / self.std_error) / self.df**0.5


def regress(
    outcome: np.ndarray,
    treatment: np.ndarray,
    covariates: np.ndarray,
    benchmarks: Mapping[str, np.ndarray],
    *,
    n_swept: int = 0,
    cluster: np.ndarray | None = None,
) -> Regression:
    """Regress an outcome on a treatment and covariates, with each group of covariates as a benchmark.

    Parameters
    ----------
    outcome, treatment : ndarray, shape (n,)
    covariates : ndarray, shape (n, k)
        The constant among them, or effects swept out of all columns.
    benchmarks : Mapping of str to ndarray of int
        By name, the columns of `covariates` that make up a group.
    n_swept : int
        Parameters of the effects that were swept out.
    cluster : ndarray of int, shape (n,), optional
        Codes from 0; rows are independent by default.

    Returns
    -------
    Regression
        With NaN where the treatment is a combination of the covariates.
    """
    design = np.column_stack([covariates, treatment])
    fit = least_squares(design, outcome)
    df = len(outcome) - int(fit.kept.sum()) - n_swept
    if not fit.kept[-1] or df < 2:
        nothing = float("nan")
        return Regression(estimate=nothing, std_error=nothing, df=df, inflation=1.0, df_error=df, benchmarks={})
    error = float(np.sqrt(fit.bread[-1, -1] * (fit.residual @ fit.residual) / df))
    inflation, df_error = 1.0, df
    if cluster is not None:
        inflation = float(np.sqrt(clustered(fit, cluster)[-1, -1])) / error
        df_error = int(cluster.max())
    explained = {
        name: (_explained(treatment, covariates, columns), _explained(outcome, design, columns))
        for name, columns in benchmarks.items()
    }
    return Regression(
        estimate=float(fit.coef[-1]),
        std_error=error,
        df=df,
        inflation=inflation,
        df_error=df_error,
        benchmarks=explained,
    )


def _explained(outcome: np.ndarray, design: np.ndarray, columns: np.ndarray) -> float:
    """Return the share of what the other columns leave open that these explain."""
    whole = least_squares(design, outcome).residual
    part = least_squares(np.delete(design, columns, axis=1), outcome).residual
    return float(1 - (whole @ whole) / (part @ part))


def partial_r2(t: float, df: float) -> float:
    """Return the share of what else leaves open that a coefficient's column explains, from its classical t ratio."""
    return t**2 / (t**2 + df)


def robustness_value(found: Regression, *, share: float = 1.0, level: float | None = None) -> float:
    """Return how much an omitted variable has to explain, of treatment and outcome alike, to take an effect away.

    Parameters
    ----------
    found : Regression
    share : float
        Share of the estimate that is to go (q of the reference): 1 brings it to zero.
    level : float, optional
        Takes the effect away already where its interval at this level reaches the rest; the estimate by default.

    Returns
    -------
    float
        Share of what else leaves open, from 0 to 1; 0 where the interval reaches that far as it is.

    Notes
    -----
    The reference has classical errors. With clusters, their inflation of the error is taken to stay as it is
    (untestable). Reference: Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82:39-67, section 4,
    and for the case in which what is omitted lowers the
    error so far that less of the outcome suffices, Cinelli and Hazlett (2025), Biometrika 112, appendix.
    """
    strength = share * found.strength
    limit = 0.0 if level is None else _critical(found, level) / (found.df - 1) ** 0.5
    beyond = strength - limit
    if not beyond > 0:
        return 0.0
    if limit > 0 and strength > 1 / limit:
        return (strength**2 - limit**2) / (1 + strength**2)
    return float((np.sqrt(beyond**4 + 4 * beyond**2) - beyond**2) / 2)


def adjusted(found: Regression, r2_treatment: float, r2_outcome: float, *, level: float = 0.95) -> dict[str, float]:
    """Return the estimate and its interval beside an omitted variable of a given strength that works towards zero.

    Parameters
    ----------
    found : Regression
    r2_treatment, r2_outcome : float
        Share that it explains of what else leaves open of the treatment, and of the outcome given the treatment.
    level : float
        Of the interval.

    Returns
    -------
    dict
        ``estimate, std_error, conf_low, conf_high``; NaN for a strength of 1 or more, which nothing can have.

    Notes
    -----
    Reference: Cinelli and Hazlett (2020), section 3.
    """
    if not (0 <= r2_treatment < 1 and 0 <= r2_outcome <= 1):
        return dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
    bias = np.sqrt(r2_outcome * r2_treatment / (1 - r2_treatment)) * found.std_error * np.sqrt(found.df)
    estimate = float(np.sign(found.estimate) * (abs(found.estimate) - bias))
    error = float(np.sqrt((1 - r2_outcome) / (1 - r2_treatment) * found.df / (found.df - 1)) * found.std_error)
    half = _critical(found, level) * error
    reported = error * found.inflation
    return {"estimate": estimate, "std_error": reported, "conf_low": estimate - half, "conf_high": estimate + half}


def benchmark_bounds(found: Regression, *, times: tuple[float, ...] = (1, 2, 3), level: float = 0.95) -> pd.DataFrame:
    """Return the estimate beside an omitted variable some times as strong as each group of covariates.

    Returns
    -------
    pandas.DataFrame
        ``benchmark, times, r2_treatment, r2_outcome, estimate, std_error, conf_low, conf_high``; NaN where nothing can
        be so strong.

    Notes
    -----
    Reference: Cinelli and Hazlett (2020), section 4.4.
    """
    rows = []
    for name, (with_treatment, with_outcome) in found.benchmarks.items():
        for k in times:
            own = k * with_treatment / (1 - with_treatment)
            shared = k * with_treatment**2 / ((1 - k * with_treatment) * (1 - with_treatment))
            of_outcome = float("nan")
            if k * with_treatment < 1 and shared < 1:
                factor = (np.sqrt(k) + np.sqrt(shared)) / np.sqrt(1 - shared)
                of_outcome = float(min(factor**2 * with_outcome / (1 - with_outcome), 1.0))
            row = {"benchmark": name, "times": k, "r2_treatment": own, "r2_outcome": of_outcome}
            rows.append(row | adjusted(found, own, of_outcome, level=level))
    columns = ["benchmark", "times", "r2_treatment", "r2_outcome", "estimate", "std_error", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=columns)


def check_omitted(found: Regression, *, what: str = "the effect", level: float = 0.95) -> Check:
    """Say what it would take to erase an effect, and whether something as strong as a known covariate would do.

    Parameters
    ----------
    found : Regression
    what : str
        The effect, in words.
    level : float
        Of the interval.

    Returns
    -------
    Check
        Passed where the interval stays clear of zero, on the estimate's side, beside an omitted variable once as strong
        as each group of covariates. Not run without an estimate, or without covariates to compare with.
    """
    if np.isnan(found.estimate):
        why = f"It cannot be told what would erase {what}: it is not identified beside the covariates."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=why)
    words = erase_words(found, what=what, level=level)
    bounds = benchmark_bounds(found, level=level)
    once = bounds[bounds["times"] == 1]
    if once.empty:
        why = f"{words} There is no covariate to compare with."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=why)
    side = np.sign(found.estimate)
    nearest = np.where(side > 0, once["conf_low"], -once["conf_high"])
    safe = bool((nearest > 0).all())
    worst = once.iloc[int(np.where(np.isnan(nearest), -np.inf, nearest).argmin())]
    said = f"{words} {_benchmark_words(worst, what)}"
    return Check(name=NAME, tested=TESTED, passed=safe, sentence=said, table=bounds)


def erase_words(found: Regression, *, what: str = "the effect", level: float = 0.95) -> str:
    """Say in a sentence how much of treatment and outcome an omitted variable has to explain to erase an effect."""
    whole, enough = (robustness_value(found, level=at) for at in (None, level))
    said = (
        f"To erase {what}, something left out would have to explain {_percent(whole)} of what the covariates leave "
        f"open of the treatment and as much of the outcome"
    )
    if enough == 0:
        return f"{said}; its {100 * level:g} % interval reaches zero as it is."
    return f"{said}; {_percent(enough)} of both would bring its {100 * level:g} % interval to zero."


def _benchmark_words(row: pd.Series, what: str) -> str:
    if np.isnan(row["estimate"]):
        return f"With something as strong as '{row['benchmark']}', {what} could be anything."
    ends = f"{figure(row['estimate'])} ({figure(row['conf_low'])} to {figure(row['conf_high'])})"
    return f"With something as strong as '{row['benchmark']}' left out, {what} would be {ends}."


def _critical(found: Regression, level: float) -> float:
    """Return the errors of the classical kind that an interval needs beside one more variable."""
    df = found.df - 1 if found.df_error == found.df else found.df_error
    return float(stats.t.ppf(0.5 + level / 2, df)) * found.inflation


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
