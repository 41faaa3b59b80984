"""What comes after the periods that were observed: assumptions, stated in words and varied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from coroi.errors import DataError, did_you_mean
from coroi.prepare.calendar import first_day, index_of
from coroi.roi.flows import Flows
from coroi.roi.present_value import present_value
from coroi.schemas import Period

How = Literal["none", "stays", "fades"]


def extend(
    flows: Flows,
    *,
    n_periods: int,
    how: How,
    half_life: float | None = None,
    costs: Sequence[str] = (),
    amounts: Mapping[str, float] | None = None,
    last: int = 3,
) -> Flows:
    """Carry lines of money on beyond what was observed, under an assumption.

    Parameters
    ----------
    flows : Flows
    n_periods : int
        Periods that are added.
    how : str
        ``none``: effects and costs end at once; ``stays``: effects go on as they were in the last periods; ``fades``:
        they lose half of that in each half-life.
    half_life : float, optional
        Periods, for ``fades``.
    costs : sequence of str
        Lines that go on at full size whatever the effects do: running costs. Other lines of known money end.
    amounts : mapping of str to float, optional
        What a line of `costs` comes to in each added period, instead of the mean of its last ones.
    last : int
        Periods whose mean is carried on.

    Returns
    -------
    Flows
        All lines, longer. What is carried on has the errors of the periods that it is the mean of.

    Raises
    ------
    DataError
        If the options contradict one another, a name is not that of a line, or the periods are not of one length.

    Notes
    -----
    A linear map of the lines, so covariances are mapped. Intervals hold if the assumption does; they don't tell how
    likely it is, so it is varied: see :func:`extension_grid`. Assumption: `how` (untestable with these data).
    """
    given = dict(amounts or {})
    _check(flows, n_periods=n_periods, how=how, half_life=half_life, costs=costs, amounts=given, last=last)
    length = len(flows.periods)
    maps, added = [], np.zeros((len(flows.names), length + n_periods))
    for at, name in enumerate(flows.names):
        shares = _shares(flows, name, n_periods=n_periods, how=how, half_life=half_life, costs=costs)
        if name in given:
            added[at, length:], shares = given[name] * shares, np.zeros(n_periods)
        mean = np.r_[np.zeros(length - last), np.full(last, 1 / last)]
        maps.append(np.vstack([np.eye(length), np.outer(shares, mean)]))
    map_ = _block_diagonal(maps)
    return Flows(
        names=flows.names,
        estimate=(map_ @ flows.estimate.ravel()).reshape(added.shape) + added,
        covariance=map_ @ flows.covariance @ map_.T,
        df=flows.df,
        currency=flows.currency,
        periods=flows.periods + _next(flows.periods, n_periods),
    )


def extension_words(
    flows: Flows,
    *,
    n_periods: int,
    how: How,
    half_life: float | None = None,
    costs: Sequence[str] = (),
    amounts: Mapping[str, float] | None = None,
    last: int = 3,
) -> str:
    """Return the assumption of :func:`extend` in words, line by line."""
    given = dict(amounts or {})
    _check(flows, n_periods=n_periods, how=how, half_life=half_life, costs=costs, amounts=given, last=last)
    if how == "none" or n_periods == 0:
        return "Nothing is counted after the last observed period: effects and costs end at once."
    mean = "the last observed period" if last == 1 else f"the mean of the last {last} observed periods"
    span = "1 period" if n_periods == 1 else f"{n_periods} periods"
    effects = [n for n in flows.names if n not in costs and not flows.line(n).known]
    parts = []
    if effects:
        fate = f"stay at {mean}" if how == "stays" else f"start from {mean} and halve every {half_life:g} periods"
        parts.append(f"For {span} after the last observed one, effects ({', '.join(effects)}) {fate}.")
    for name in costs:
        size = f"{given[name]:,.10g} a period".replace("-", "−") if name in given else mean
        parts.append(f"{name} goes on at {size}, for {span}.")
    ends = [n for n in flows.names if n not in costs and flows.line(n).known]
    return " ".join([*parts, *(f"{name} ends with the last observed period." for name in ends)])


def extension_grid(
    flows: Flows,
    *,
    n_periods: Sequence[int],
    half_lives: Sequence[float],
    rate_annual: float,
    per_year: float,
    costs: Sequence[str] = (),
    amounts: Mapping[str, float] | None = None,
    last: int = 3,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return what all lines are worth under each assumption on what comes after.

    Returns
    -------
    pandas.DataFrame
        One row an assumption, the first that nothing comes after: ``how, half_life, n_periods, assumption`` and the
        columns of :func:`coroi.roi.present_value.present_value`.
    """
    cases: list[tuple[How, float | None, int]] = [("none", None, 0)]
    for n in n_periods:
        cases += [("fades", life, n) for life in half_lives] + [("stays", None, n)]
    rows: list[dict[str, Any]] = []
    for how, life, n in cases:
        longer = extend(flows, n_periods=n, how=how, half_life=life, costs=costs, amounts=amounts, last=last)
        words = extension_words(flows, n_periods=n, how=how, half_life=life, costs=costs, amounts=amounts, last=last)
        row = {"how": how, "half_life": np.nan if life is None else life, "n_periods": n, "assumption": words}
        rows.append(row | present_value(longer.total, rate_annual=rate_annual, per_year=per_year, level=level))
    return pd.DataFrame(rows)


