"""How well one thing known foretells what another does not, non-parametrically: by rates in cells of what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from coroi.company.clock import Flags, Floats, Ints
from coroi.company.known import UNKNOWN, Known

COMMON = ("segment",)
"""What every foretelling knows."""
FEWEST_ROWS = 100
PRIOR_ROWS = 1.0
"""Rows by which a cell's rate is drawn to that of the cell around it: a cell tried may be empty where it is learnt."""
Gain = Callable[[Known, Known, Sequence[str]], Floats]
"""By row tried: what is gained by knowing some items, learnt from the first company and tried on the second."""


def gain_in_deviance(learnt: Known, tried: Known, items: Sequence[str]) -> Floats:
    """Return the expected deviance of exits foretold by ``COMMON`` alone, less that by the items too, by row tried.

    Parameters
    ----------
    learnt, tried : Known
        Rows of two independent companies.
    items : sequence of str
        What is known, of ``known.ITEMS``; its cells are crossed in full.

    Notes
    -----
    Rates are the means of the true chances in the cells, and the deviance is expected over those of the rows tried:
    what outcomes of 0 and 1 would give on average, with less chance in it. Chance in the rates makes the deviance too
    high where they are tried on other rows, and too low by as much on their own: the mean of both is that of rates
    known exactly.
    """
    told = [
        _deviance(tried.exits, _rates(source, tried, known)) * sign
        for source in (learnt, tried)
        for known, sign in ((COMMON, 0.5), ((*COMMON, *items), -0.5))
    ]
    return np.asarray(np.sum(told, axis=0))


def gain_in_profit(learnt: Known, tried: Known, items: Sequence[str]) -> Floats:
    """Return what the items explain of the variance of profit within ``COMMON``, as a share of it, by row.

    Notes
    -----
    A row's share is the product of its distance from the mean learnt without the items and of what they add to that
    mean. Chance in means that were learnt in an independent company averages out: the shares are those of means known
    exactly.
    """
    where, among = _cells(learnt, tried, COMMON)
    usual = _means(where, learnt.profit, at_least=int(among.max()) + 1)
    rest, wanted = learnt.profit - usual[where], tried.profit - usual[among]
    where, among = _cells(learnt, tried, (*COMMON, *items))
    return np.asarray(wanted * _means(where, rest, at_least=int(among.max()) + 1)[among] / wanted.var())


def gains_apart(
    gain: Gain, halves: tuple[Known, Known], these: Sequence[str], those: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Set what these items tell over those against what those tell over these.

    Parameters
    ----------
    gain : callable
        One of this module's gains.
    halves : tuple of Known
        Two independent companies; each is learnt from and tried in turn.
    these, those : sequence of str
        Items, of ``known.ITEMS``; only rows that know all of them count.

    Returns
    -------
    dict of str to dict
        ``net``, ``these`` and ``those``: value per row and Monte Carlo standard error, customers being independent.
        Nothing where one of the halves has fewer than ``FEWEST_ROWS``.
    """
    one, other = (_knowing(each, (*these, *those)) for each in halves)
    if min(one.customer.size, other.customer.size) < FEWEST_ROWS:
        return {}
    found: dict[str, list[Floats]] = {"net": [], "these": [], "those": []}
    for learnt, tried in ((one, other), (other, one)):
        all_, first, second = (gain(learnt, tried, items) for items in ((*these, *those), these, those))
        found["net"].append(first - second)
        found["these"].append(all_ - second)
        found["those"].append(all_ - first)
    customer = np.concatenate([other.customer, one.customer + int(other.customer.max()) + 1])
    return {name: _by_customer(np.concatenate(rows), customer) for name, rows in found.items()}


def in_halves(companies: Sequence[Known]) -> tuple[Known, Known]:
    """Put companies into two independent halves; one alone is split by its customers."""
    if len(companies) == 1:
        odd = companies[0].customer % 2 == 1
        return _pick(companies[0], ~odd), _pick(companies[0], odd)
    one, other = _together(companies[::2]), _together(companies[1::2])
    return one, other


def _rates(learnt: Known, tried: Known, items: Sequence[str]) -> Floats:
    """Return the rate of exits in each tried row's cell, drawn a little to that of the cells around it."""
    mean = learnt.exits.mean()
    known, rate = np.full(learnt.exits.size, mean), np.full(tried.exits.size, mean)
    for last in range(1, len(items) + 1):
        where, among = _cells(learnt, tried, items[:last])
        n_cells = int(max(where.max(), among.max())) + 1
        total = np.bincount(where, learnt.exits - known, minlength=n_cells)
        step = total / (np.bincount(where, minlength=n_cells) + PRIOR_ROWS)
        known, rate = known + step[where], rate + step[among]
    return rate


def _cells(learnt: Known, tried: Known, items: Sequence[str]) -> tuple[Ints, Ints]:
    """Return the number of each row's cell, counted alike in both companies."""
    codes = []
    for rows in (learnt, tried):
        code = np.zeros(rows.customer.size, dtype=np.int64)
        for name in items:
            code = 16 * code + rows.items[name] - UNKNOWN
        codes.append(code)
    return codes[0], codes[1]


def _means(where: Ints, values: Floats, at_least: int = 0) -> Floats:
    """Return the mean of each cell; 0 in one without rows."""
    n = np.bincount(where, minlength=at_least)
    return np.asarray(np.bincount(where, values, minlength=at_least) / np.maximum(n, 1))


def _deviance(chance: Floats, rate: Floats) -> Floats:
    return np.asarray(-2 * (chance * np.log(rate) + (1 - chance) * np.log1p(-rate)))


def _knowing(rows: Known, items: Sequence[str]) -> Known:
    return _pick(rows, np.all([rows.items[name] != UNKNOWN for name in items], axis=0))


def _pick(rows: Known, chosen: Flags) -> Known:
    items = {name: values[chosen] for name, values in rows.items.items()}
    return Known(customer=rows.customer[chosen], items=items, exits=rows.exits[chosen], profit=rows.profit[chosen])


def _together(companies: Sequence[Known]) -> Known:
    """Put companies one after the other; their customers are numbered on."""
    sizes = [int(each.customer.max(initial=-1)) + 1 for each in companies]
    first = np.cumsum([0, *sizes[:-1]])
    return Known(
        customer=np.concatenate([each.customer + start for each, start in zip(companies, first, strict=True)]),
        items={name: np.concatenate([each.items[name] for each in companies]) for name in companies[0].items},
        exits=np.concatenate([each.exits for each in companies]),
        profit=np.concatenate([each.profit for each in companies]),
    )


def _by_customer(values: Floats, customer: Ints) -> dict[str, object]:
    """Return the mean over rows and its Monte Carlo standard error, the rows of a customer going together."""
    mean = values.mean()
    apart = np.bincount(customer, values - mean)
    error = np.sqrt((apart**2).sum()) / values.size
    return {"value": round(float(mean), 6), "mc_std_error": round(float(error), 6), "n": values.size}
