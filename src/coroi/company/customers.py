"""Who the customers are: a base at the start and joiners throughout, each with traits that no table shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import DAYS_PER_MONTH, Floats, Ints, as_dates, numbered, stream

SEGMENTS = ("basic", "plus", "business")
SEGMENT_SHARES = (0.50, 0.32, 0.18)
UNITS = ("north", "east", "south", "west")
UNIT_SHARES = (0.32, 0.28, 0.22, 0.18)
BASE_SHARE = 0.55
BASE_AGE_MONTHS = 36
FRAILTY_SD = 0.5
REPLYING_SD = 1.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """All customers, in order of joining; every array has shape (n_customers,).

    Parameters
    ----------
    joined : numpy.ndarray
        First day, in days since 1970.
    segment, unit : numpy.ndarray
        Positions in ``SEGMENTS`` and ``UNITS``.
    frailty : numpy.ndarray
        Own readiness to leave, in log-odds per month.
    replying : numpy.ndarray
        Own readiness to answer, in log-odds per request.
    """

    joined: Ints
    segment: Ints
    unit: Ints
    frailty: Floats
    replying: Floats

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.joined.size


def draw_people(n: int, days: Ints, seed: int) -> People:
    """Draw the customers.

    Parameters
    ----------
    n : int
        Number of customers.
    days : numpy.ndarray
        First day of every month and of the one after the last, shape (n_months + 1,).
    seed : int
        The company's seed.

    Notes
    -----
    Of all customers 55 % are there at the start, with contracts begun in the 36 months before, recent ones more
    often; the others join on any day up to the last.
    """
    joining = stream(seed, "joining")
    base = joining.random(n) < BASE_SHARE
    age = np.ceil(BASE_AGE_MONTHS * DAYS_PER_MONTH * joining.random(n) ** 1.5)
    since_start = np.floor(joining.random(n) * (days[-1] - days[0]))
    joined = days[0] + np.where(base, -age, since_start).astype(np.int64)
    return People(
        joined=np.sort(joined),
        segment=stream(seed, "segment").choice(len(SEGMENTS), n, p=SEGMENT_SHARES),
        unit=stream(seed, "unit").choice(len(UNITS), n, p=UNIT_SHARES),
        frailty=stream(seed, "frailty").normal(0, FRAILTY_SD, n),
        replying=stream(seed, "replying").normal(0, REPLYING_SD, n),
    )


def customers_table(people: People) -> pd.DataFrame:
    """Return the table `customers`."""
    return pd.DataFrame(
        {
            "customer_id": numbered("C", people.n),
            "joined_at": as_dates(people.joined),
            "segment": np.array(SEGMENTS)[people.segment],
            "unit_id": np.array(UNITS)[people.unit],
        }
    )
