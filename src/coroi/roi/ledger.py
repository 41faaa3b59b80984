"""The ledger against counting twice: every benefit has its customers, its periods and its line of the accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from coroi.errors import DataError, Problem, did_you_mean, raise_together
from coroi.roi.flows import Flows, Line
from coroi.roi.weighing import critical

TO_ROUNDING = 1e-6
"""Share of the largest amount by which parts may miss their total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A benefit, or a cost, in the ledger.

    Parameters
    ----------
    name : str
        Of the line of money.
    customers : str
        Name of the set of customers that it is counted for.
    account : str
        Line of the accounts in which it shows, such as ``margin``.
    first_period, last_period : int or None
        Periods since the start that it is counted in, both included.
    part_of : str
        Name of the total that it is one part of, where it is.
    """

    name: str
    customers: str
    account: str
    first_period: int | None
    last_period: int | None
    part_of: str = ""

    @property
    def periods(self) -> range:
        """Return the periods that it is counted in."""
        if self.first_period is None or self.last_period is None:
            return range(0)
        return range(self.first_period, self.last_period + 1)


def may_share(one: str, other: str) -> bool:
    """Take any two sets of customers to have some in common: what is assumed unless it is known."""
    return True


def apart(*groups: Sequence[str]) -> Callable[[str, str], bool]:
    """Return the rule that two different sets of one group, such as segments, have no customer in common.

    Parameters
    ----------
    groups : sequence of str
        Names of sets that were counted to share nobody.
    """
    known = [frozenset(group) for group in groups]
    return lambda one, other: one == other or not any({one, other} <= group for group in known)


def check_overlap(
    entries: Sequence[Entry],
    *,
    share: Callable[[str, str], bool] = may_share,
    flows: Flows | None = None,
    totals: Mapping[str, Line] | None = None,
) -> None:
    """Refuse a ledger in which some money may be counted twice.

    Parameters
    ----------
    entries : sequence of Entry
    share : callable
        Whether two named sets may have customers in common; a set always has with itself. Any two may by default: see
        :func:`apart`.
    flows : Flows, optional
        With a line of each entry's name: needed where entries are parts of a total.
    totals : Mapping of str to Line, optional
        By name, the totals, each estimated apart from its parts.

    Raises
    ------
    DataError
        With all problems at once: an entry without customers, periods or an account, or that stands twice; two entries
        that share customers, periods and an account and are no parts of one total; parts that do not add up.
    """
    problems = [found for entry in entries for found in _lacks(entry)]
    names = [entry.name for entry in entries]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        problems.append(Problem(f"ledger, {name}", "the entry stands twice.", "Count it once."))
    for one, other in combinations(entries, 2):
        problems += _twice(one, other, share)
    for total in dict.fromkeys(entry.part_of for entry in entries if entry.part_of):
        parts = [entry for entry in entries if entry.part_of == total]
        problems += _parts(parts, total, flows, (totals or {}).get(total))
    raise_together(problems, DataError)


def _lacks(entry: Entry) -> list[Problem]:
    where, found = f"ledger, {entry.name}", []
    if not entry.customers.strip():
        found.append(Problem(where, "a benefit without a customer.", "Name the set of customers that it comes from."))
    if entry.first_period is None or entry.last_period is None:
        found.append(Problem(where, "a benefit without periods.", "Name its first and its last period."))
    elif not 0 <= entry.first_period <= entry.last_period:
        what = f"it runs from period {entry.first_period} to {entry.last_period}."
        found.append(Problem(where, what, "Periods count from 0, the first before the last."))
    if not entry.account.strip():
        what = "a benefit without a line of the accounts."
        found.append(Problem(where, what, "Name the line in which it shows, such as margin."))
    return found


def _twice(one: Entry, other: Entry, share: Callable[[str, str], bool]) -> list[Problem]:
    """Return the problem of two entries that count the same money, if they do."""
    both = range(max(one.periods.start, other.periods.start), min(one.periods.stop, other.periods.stop))
    same = one.customers == other.customers or share(one.customers, other.customers)
    account = one.account.strip().casefold()
    together = bool(one.part_of) and one.part_of == other.part_of
    named = one.customers.strip() and other.customers.strip() and account
    if not (named and same and len(both) and account == other.account.strip().casefold()) or together:
        return []
    if one.customers == other.customers:
        whom = f"both count '{one.customers}'"
    else:
        whom = f"'{one.customers}' and '{other.customers}' may have customers in common"
    what = f"{whom}, in {_span(both)}, on the line '{one.account}' of the accounts: that money would be counted twice."
    way = "Keep one of them, part their customers or periods, or declare both as parts of one total that they add up to"
    return [Problem(f"ledger, {one.name} and {other.name}", what, f"{way} (part_of).")]


def _parts(parts: Sequence[Entry], total: str, flows: Flows | None, whole: Line | None) -> list[Problem]:
    """Hold parts against their total, period by period."""
    where = f"ledger, {' and '.join(entry.name for entry in parts)}"
    keys = {(entry.customers, entry.account.strip().casefold(), entry.periods) for entry in parts}
    if len(keys) > 1:
        what = f"parts of '{total}' that differ in customers, periods or account."
        return [Problem(where, what, "Parts of one total are of the same customers, periods and account.")]
    if flows is None or whole is None:
        what = f"parts of '{total}', which was not estimated by itself, so that nobody can tell whether they add up."
        return [Problem(where, what, "Give the total's own line.")]
    missing = [entry.name for entry in parts if entry.name not in flows.names]
    if missing:
        what = f"there is no line '{missing[0]}'."
        return [Problem(where, what, did_you_mean(missing[0], flows.names))]
    at, n = list(parts[0].periods), len(flows.periods)
    if not at or at[-1] >= n or len(whole.estimate) != n:
        what = f"parts of '{total}', counted in {_span(parts[0].periods) if at else 'no period'}"
        what += f", have {n} periods of money, and the total {len(whole.estimate)}."
        return [Problem(where, what, "Count them in periods that both have.")]
    summed = np.sum([flows.line(entry.name).estimate for entry in parts], axis=0)[at]
    expected = np.asarray(whole.estimate, float)[at]
    off = np.abs(summed - expected)
    if off.max(initial=0.0) <= TO_ROUNDING * max(np.abs(expected).max(initial=0.0), np.abs(summed).max(initial=0.0)):
        return []
    worst = int(off.argmax())
    what = (
        f"as parts of '{total}' they come to {summed[worst]:,.6g} in period {at[worst]}, and the total to "
        f"{expected[worst]:,.6g}."
    )
    return [Problem(where, what, "Estimate parts and total on the same rows, or keep the total alone.")]


def _span(periods: range) -> str:
    return f"period {periods[0]}" if len(periods) == 1 else f"periods {periods[0]} to {periods[-1]}"


def entry_weights(flows: Flows, entries: Sequence[Entry], weights: np.ndarray) -> np.ndarray:
    """Return each entry's discount factors on the flows, zero outside its own line and periods.

    Parameters
    ----------
    flows : Flows
    entries : sequence of Entry
    weights : ndarray, shape (n_periods,)

    Returns
    -------
    ndarray, shape (n_entries, n_lines × n_periods)

    Raises
    ------
    DataError
        If an entry has no line, counts periods that are not valued, or the weights are not one a period.
    """
    n = len(flows.periods)
    if np.shape(weights) != (n,) or not np.isfinite(weights).all():
        raise DataError(f"discount factors of shape {np.shape(weights)} for {n} periods. Give one number for each.")
    found = np.zeros((len(entries), len(flows.names), n))
    for at, entry in enumerate(entries):
        if entry.name not in flows.names:
            raise DataError(f"ledger: there is no line '{entry.name}'. {did_you_mean(entry.name, flows.names)}")
        if len(entry.periods) and entry.periods[-1] >= n:
            raise DataError(f"ledger, {entry.name}: counted to period {entry.periods[-1]}, of {n} that are valued.")
        counted = list(entry.periods)
        found[at, flows.names.index(entry.name), counted] = np.asarray(weights, float)[counted]
    return found.reshape(len(entries), -1)


def ledger_table(flows: Flows, entries: Sequence[Entry], weights: np.ndarray, *, level: float = 0.95) -> pd.DataFrame:
    """Return the ledger as a page shows it, its sum in the last row.

    Parameters
    ----------
    flows : Flows
        With a line of each entry's name.
    entries : sequence of Entry
        Checked by :func:`check_overlap`.
    weights : ndarray, shape (n_periods,)
        Discount factors.
    level : float
        Of the intervals, by t.

    Returns
    -------
    pandas.DataFrame
        ``entry, customers, periods, account, value, conf_low, conf_high, share``; shares are of the sum, NaN where it
        is zero, and may be below 0 and above 1 where entries have different signs.
    """
    each = entry_weights(flows, entries, weights)
    maps = np.vstack([each, each.sum(axis=0)])
    values = maps @ flows.estimate.ravel()
    half = critical(level, flows.df) * np.sqrt(np.clip(np.einsum("ij,jk,ik->i", maps, flows.covariance, maps), 0, None))
    total = values[-1]
    return pd.DataFrame(
        {
            "entry": [*(entry.name for entry in entries), "sum"],
            "customers": [*(entry.customers for entry in entries), ""],
            "periods": [*(_dates(flows, entry.periods) for entry in entries), ""],
            "account": [*(entry.account for entry in entries), ""],
            "value": values,
            "conf_low": values - half,
            "conf_high": values + half,
            "share": values / total if total != 0 else np.nan,
        }
    )


def _dates(flows: Flows, periods: range) -> str:
    first, last = (flows.periods[t] for t in (periods[0], periods[-1]))
    return first if first == last else f"{first} to {last}"
