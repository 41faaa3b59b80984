"""All that happens in one block of customers, month by month: what the tables show and what they hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.company.advice import Advice, Advising
from coroi.company.clock import Flags, Floats, Ints, first_days, month_number, stream
from coroi.company.contacts import Contacts, Service
from coroi.company.customers import People, draw_people
from coroi.company.followups import COST as FOLLOW_UP_COST
from coroi.company.followups import CallingBack, FollowUps
from coroi.company.programme import RollOut, cost_per_customer, draw_roll_out, intervened, push
from coroi.company.referrals import Recommending, Referrals
from coroi.company.responses import NPS, SURVEYS, TRUST, Answered, Answers, Asking
from coroi.company.satisfaction import Feelings
from coroi.company.scenario import World
from coroi.company.spending import EXPECTED_SHARE, Buying, Purchases, together
from coroi.company.subscriptions import Contracts, Leaving, list_price
from coroi.company.usage import Readings, Using

BLOCK = 20_000
"""Customers drawn at once: each block has chance of its own, so that memory does not grow with the company."""
SERVING_SHARE = 0.4  # of the price
CONTACT_COST = 4.0
REPEATED_CONTACT_COST = 6.0
TRUST_BY_SATISFACTION = 0.5
MONEY = ("earned", "revenue", "serving", "programme_cost", "follow_up_cost")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All that happened, seen and unseen; arrays by month have shape (n_months, n_customers).

    Parameters
    ----------
    days : numpy.ndarray
        First day of every month and of the one after the last, shape (n_months + 1,).
    people : People
        The customers.
    roll_out : RollOut
        The units' programme.
    satisfaction : numpy.ndarray
        Latent satisfaction, shape (n_months + 1, n_customers); the first row is the month before the first.
    trust : numpy.ndarray
        Latent trust when the month's surveys are sent, shape (n_months, n_customers).
    here : numpy.ndarray
        Who has a contract on the month's first day.
    leaving : numpy.ndarray
        Chance that a contract ends in the month, as it stood on its first day; 0 without one that could.
    serving, programme_cost, follow_up_cost : numpy.ndarray
        Costs.
    earned, revenue : numpy.ndarray
        Prices paid and margins of purchases; prices paid and amounts of purchases.
    contracts : Contracts
        The contracts.
    answers : tuple of Answers
        The answers, by survey.
    contacts, follow_ups, purchases, referrals, advice : tuple
        By month.
    readings : tuple of Readings
        The readings of use.
    """

    days: Ints
    people: People
    roll_out: RollOut
    satisfaction: Floats
    trust: Floats
    here: Flags
    leaving: Floats
    serving: Floats
    programme_cost: Floats
    follow_up_cost: Floats
    earned: Floats
    revenue: Floats
    contracts: Contracts
    answers: tuple[Answers, ...]
    contacts: tuple[Contacts, ...]
    follow_ups: tuple[FollowUps, ...]
    purchases: tuple[Purchases, ...]
    referrals: tuple[Referrals, ...]
    advice: tuple[Advice, ...]
    readings: tuple[Readings, ...]

    @property
    def profit(self) -> Floats:
        """What is earned less every cost, by month and customer."""
        return self.earned - self.serving - self.programme_cost - self.follow_up_cost


def block_sizes(customers: int) -> list[int]:
    """Return the sizes of the blocks that make up a number of customers."""
    full, rest = divmod(customers, BLOCK)
    return [BLOCK] * full + [rest] * (rest > 0)


