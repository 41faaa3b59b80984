"""The company as an analyst would be given it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coroi.company.customers import customers_table
from coroi.company.history import draw_history
from coroi.company.responses import responses_table
from coroi.company.subscriptions import subscriptions_table
from coroi.company.truth import true_retention
from coroi.errors import CoroiError, Problem, raise_together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Company:
    """A synthetic company as an analyst would see it.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        `customers`, `responses` and `subscriptions`, with the columns of the clean tables.
    customers, months, seed : int
        What it was simulated from.
    """

    tables: dict[str, pd.DataFrame]
    customers: int
    months: int
    seed: int

    @property
    def truth(self) -> dict[str, object]:
        """What the studies ought to find: computed anew at every call, by simulating a far larger company."""
        simulated = {"customers": self.customers, "months": self.months, "seed": self.seed}
        return {"company": simulated, "retention": true_retention(months=self.months)}


def simulate_company(*, customers: int, months: int, seed: int) -> Company:
    """Simulate a company whose customers hold monthly contracts and answer surveys.

    Parameters
    ----------
    customers : int
        Number of customers, 1 or more: about half of them there at the start, the others joining throughout.
    months : int
        Months observed from January 2022 on, 2 or more.
    seed : int
        0 or more; equal arguments give equal tables.

    Raises
    ------
    CoroiError
        If an argument is not a whole number, or too small.

    Notes
    -----
    A latent satisfaction drives answers, the readiness to answer, and leaving a month later. Older contracts are left
    less and their holders answer more; nothing else ties answers to exits. Customers are independent of each other.
    """
    _check_arguments({"customers": customers, "months": months, "seed": seed})
    history = draw_history(customers=customers, months=months, seed=seed)
    tables = {
        "customers": customers_table(history.people),
        "responses": responses_table(history.people, history.answers, seed),
        "subscriptions": subscriptions_table(history.people, history.contracts, history.days),
    }
    return Company(tables=tables, customers=customers, months=months, seed=seed)


def _check_arguments(arguments: dict[str, int]) -> None:
    least = {"customers": 1, "months": 2, "seed": 0}
    raise_together(
        (
            Problem("simulate", f"{name} is {value!r}.", f"Give a whole number of {least[name]} or more.")
            for name, value in arguments.items()
            if isinstance(value, bool) or not isinstance(value, int) or value < least[name]
        ),
        CoroiError,
    )
