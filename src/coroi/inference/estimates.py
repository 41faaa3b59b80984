"""Rows of a result's estimates: a number with its interval, or none with the reason."""

from __future__ import annotations

import numpy as np
from scipy import stats

NAN = float("nan")


def known(estimate: float, error: float, low: float, high: float) -> dict:
    """Return the columns of an identified estimate."""
    return {
        "estimate": float(estimate),
        "std_error": float(error),
        "conf_low": float(low),
        "conf_high": float(high),
        "identified": True,
        "reason": "",
    }


def unknown(reason: str) -> dict:
    """Return the columns of what is not identified, with the reason in words."""
    return {"estimate": NAN, "std_error": NAN, "conf_low": NAN, "conf_high": NAN, "identified": False, "reason": reason}


def wald(estimate: float, error: float, level: float, df: float | None = None) -> dict:
    """Return an estimate with its normal interval; with degrees of freedom, by the t distribution."""
    half = (stats.norm if df is None else stats.t(df)).ppf(0.5 + level / 2) * error
    return known(estimate, error, estimate - half, estimate + half)


def log_log_share(share: float, error: float, level: float) -> dict:
    """Return a share with its interval on the log(−log) scale; at 0 or 1 with a normal one, cut to a share.

    Notes
    -----
    Reference: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, eq. 1.13.
    """
    quantile = stats.norm.ppf(0.5 + level / 2)
    if not 0 < share < 1:
        return known(share, error, max(share - quantile * error, 0.0), min(share + quantile * error, 1.0))
    half = quantile * error / (share * abs(np.log(share)))
    return known(share, error, share ** np.exp(half), share ** np.exp(-half))


def square_and_add(*terms: tuple[float, float, float, float]) -> tuple[float, float]:
    """Return the limits of a sum of independent estimates from the limits of each.

    Parameters
    ----------
    terms : (float, float, float, float)
        Coefficient, estimate, lower and upper limit of each part.

    Notes
    -----
    Reference: Newcombe (1998), method 10; Zou and Donner (2008), eq. 2, for sums: Zou, Huang and Zhang (2009),
    Computational Statistics and Data Analysis 53:1080-1085, eq. 4.
    """
    middle = sum(c * e for c, e, _, _ in terms)
    down = sum((c * (e - (low if c > 0 else high))) ** 2 for c, e, low, high in terms)
    up = sum((c * ((high if c > 0 else low) - e)) ** 2 for c, e, low, high in terms)
    return middle - float(np.sqrt(down)), middle + float(np.sqrt(up))
