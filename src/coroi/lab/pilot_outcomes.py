"""What a pilot could move: retention, the mean score of those who answer, money; each as the data show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coroi.lab.pilot_before import (
    Sides,
    money_sides,
    score_sides,
    share_side_rows,
    share_sides,
    usable,
    value_side_rows,
)
from coroi.lab.pilot_people import NONE, People
from coroi.lab.pilot_rows import Rows, money_rows, score_rows, share_rows, some_of
from coroi.lab.pilot_units import money_units, score_units, share_units
from coroi.report.privacy import fewer_than
from coroi.report.privacy import people as people_words

RETENTION, SCORE, MONEY = "retention", "score", "money"
_FEWEST_ANSWERS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """One outcome of a pilot.

    Parameters
    ----------
    name : str
        ``retention``, ``score`` or ``money``.
    base : float
        Its mean without the pilot: a share, a score, money per customer over the horizon.
    most : float
        Largest effect that is possible.
    spread : float
        Standard deviation between customers.
    n : int
        Customers who count: all, or those who answer.
    hidden : str
        Why nothing of it may be told; empty where it may. Its numbers are NaN then.
    """

    name: str
    base: float
    most: float
    spread: float
    n: int
    hidden: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """The pilot's customers and how they are looked at.

    Parameters
    ----------
    whole : People
        Followed over the horizon as one step.
    steps : People or None
        The same customers by step of the staged roll-out; ``None`` where the data have no time in them.
    lengths : tuple of int
        Periods of each step.
    good : bool
        Whether the event is wanted (a purchase) or not (an exit).
    top : float
        The scale's good end; NaN without a metric.
    response_rate : float or None
        Share of customers who answer, where it is not the data's.
    dates : tuple of (People, People)
        Cohorts after and before each placebo date, over one horizon each.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    whole: People
    steps: People | None
    lengths: tuple[int, ...]
    good: bool
    top: float
    response_rate: float | None
    dates: tuple[tuple[People, People], ...]
    smallest_cell: int = 1

    @property
    def kept(self) -> np.ndarray:
        """Who stays, or buys again, within the horizon."""
        return (self.whole.event != NONE) == self.good


def outcomes_of(setting: Setting) -> tuple[tuple[Outcome, ...], dict[str, str]]:
    """Return the outcomes that the data bear, and why they do not bear the others."""
    found, missing = [], {}
    kept = setting.kept
    found.append(_retention(kept, setting.smallest_cell))
    score = setting.whole.score
    values = np.array([]) if score is None else score[~np.isnan(score)]
    if len(values) < max(_FEWEST_ANSWERS, setting.smallest_cell) or np.ptp(values) == 0:
        missing[SCORE] = _why_no_score(setting, values)
    else:
        rate = setting.response_rate or len(values) / len(kept)
        mean, spread = float(values.mean()), float(values.std())
        n = round(rate * len(kept))
        found.append(Outcome(name=SCORE, base=mean, most=setting.top - mean, spread=spread, n=n))
    money = setting.whole.money
    if money is None:
        missing[MONEY] = "the data hold no margin and no revenue by customer and period"
    elif np.ptp(money) == 0:
        missing[MONEY] = "every customer brings the same money"
    else:
        spread = float(money.std())
        found.append(Outcome(name=MONEY, base=float(money.mean()), most=float("inf"), spread=spread, n=len(kept)))
    return tuple(found), missing


def _retention(kept: np.ndarray, smallest: int) -> Outcome:
    """Return the share who stay or buy again; nothing of it where few did or did not: any size would tell how many."""
    n, stayed = len(kept), int(kept.sum())
    for count, did in ((n - stayed, "lost"), (stayed, "kept")):
        if 0 < count < smallest:
            why = f"{fewer_than(smallest)} customers were {did} within the horizon in the data"
            nothing = float("nan")
            return Outcome(name=RETENTION, base=nothing, most=nothing, spread=nothing, n=n, hidden=why)
    share = stayed / n
    return Outcome(name=RETENTION, base=share, most=1 - share, spread=float(kept.astype(float).std()), n=n)


