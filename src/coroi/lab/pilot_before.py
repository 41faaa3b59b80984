"""Before–after without a control: what it would call an effect, among dates at which there was none of this pilot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coroi.lab.pilot_compare import Replications, before_after, compare
from coroi.lab.pilot_people import NONE, People
from coroi.lab.pilot_rows import Rows, score_shift, some_of

MOST_DATES = 24
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """Customers around one placebo date: those at risk on it, and those at risk one horizon earlier.

    Parameters
    ----------
    after, before : numpy.ndarray
        Outcome of each customer's horizon after and before the date, NaN where they do not count in it.
    n_after : int
        Customers at risk on the date, whether or not they answered.
    """

    after: np.ndarray
    before: np.ndarray
    n_after: int

    @property
    def drift(self) -> float:
        """Mean after less mean before."""
        return float(np.nanmean(self.after) - np.nanmean(self.before))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drifts:
    """Simulated before–afters, and what the calendar alone did at the placebo dates.

    Parameters
    ----------
    replications : Replications
        Of the test as it is usually done.
    observed : numpy.ndarray
        Change at each placebo date.
    true : numpy.ndarray
        The same, drawn together by as much as chance alone spreads them.
    alarms : int
        Placebo dates at which the usual test rejects in the data as they are.
    """

    replications: Replications
    observed: np.ndarray
    true: np.ndarray
    alarms: int


def placebo_starts(first: int, last: int, horizon: int) -> list[int]:
    """Return the numbers of the periods with a whole horizon before and after them, at most 24, evenly spaced."""
    starts = np.arange(first + horizon, last - horizon + 2)
    if len(starts) > MOST_DATES:
        starts = starts[np.unique(np.linspace(0, len(starts) - 1, MOST_DATES).round().astype(int))]
    return [int(s) for s in starts]


def share_sides(after: People, before: People, *, good: bool) -> Sides:
    """Return, for customers of either side, whether they stayed (or bought)."""
    return _join(after, before, *(((p.event != NONE) == good).astype(float) for p in (after, before)))


def score_sides(after: People, before: People) -> Sides:
    """Return the mean score of customers who answered."""
    assert after.score is not None
    assert before.score is not None
    return _join(after, before, after.score[:, 0], before.score[:, 0])


def money_sides(after: People, before: People) -> Sides:
    """Return the money of customers, whether or not they are still there at the end."""
    assert after.money is not None
    assert before.money is not None
    return _join(after, before, after.money[:, 0], before.money[:, 0])


def usable(sides: Sides) -> bool:
    """Say whether both sides hold customers enough to be compared."""
    return all(np.isfinite(side).sum() >= _FEWEST for side in (sides.after, sides.before))


def tells_few(sides: Sides, smallest: int, *, share: bool) -> bool:
    """Say whether few customers are behind a date's change: those on a side, or of these who stayed or did not.

    Parameters
    ----------
    sides : Sides
        Both sides of the date.
    smallest : int
        Smallest count of customers that may be shown.
    share : bool
        Whether the outcome is a share, of which either part counts.
    """
    counts = []
    for side in (sides.after, sides.before):
        seen = side[np.isfinite(side)]
        counts += [int(seen.sum()), int(len(seen) - seen.sum())] if share else [len(seen)]
    return any(0 < n < smallest for n in counts)


def share_side_rows(sides: Sides, effects: np.ndarray) -> Rows:
    """Return kinds of customers by outcome on both sides; an effect wins over customers lost after."""
    states = np.column_stack([sides.after, sides.before])
    kinds, n = np.unique(np.nan_to_num(states, nan=NONE), axis=0, return_counts=True)
    lost = kinds[:, 0] == 0
    share_lost = n[lost].sum() / n[kinds[:, 0] != NONE].sum()
    won = np.diff(np.append(np.clip(effects / share_lost, 0, 1) if share_lost else np.zeros(len(effects)), 1.0))
    first = (np.arange(len(effects))[:, None] > np.arange(len(effects))[None, :]).astype(float)
    share, after, other = [n[~lost].astype(float)], [np.tile(kinds[~lost, 0], (len(effects), 1))], [kinds[~lost, 1]]
    for kind, count in zip(kinds[lost], n[lost], strict=True):
        share.append(count * won)
        after.append(first)
        other.append(np.full(len(effects), kind[1]))
    values = np.stack([np.concatenate(after, axis=1), np.tile(np.concatenate(other), (len(effects), 1))], axis=2)
    return _rows(np.concatenate(share), values, values[0] != NONE)


def value_side_rows(rng: np.random.Generator, sides: Sides, effects: np.ndarray, *, top: float | None) -> Rows:
    """Return customers with what they scored or brought on both sides; an effect moves what comes after.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the customers who stand for all where there are too many.
    sides : Sides
        The two sides.
    effects : numpy.ndarray
        From 0.
    top : float or None
        End of the scale that no score can pass; ``None`` for money.
    """
    some = some_of(rng, len(sides.after))
    after, before = sides.after[some], sides.before[some]
    shift = effects if top is None else score_shift(after[~np.isnan(after)], effects, top)
    moved = after + shift[:, None]
    moved = moved if top is None else np.minimum(moved, top)
    values = np.stack([moved, np.tile(before, (len(effects), 1))], axis=2)
    return _rows(np.ones(len(after)), values, ~np.isnan(values[0]))


def simulate_dates(
    rng: np.random.Generator,
    dates: Sequence[tuple[Sides, Rows]],
    *,
    n: int,
    replications: int,
    alpha: float,
) -> Drifts:
    """Simulate before–afters that begin on placebo dates, as many on each.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    dates : sequence of (Sides, Rows)
        What each date shows, and what its pilots are drawn from.
    n : int
        Customers of the pilot.
    replications : int
        Simulated pilots over all dates; at least as many are drawn.
    alpha : float
        Two-sided level.

    Returns
    -------
    Drifts

    Notes
    -----
    A pilot drawn from a date's customers scatters about the change that the date shows, which holds chance already.
    Taken as it is, that change would count chance twice: 17 % of pilots would raise a false alarm where nothing
    drifts. So the changes are drawn together until their mean square is what is left of it after that of chance.

    Assumptions: the calendar's drift in the pilot is like that at the placebo dates (untestable); the dates were
    free of changes as deliberate as the pilot (untestable here).
    """
    each = -(-replications // len(dates))
    drawn, observed, noise, alarms = [], [], [], 0
    for sides, rows in dates:
        size = max(round(len(sides.after) * n / sides.n_after), _FEWEST)
        found = compare(rng, rows, before_after(size), replications=each, alpha=alpha)
        scale = np.sqrt(size / len(sides.after))
        drawn.append(found)
        observed.append(sides.drift)
        noise.append(float(found.estimate[0].std()) * scale)
        assert found.margin is not None
        alarms += bool(abs(sides.drift) > np.nanmedian(found.margin[0]) * scale)
    seen = np.array(observed)
    square, chance = np.mean(seen**2), np.mean(np.square(noise))
    true = seen * np.sqrt(max(square - chance, 0.0) / square) if square > 0 else seen
    estimate = np.concatenate([d.estimate + t - o for d, t, o in zip(drawn, true, seen, strict=True)], axis=1)
    margin = np.concatenate([d.margin for d in drawn if d.margin is not None], axis=1)
    with np.errstate(invalid="ignore"):
        reject = np.abs(estimate) > margin
    return Drifts(
        replications=Replications(estimate=estimate, reject=reject, margin=margin),
        observed=seen,
        true=true,
        alarms=alarms,
    )


def _rows(share: np.ndarray, values: np.ndarray, counted: np.ndarray) -> Rows:
    return Rows(share=share / share.sum(), outcome=np.where(counted, values, 0.0), counted=counted.astype(float))


def _join(after: People, before: People, later: np.ndarray, earlier: np.ndarray) -> Sides:
    """Lay two cohorts side by side, customers who are in both once."""
    ids = np.union1d(after.ids, before.ids)
    values = np.full((2, len(ids)), np.nan)
    for row, people, value in ((0, after, later), (1, before, earlier)):
        values[row, np.searchsorted(ids, people.ids)] = value
    return Sides(after=values[0], before=values[1], n_after=len(after))
