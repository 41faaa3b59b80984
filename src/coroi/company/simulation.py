"""The company as an analyst would be given it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from coroi.company.advice import advice_table
from coroi.company.changes import changes_table
from coroi.company.clock import first_days, numbered
from coroi.company.competitors import competitors_table
from coroi.company.contacts import touchpoints_table
from coroi.company.costs import Ledger
from coroi.company.customers import customers_table, unit_culture
from coroi.company.factors import factors_table
from coroi.company.firms import draw_firms, firm_returns_table, firms_table, unfold
from coroi.company.followups import follow_ups_table
from coroi.company.history import History, block_sizes, draw_history
from coroi.company.practices import practices_table
from coroi.company.programme import programme_table, recognition_table
from coroi.company.referrals import referrals_table
from coroi.company.responses import responses_table
from coroi.company.scenario import SCENARIOS, Switches, World
from coroi.company.spending import transactions_table
from coroi.company.subscriptions import subscriptions_table
from coroi.company.usage import usage_table
from coroi.errors import CoroiError, Problem, did_you_mean, raise_together

Tables = dict[str, pd.DataFrame]
NUMBERED = ("subscriptions", "responses", "transactions", "touchpoints", "advice")


@dataclass(frozen=True, kw_only=True, eq=False)
class Company:
    """A synthetic company as an analyst would see it; see :func:`simulate_company`.

    Parameters
    ----------
    customers, months, seed : int
        What it is simulated from.
    scenario : str
        A key of ``SCENARIOS``.
    switches : Switches
        Its behaviours.
    """

    customers: int
    months: int
    seed: int
    scenario: str = "baseline"
    switches: Switches = field(default_factory=Switches)

    @property
    def world(self) -> World:
        """The company's rules."""
        return World(scenario=SCENARIOS[self.scenario], switches=self.switches)

    @cached_property
    def tables(self) -> Tables:
        """All tables, whole, by name."""
        pieces: dict[str, list[pd.DataFrame]] = defaultdict(list)
        for piece in self.pieces():
            for name, rows in piece.items():
                pieces[name].append(rows)
        return {name: pd.concat(found, ignore_index=True) for name, found in sorted(pieces.items())}

    def pieces(self) -> Iterator[Tables]:
        """Simulate block by block and yield the rows that each adds; tables of the company as a whole come last."""
        counted: Counter[str] = Counter()
        ledger = Ledger(self.months)
        for block, size in enumerate(block_sizes(self.customers)):
            history = draw_history(customers=size, months=self.months, seed=self.seed, world=self.world, block=block)
            piece = self._piece(history, block, counted)
            ledger.add(history)
            counted.update({name: len(piece[name]) for name in NUMBERED} | {"customers": size})
            counted["there at the end"] += int(piece["subscriptions"]["end_at"].isna().sum())
            yield piece
        yield {"costs": ledger.table()}
        yield self._whole(counted["there at the end"])

    def _whole(self, reachable: int) -> Tables:
        """Return the tables that are not told customer by customer."""
        days, market = first_days(self.months), draw_firms(self.seed)
        fortunes = unfold(market, self.world)
        return {
            "practices": practices_table(unit_culture(self.world, self.seed), self.seed, days),
            "changes": changes_table(self.seed, reachable, days),
            "firms": firms_table(fortunes, self.months),
            "firm_returns": firm_returns_table(fortunes, self.months),
            "factors": factors_table(market.factors[0], market.risk_free[0], self.months),
        }

    def _piece(self, history: History, block: int, counted: Counter[str]) -> Tables:
        ids = np.array(numbered("C", history.people.n, counted["customers"]), dtype=object)
        last = int(history.days[-1])
        programme = follow_ups_table(history.follow_ups, ids, last)
        first: Tables = {}
        if block == 0:
            programme = pd.concat([programme_table(history.roll_out, history.days), programme], ignore_index=True)
            first = {"recognition": recognition_table(history.roll_out, history.days)}
        return first | {
            "customers": customers_table(history.people, counted["customers"]),
            "subscriptions": subscriptions_table(
                history.people, history.contracts, history.days, ids, counted["subscriptions"]
            ),
            "responses": responses_table(history.answers, ids, self.seed, block, counted["responses"]),
            "transactions": transactions_table(history.purchases, ids, counted["transactions"], last),
            "touchpoints": touchpoints_table(history.contacts, ids, counted["touchpoints"]),
            "programme": programme,
            "referrals": referrals_table(history.referrals, ids),
            "usage": usage_table(history.readings, ids, self.seed, block),
            "advice": advice_table(history.advice, ids, counted["advice"]),
            "competitors": competitors_table(history, ids, self.seed, self.world, block),
        }


def simulate_company(
    *, customers: int, months: int, seed: int, scenario: str = "baseline", switches: Switches | None = None
) -> Company:
    """Simulate a company from its practices through service, satisfaction and loyalty to profit.

    Parameters
    ----------
    customers : int
        Number of customers, 1 or more: about half of them there at the start, the others joining throughout.
    months : int
        Months observed from January 2022 on, 2 or more.
    seed : int
        0 or more; equal arguments give equal tables.
    scenario : str
        A key of ``SCENARIOS``.
    switches : Switches, optional
        Behaviours of real data; all are on by default.

    Raises
    ------
    CoroiError
        If a number is not whole, or too small, or there is no such scenario.

    Notes
    -----
    Practices rolled out to units better their service and, slowly, satisfaction. A latent satisfaction drives
    answers, the readiness to answer, use, leaving a month later, buying and recommending; trust drives leaving,
    buying and recommending too, and honest advice raises it. Engagement goes with use and foretells leaving, a weak
    department weighs beyond the mean of all, and satisfaction weighs more with customers who depend on the product.
    Customers of a unit share its practices; else they are independent of each other.
    """
    _check_arguments({"customers": customers, "months": months, "seed": seed}, scenario)
    return Company(customers=customers, months=months, seed=seed, scenario=scenario, switches=switches or Switches())


def _check_arguments(arguments: dict[str, int], scenario: str) -> None:
    least = {"customers": 1, "months": 2, "seed": 0}
    problems = [
        Problem("simulate", f"{name} is {value!r}.", f"Give a whole number of {least[name]} or more.")
        for name, value in arguments.items()
        if isinstance(value, bool) or not isinstance(value, int) or value < least[name]
    ]
    if scenario not in SCENARIOS:
        problems.append(Problem("simulate", f"there is no scenario {scenario!r}.", did_you_mean(scenario, SCENARIOS)))
    raise_together(problems, CoroiError)