def customer_rows(
    setting: Setting, outcome: Outcome, *, by_step: bool, adjusted: bool = True
) -> Callable[[np.random.Generator, np.ndarray], Rows]:
    """Return what builds the rows that a pilot by customer draws from, for given effects."""
    people = setting.steps if by_step else setting.whole
    assert people is not None
    lengths = setting.lengths if by_step else (sum(setting.lengths),)

    def build(rng: np.random.Generator, effects: np.ndarray) -> Rows:
        if outcome.name == RETENTION:
            return share_rows(people.event, lengths, effects, good=setting.good)
        some = some_of(rng, len(people))
        if outcome.name == SCORE:
            assert people.score is not None
            earlier = _some(people.earlier_score if adjusted else None, some)
            rate = setting.response_rate
            return score_rows(people.score[some], earlier, effects, top=setting.top, response_rate=rate)
        assert people.money is not None
        earlier = _some(people.earlier_money if adjusted else None, some)
        return money_rows(people.money[some], earlier, lengths, effects)

    return build


def unit_rows(setting: Setting, outcome: Outcome) -> Callable[[np.random.Generator, np.ndarray], Rows]:
    """Return what builds the rows that a staged roll-out by unit draws from, for given effects."""
    people = setting.steps
    assert people is not None

    def build(rng: np.random.Generator, effects: np.ndarray) -> Rows:
        if outcome.name == RETENTION:
            return share_units(rng, people, setting.lengths, effects, good=setting.good)
        if outcome.name == SCORE:
            return score_units(rng, people, effects, top=setting.top, response_rate=setting.response_rate)
        return money_units(people, setting.lengths, effects)

    return build


def date_sides(setting: Setting, outcome: Outcome) -> list[Sides]:
    """Return both sides of every placebo date that holds customers enough."""
    sides = []
    for after, before in setting.dates:
        if outcome.name == RETENTION:
            found = share_sides(after, before, good=setting.good)
        else:
            found = (score_sides if outcome.name == SCORE else money_sides)(after, before)
        if usable(found):
            sides.append(found)
    return sides


def side_rows(setting: Setting, outcome: Outcome, sides: Sides) -> Callable[[np.random.Generator, np.ndarray], Rows]:
    """Return what builds the rows that a before–after draws from, for given effects."""

    def build(rng: np.random.Generator, effects: np.ndarray) -> Rows:
        if outcome.name == RETENTION:
            return share_side_rows(sides, effects)
        rows = value_side_rows(rng, sides, effects, top=setting.top if outcome.name == SCORE else None)
        if outcome.name != SCORE or setting.response_rate is None:
            return rows
        return _answering_at(rows, setting.response_rate * sides.n_after / np.isfinite(sides.after).sum())

    return build


def _answering_at(rows: Rows, factor: float) -> Rows:
    """Let answers be so many times as frequent; who answers on neither side makes up the rest."""
    answers = rows.counted.any(axis=1)
    answering = min(float(rows.share[answers].sum()) * factor, 1.0)
    silent = rows.share[~answers].sum()
    share = np.where(answers, rows.share * answering / rows.share[answers].sum(), 0.0)
    share = share + np.where(answers, 0.0, rows.share * (1 - answering) / (silent or 1.0))
    return replace(rows, share=share / share.sum())


def _some(values: np.ndarray | None, some: Sequence[int] | np.ndarray) -> np.ndarray | None:
    return None if values is None else values[some]


def _why_no_score(setting: Setting, values: np.ndarray) -> str:
    if setting.whole.score is None:
        return "the plan has no metric with answers"
    n = len(values)
    if n < max(_FEWEST_ANSWERS, setting.smallest_cell):
        who = people_words(n, setting.smallest_cell) if n else "no customer"
        return f"{who} of the pilot answered within one horizon in the data"
    return "every answer is the same"
