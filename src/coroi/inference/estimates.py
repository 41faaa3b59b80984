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


def wald(estimate: float, error: float, level: float) -> dict:
    """Return an estimate with its normal interval."""
    half = stats.norm.ppf(0.5 + level / 2) * error
    return known(estimate, error, estimate - half, estimate + half)


def log_log_share(share: float, error: float, level: float) -> dict:
    """Return a share strictly between 0 and 1 with its interval on the log(−log) scale.

    Notes
    -----
    Reference: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, eq. 1.13.
    """
    half = stats.norm.ppf(0.5 + level / 2) * error / (share * abs(np.log(share)))
    return known(share, error, share ** np.exp(half), share ** np.exp(-half))