class _Course:
    """The mechanisms of one block, and what they have brought about so far."""

    def __init__(self, people: People, days: Ints, seed: int, block: int, world: World) -> None:
        months = days.size - 1
        self._people, self._days, self._world = people, days, world
        self.roll_out = intervened(draw_roll_out(months, seed, world), world)
        self.leaving, self._feelings = Leaving(people, seed, block, world), Feelings(people, seed, block, world)
        self._service, self._buying = Service(people, seed, block), Buying(people, seed, block, world)
        self.using, self._advising = Using(people, seed, block, world), Advising(people, seed, block, world)
        self.asking = [Asking(survey, people, seed, block, world) for survey in SURVEYS]
        self._calling, self._recommending = CallingBack(seed, block, world), Recommending(people, seed, block, world)
        self._moods = stream(seed, "mood", block)
        self.satisfaction = np.empty((months + 1, people.n))
        self.satisfaction[0] = self._feelings.satisfaction
        self.trust, self.chance = np.zeros((months, people.n)), np.zeros((months, people.n))
        self.here = np.zeros((months, people.n), dtype=bool)
        self.money = {name: np.zeros((months, people.n)) for name in MONEY}
        self.contacts: list[Contacts] = []
        self.follow_ups: list[FollowUps] = []
        self.purchases: list[Purchases] = []
        self.referrals: list[Referrals] = []
        self.advice: list[Advice] = []

    def month(self, month: int) -> None:
        """Let a month pass: leaving, service, satisfaction, use, surveys, follow-ups, purchases, referrals, advice."""
        days, here, feelings = self._days, self.leaving.start <= self._days[month], self._feelings
        start = np.minimum(self.leaving.start, days[-1])
        price = list_price(self._people.segment, month_number(start) - month_number(days[:1])) * here
        pushed = push(self.roll_out, month, self._world)[self._people.unit]
        self.leaving.month(self.satisfaction[month], feelings.trust, self.using.engagement, days, month)
        contacts = self._service.month(here, self.leaving, pushed, days, month, self._world)
        feelings.served(contacts)
        felt, trust = feelings.feel(pushed), feelings.trust
        self.using.month(felt, self.leaving, days, month)
        called = self._calling.month(self._ask(felt, month), here.size)
        feelings.followed_up(called.customer[called.called])
        lines, buys = self._buying.month(here, self.leaving, felt, trust, days, month)
        feelings.bought(buys, EXPECTED_SHARE * here)
        advice, sales = self._advising.month(here, self.leaving, days, month)
        self.satisfaction[month + 1], self.trust[month], self.here[month] = felt, trust, here
        self.chance[month] = self.leaving.chance
        self.contacts.append(contacts)
        self.follow_ups.append(called)
        self.purchases.append(together(lines, sales))
        self.referrals.append(self._recommending.month(here, felt, trust, days, month))
        self.advice.append(advice)
        feelings.advised(advice.customer[advice.away])
        self._book(month, price)

    def _ask(self, felt: Floats, month: int) -> Answered:
        """Draw the answers to every survey and return those to the NPS."""
        mood = self._moods.standard_normal(felt.size)
        asked_for = {TRUST.metric: self._feelings.trust + TRUST_BY_SATISFACTION * felt}
        found = [
            asking.month(asked_for.get(survey.metric, felt), mood, self.leaving, self._days, month)
            for survey, asking in zip(SURVEYS, self.asking, strict=True)
        ]
        return found[SURVEYS.index(NPS)]

    def _book(self, month: int, price: Floats) -> None:
        """Book the month's money."""
        earned, revenue, serving, programme, following = (self.money[name][month] for name in MONEY)
        contacts, called, lines = self.contacts[-1], self.follow_ups[-1], self.purchases[-1]
        earned += price
        revenue += price
        np.add.at(earned, lines.customer, lines.margin)
        np.add.at(revenue, lines.customer, lines.amount)
        serving += SERVING_SHARE * price
        serving[contacts.customer] += CONTACT_COST + REPEATED_CONTACT_COST * ~contacts.solved
        programme += cost_per_customer(self.roll_out, month, self._world)[self._people.unit] * self.here[month]
        np.add.at(following, called.customer, FOLLOW_UP_COST * called.called)


def draw_history(*, customers: int, months: int, seed: int, world: World | None = None, block: int = 0) -> History:
    """Draw one block of a company's customers and all that happens to them.

    Parameters
    ----------
    customers, months : int
        Size of the block, and months observed.
    seed : int
        The company's seed.
    world : World, optional
        The company's rules; the baseline's by default.
    block : int
        Which part of the customers.
    """
    world, days = world or World(), first_days(months)
    people = draw_people(customers, days, seed, world, block)
    course = _Course(people, days, seed, block, world)
    for month in range(months):
        course.month(month)
    return History(
        days=days,
        people=people,
        roll_out=course.roll_out,
        satisfaction=course.satisfaction,
        trust=course.trust,
        here=course.here,
        leaving=course.chance,
        contracts=course.leaving.contracts(int(days[-1])),
        answers=tuple(asking.answers() for asking in course.asking),
        contacts=tuple(course.contacts),
        follow_ups=tuple(course.follow_ups),
        purchases=tuple(course.purchases),
        referrals=tuple(course.referrals),
        advice=tuple(course.advice),
        readings=course.using.readings(),
        **course.money,
    )
