"""Who the customers are: a base at the start and joiners throughout, each with traits that no table shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import DAYS_PER_MONTH, Floats, Ints, as_dates, numbered, stream
from coroi.company.culture import Culture, draw_culture, lift
from coroi.company.departments import draw_service
from coroi.company.rivals import draw_standing, temptation
from coroi.company.scenario import World

SEGMENTS = ("basic", "plus", "business")
SEGMENT_SHARES = (0.50, 0.32, 0.18)
REGIONS = ("north", "east", "south", "west")
REGION_SHARES = (0.32, 0.28, 0.22, 0.18)
UNITS_PER_REGION = 6
UNITS = tuple(f"{region}-{i}" for region in REGIONS for i in range(1, UNITS_PER_REGION + 1))
BASE_SHARE = 0.55
BASE_AGE_MONTHS = 36
FRAILTY_SD = 0.5
REPLYING_SD = 1.3
LEVEL_SD = 0.8
UNIT_LEVEL_SD = 0.1
REGION_LEVELS = (0.15, 0.0, -0.2, 0.1)
SPENDING_SD = 0.5
DEPENDENCE_SD = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """All customers, in order of joining; every array but the last has shape (n_customers,).

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
    level : numpy.ndarray
        Own level of satisfaction, the unit's included.
    spending : numpy.ndarray
        Own readiness to buy, in log-odds per month.
    rivals : numpy.ndarray
        What each thinks of the rivals, in points of the scale from 0 to 10 about the mean.
    dependence : numpy.ndarray
        How much of the customer's own work hangs on the product, in standard deviations.
    service : numpy.ndarray
        How much better than usual each department serves them, shape (n_departments, n_customers).
    """

    joined: Ints
    segment: Ints
    unit: Ints
    frailty: Floats
    replying: Floats
    level: Floats
    spending: Floats
    rivals: Floats
    dependence: Floats
    service: Floats

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.joined.size


def unit_levels(world: World, seed: int) -> Floats:
    """Return each unit's own part in the satisfaction of its customers, shape (n_units,)."""
    if not world.switches.heterogeneity:
        return np.zeros(len(UNITS))
    return np.repeat(REGION_LEVELS, UNITS_PER_REGION) + _own_levels(seed)


def unit_culture(world: World, seed: int) -> Culture:
    """Return how each unit is led, before anything is done to it from outside."""
    return draw_culture(_own_levels(seed) / UNIT_LEVEL_SD, seed, world)


def _own_levels(seed: int) -> Floats:
    return stream(seed, "unit level").normal(0, UNIT_LEVEL_SD, len(UNITS))


def draw_people(n: int, days: Ints, seed: int, world: World, block: int = 0) -> People:
    """Draw the customers.

    Parameters
    ----------
    n : int
        Number of customers.
    days : numpy.ndarray
        First day of every month and of the one after the last, shape (n_months + 1,).
    seed : int
        The company's seed.
    world : World
        The company's rules.
    block : int
        Which part of the customers.

    Notes
    -----
    Of all customers 55 % are there at the start, with contracts begun in the 36 months before, recent ones more
    often; the others join on any day up to the last.
    """
    joining = stream(seed, "joining", block)
    base = joining.random(n) < (BASE_SHARE if world.switches.late_joiners else 1.0)
    age = np.ceil(BASE_AGE_MONTHS * DAYS_PER_MONTH * joining.random(n) ** 1.5)
    since_start = np.floor(joining.random(n) * (days[-1] - days[0]))
    joined = days[0] + np.where(base, -age, since_start).astype(np.int64)
    shares = np.repeat(REGION_SHARES, UNITS_PER_REGION) / UNITS_PER_REGION
    unit = stream(seed, "unit", block).choice(len(UNITS), n, p=shares)

    def trait(name: str, spread: float) -> Floats:
        drawn = stream(seed, name, block).normal(0, spread, n)
        return drawn if world.switches.heterogeneity else np.zeros(n)

    level, frailty = trait("satisfaction level", LEVEL_SD), trait("frailty", FRAILTY_SD)
    unit_level = unit_levels(world, seed) + lift(unit_culture(world, seed), UNIT_LEVEL_SD, world)
    return People(
        joined=np.sort(joined),
        segment=stream(seed, "segment", block).choice(len(SEGMENTS), n, p=SEGMENT_SHARES),
        unit=unit,
        frailty=frailty - world.scenario.trait * level + temptation(FRAILTY_SD, world),
        replying=trait("replying", REPLYING_SD),
        level=level + unit_level[unit] + world.intervention.level,
        spending=trait("spending", SPENDING_SD),
        rivals=draw_standing(frailty / FRAILTY_SD, seed, world, block) + world.intervention.rivals,
        dependence=trait("dependence", DEPENDENCE_SD),
        service=draw_service(unit, len(UNITS), seed, world, block),
    )


def customers_table(people: People, after: int = 0) -> pd.DataFrame:
    """Return the table `customers`, numbered from the one `after`."""
    return pd.DataFrame(
        {
            "customer_id": numbered("C", people.n, after),
            "joined_at": as_dates(people.joined),
            "segment": np.array(SEGMENTS)[people.segment],
            "unit_id": np.array(UNITS)[people.unit],
        }
    )
