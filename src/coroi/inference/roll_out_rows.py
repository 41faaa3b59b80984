"""Rows of a roll-out's estimates: effects by time since the start and their averages, with bands and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.bands import sup_t
from coroi.inference.cohort_errors import Moved
from coroi.inference.estimates import known, unknown

PATHS = ("event_time", "balanced")


def names_of(keys: Sequence[Mapping]) -> list[str]:
    """Return the name of each row, such as ``event_time: 2`` or ``overall``."""
    names = []
    for row in keys:
        number = next((row[c] for c in ("event_time", "cohort", "period") if row[c] == row[c]), None)
        told = row["group"] or ("" if number is None else f"{number:g}")
        names.append(f"{row['term']}: {told}" if told else str(row["term"]))
    return names


def effect_rows(
    keys: Sequence[Mapping], estimate: np.ndarray, moved: Moved, reasons: Sequence[str], *, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the estimates with intervals, and bands over each path.

    Parameters
    ----------
    keys : sequence of mapping
        ``term`` and keys of each estimate; paths are the terms ``event_time`` and ``balanced``.
    estimate : ndarray, shape (k,)
    moved : Moved
    reasons : sequence of str
        Why an estimate is not identified; empty where it is.
    level : float

    Returns
    -------
    estimates, bands : pandas.DataFrame
        The latter by path: ``path, critical, df, n_estimates``.

    Notes
    -----
    A band takes the fewest degrees of freedom on its path, rounded down.
    """
    error = np.sqrt(np.diag(moved.covariance))
    quantile = stats.t.ppf(0.5 + level / 2, moved.df)
    told = np.array([not reason for reason in reasons])
    low, high, bands = np.full(len(told), np.nan), np.full(len(told), np.nan), []
    for path in PATHS:
        at = np.flatnonzero(np.array([key["term"] == path for key in keys]) & told)
        if not at.size:
            continue
        df = float(np.floor(moved.df[at].min()))
        critical = sup_t(moved.covariance[np.ix_(at, at)], level=level, df=df)
        low[at], high[at] = estimate[at] - critical * error[at], estimate[at] + critical * error[at]
        bands.append({"path": path, "critical": critical, "df": df, "n_estimates": len(at), "level": level})
    rows: list[dict] = []
    for i, (key, reason) in enumerate(zip(keys, reasons, strict=True)):
        half = quantile[i] * error[i]
        number = known(estimate[i], error[i], estimate[i] - half, estimate[i] + half)
        extra = {"df": np.nan if reason else moved.df[i], "band_low": low[i], "band_high": high[i]}
        rows.append({**key, **(unknown(reason) if reason else number), **extra})
    return pd.DataFrame(rows), pd.DataFrame(bands, columns=["path", "critical", "df", "n_estimates", "level"])


def refused_rows(keys: Mapping[str, object], reason: str) -> pd.DataFrame:
    """Return the one row of a roll-out that tells nothing, with the reason."""
    columns = {"term": "overall", **keys, **unknown(reason), "df": np.nan, "band_low": np.nan, "band_high": np.nan}
    return pd.DataFrame([columns])