def _shares(
    flows: Flows, name: str, *, n_periods: int, how: How, half_life: float | None, costs: Sequence[str]
) -> np.ndarray:
    """Return the part of a line's last periods that is left in each added one, shape (n_periods,)."""
    if how == "none" or (name not in costs and flows.line(name).known):
        return np.zeros(n_periods)
    if how == "stays" or name in costs or half_life is None:
        return np.ones(n_periods)
    return np.asarray(0.5 ** (np.arange(1, n_periods + 1) / half_life))


def _check(
    flows: Flows,
    *,
    n_periods: int,
    how: How,
    half_life: float | None,
    costs: Sequence[str],
    amounts: Mapping[str, float],
    last: int,
) -> None:
    if how not in get_args(How):
        raise DataError(f"There is no way '{how}' for effects to go on. {did_you_mean(how, get_args(How))}")
    if n_periods < 0:
        raise DataError(f"{n_periods} periods cannot be added: give 0 or more.")
    if how == "fades" and not (half_life is not None and half_life > 0):
        raise DataError("An effect that fades needs the periods in which it loses half: give a half-life above zero.")
    if how != "fades" and half_life is not None:
        raise DataError(f"'{how}' with a half-life of {half_life:g}: only an effect that fades has a half-life.")
    for name in (*costs, *amounts):
        if name not in flows.names:
            raise DataError(f"There is no line '{name}'. {did_you_mean(name, flows.names)}")
    for name, amount in amounts.items():
        if not amount <= 0:
            raise DataError(f"{name}: {amount:g} a period is no cost: costs are amounts below zero.")
        if name not in costs:
            raise DataError(
                f"{name}: an amount is given, but the line is not among the costs that go on. Name it there."
            )
    if not 1 <= last <= len(flows.periods):
        raise DataError(f"A mean of the last {last} of {len(flows.periods)} periods: give 1 to {len(flows.periods)}.")


def _block_diagonal(blocks: Sequence[np.ndarray]) -> np.ndarray:
    high, wide = blocks[0].shape
    whole = np.zeros((high * len(blocks), wide * len(blocks)))
    for i, block in enumerate(blocks):
        whole[i * high : (i + 1) * high, i * wide : (i + 1) * wide] = block
    return whole


def _next(periods: Sequence[str], n_periods: int) -> tuple[str, ...]:
    """Return the first days of the periods that follow."""
    if n_periods == 0:
        return ()
    days = [date.fromisoformat(day) for day in periods]
    for frequency in get_args(Period):
        index = [index_of(day, frequency) for day in days]
        starts = all(first_day(i, frequency) == day for i, day in zip(index, days, strict=True))
        if len(days) > 1 and starts and all(b - a == 1 for a, b in pairwise(index)):
            return tuple(first_day(index[-1] + k, frequency).isoformat() for k in range(1, n_periods + 1))
    raise DataError(
        f"{len(periods)} periods do not tell their length: give at least two, by the first day of each week, month, "
        "quarter or year, without a gap."
    )
