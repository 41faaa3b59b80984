"""Whether the ledger's entries add up to what was measured on the whole, and the data to what the accounts report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError, did_you_mean
from coroi.inference.variants import figure
from coroi.results import Check
from coroi.roi.flows import Flows
from coroi.roi.ledger import Entry, entry_weights
from coroi.roi.weighing import critical
from coroi.roi.wording import NBSP, money, money_range

NAME = "accounts"
TESTED = "whether the margin in the data is the one that the accounts report"
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The sum of a ledger's entries beside the effect on the reported total.

    Parameters
    ----------
    entries, reported : float
        Present values, in `currency`.
    residual : float
        What of the total no entry explains: `reported` less `entries`.
    std_error, conf_low, conf_high : float
        Of the residual.
    level : float
    currency : str
        ISO 4217 code.
    sentence : str
    """

    entries: float
    reported: float
    residual: float
    std_error: float
    conf_low: float
    conf_high: float
    level: float
    currency: str
    sentence: str

    @property
    def explained(self) -> bool:
        """Whether the residual's interval holds zero."""
        return self.conf_low <= 0 <= self.conf_high


def reconcile(
    flows: Flows, entries: Sequence[Entry], *, reported: str, weights: np.ndarray, level: float = 0.95
) -> Reconciliation:
    """Set the sum of the entries beside the effect on a total that was estimated as a whole.

    Parameters
    ----------
    flows : Flows
        With a line of each entry's name and the reported total, joined with the errors that they share.
    entries : sequence of Entry
        The benefits that the total is made of; costs that do not show in it are left out.
    reported : str
        Name of the line with the effect on the whole, such as the margin of all customers of treated units.
    weights : ndarray, shape (n_periods,)
        Discount factors.
    level : float
        Of the residual's interval, by t.

    Raises
    ------
    DataError
        If the total is not among the lines, or is itself an entry.

    Notes
    -----
    The residual's error comes from the joint errors: entries and total are of the same customers, so that it is mostly
    far below the total's own. These flows count the money of the total twice by construction: never sum all of them.
    """
    if reported not in flows.names:
        raise DataError(f"reconcile: there is no line '{reported}'. {did_you_mean(reported, flows.names)}")
    if not entries or any(entry.name == reported for entry in entries):
        raise DataError(f"reconcile: '{reported}' needs entries to be held against, other than itself.")
    parts = entry_weights(flows, entries, weights).sum(axis=0)
    whole = np.zeros(flows.estimate.shape)
    whole[flows.names.index(reported)] = weights
    apart = whole.ravel() - parts
    told = flows.estimate.ravel()
    residual, error = float(apart @ told), float(np.sqrt(max(apart @ flows.covariance @ apart, 0.0)))
    if abs(residual) <= _ROUNDING * np.abs(apart * told).sum():
        residual = 0.0
    half = critical(level, flows.df) * error
    ends = residual - half, residual + half
    return Reconciliation(
        entries=float(parts @ told),
        reported=float(whole.ravel() @ told),
        residual=residual,
        std_error=error,
        conf_low=ends[0],
        conf_high=ends[1],
        level=level,
        currency=flows.currency,
        sentence=_words(float(parts @ told), residual, ends, len(entries), flows.currency),
    )


def _words(entries: float, residual: float, ends: tuple[float, float], n: int, currency: str) -> str:
    half, reported = (ends[1] - ends[0]) / 2, entries + residual
    counted = "The one entry of the ledger comes" if n == 1 else f"The {n} entries of the ledger come"
    said = (
        f"{counted} to {money(entries, currency, half)}; the effect on the whole, measured by itself, is "
        f"{money(reported, currency, half)}. The difference, {money(residual, currency, half)} "
        f"({money_range(*ends)}), "
    )
    if ends[0] <= 0 <= ends[1]:
        return f"{said}is no more than chance would have it."
    if residual > 0:
        return f"{said}is money that no entry explains."
    return f"{said}is more than chance would have it: the entries claim money that the whole does not show."


def reconcile_accounts(
    measured: float, reported: float, *, currency: str, tolerance: float = 0.01, what: str = "the margin"
) -> Check:
    """Hold an amount in the data against the one that the accounts report for the same customers and periods.

    Parameters
    ----------
    measured, reported : float
        In `currency`.
    currency : str
        ISO 4217 code.
    tolerance : float
        Share of the reported amount by which the data may be off.
    what : str
        The amount, in words.

    Returns
    -------
    Check
        Passed where the data are off by no more than the tolerance.

    Raises
    ------
    DataError
        If the reported amount is not above zero, the measured one is no number, or the tolerance is no share.
    """
    if not (np.isfinite(reported) and reported > 0):
        raise DataError(
            f"accounts: {what} that they report is {reported:,g}, so that no share of it can be told. Give an amount "
            "above zero, of the same customers and periods."
        )
    if not np.isfinite(measured) or not 0 <= tolerance < 1:
        raise DataError(f"accounts: {what} in the data is {measured:g} and the tolerance {tolerance:g}. Give numbers.")
    off = measured / reported - 1
    passed = bool(abs(measured - reported) <= tolerance * reported * (1 + 1e-12))
    both = f"{money(measured, currency, reported / 1000)} in the data, {money(reported, currency, reported / 1000)} in"
    side = "more" if off > 0 else "less"
    gap = "no difference" if off == 0 else f"{figure(100 * abs(off))}{NBSP}% {side} in the data"
    within = f"{figure(100 * tolerance)}{NBSP}%"
    said = f"{what[:1].upper()}{what[1:]} is {both} the accounts: {gap}"
    if passed:
        return Check(name=NAME, tested=TESTED, passed=True, sentence=f"{said}, within {within}.")
    said += f", beyond {within}. Every amount on this page rests on the data, not on the accounts."
    return Check(name=NAME, tested=TESTED, passed=False, sentence=said)
