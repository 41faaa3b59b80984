"""One estimate made again on other rows: how far it moves, as a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.results import Check

FEWEST_GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An estimate with its error, or the reason why there is none."""

    estimate: float = float("nan")
    std_error: float = float("nan")
    reason: str = ""


def told_of(row: Mapping) -> Told:
    """Return a row of a result's estimates as an estimate with its error, or the reason why there is none."""
    if not row["identified"]:
        return Told(reason=str(row["reason"]))
    return Told(estimate=float(row["estimate"]), std_error=float(row["std_error"]))


def figure(x: float) -> str:
    """Write a number with three significant figures, a true minus sign and no exponent."""
    return np.format_float_positional(float(f"{x:.3g}"), trim="-").replace("-", "−")


def check_variant(
    *, name: str, tested: str, lead: str, what: str, usual: Told, other: Told, labels: tuple[str, str]
) -> Check:
    """Set an estimate beside the same made on other rows; a shift below one standard error passes.

    Parameters
    ----------
    name, tested : str
        Of the check.
    lead : str
        First sentence: how the rows differ.
    what : str
        The estimate, in words: "the effect on the percentile".
    usual, other : Told
        The estimate as it is reported, and made again.
    labels : (str, str)
        Names of the two sets of rows.
    """
    tested = f"{tested} (a shift of less than one standard error)"
    reason = usual.reason or other.reason
    if reason:
        said = f"{lead} What {what} becomes is not known: {reason}."
        return Check(name=name, tested=tested, passed=None, sentence=said)
    said = f"{lead} Then {what} is {figure(other.estimate)} instead of {figure(usual.estimate)}."
    both = [{"rows": label, **_numbers(told)} for label, told in zip(labels, (usual, other), strict=True)]
    passed = bool(abs(other.estimate - usual.estimate) < usual.std_error)
    return Check(name=name, tested=tested, passed=passed, sentence=said, table=pd.DataFrame(both))


def check_clusters(influence: np.ndarray, group: np.ndarray, usual: Told, *, of: str, many: str) -> Check:
    """Set an error that lets members of larger groups depend on each other beside the usual one.

    Parameters
    ----------
    influence : ndarray, shape (g,)
        Each cluster's influence on the estimate.
    group : ndarray of int, shape (g,)
        The larger group that each cluster belongs to.
    usual : Told
        The estimate with its error by cluster.
    of, many : str
        What a group is, in the singular and the plural.

    Returns
    -------
    Check
        Passed where the error grows by less than a quarter; not run below 10 groups.
    """
    name, tested = many, f"whether errors stay as they are when all of one {of} may depend on each other"
    codes, at = np.unique(group, return_inverse=True)
    n = len(codes)
    if usual.reason or n < FEWEST_GROUPS:
        why = usual.reason or f"{n:,} {many if n != 1 else of} {'is' if n == 1 else 'are'} too few for it"
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    error = float(np.sqrt(n / (n - 1) * (np.bincount(at, influence) ** 2).sum()))
    said = f"With errors by {of} instead, the standard error is {figure(error)} instead of {figure(usual.std_error)}."
    return Check(name=name, tested=tested, passed=bool(error < 1.25 * usual.std_error), sentence=said)


def account(causes: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Account for every row of a panel: how many meet which cause to be left out first, and how many are used.

    Parameters
    ----------
    causes : Mapping of str to ndarray of bool
        By cause, in the order in which they count, the rows that meet it, shape (n,).

    Returns
    -------
    pandas.DataFrame
        ``step, rows``: all rows, each cause, and the rows in the fit.
    """
    left = np.ones(len(next(iter(causes.values()))), dtype=bool)
    steps = [("rows of the panel", len(left))]
    for cause, bad in causes.items():
        steps.append((cause, int((left & bad).sum())))
        left &= ~bad
    return pd.DataFrame([*steps, ("rows in the fit", int(left.sum()))], columns=["step", "rows"])


def check_account(flow: pd.DataFrame) -> Check:
    """Say how many rows of an account are in the fit; at least half of them pass."""
    n, used = int(flow["rows"].iloc[0]), int(flow["rows"].iloc[-1])
    said = f"{used:,} of {n:,} rows are in the fit; the table tells why the others are not."
    tested = "whether most rows can be used (at least half)"
    return Check(name="rows", tested=tested, passed=bool(2 * used >= n), sentence=said, table=flow)


def _numbers(told: Told) -> dict[str, float]:
    return {"estimate": told.estimate, "std_error": told.std_error}
