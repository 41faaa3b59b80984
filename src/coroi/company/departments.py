"""How well each department serves each customer, and how far the weakest lies below the mean of all."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats, Ints, stream
from coroi.company.scenario import World

DEPARTMENTS = ("support", "billing", "delivery")
UNIT_SD, OWN_SD = 0.35, 0.35  # log-odds of a contact going well
USUAL_SHORTFALL = 0.42


def draw_service(unit: Ints, n_units: int, seed: int, world: World, block: int) -> Floats:
    """Draw how much better than usual each department serves each customer, shape (n_departments, n_customers).

    Parameters
    ----------
    unit : numpy.ndarray
        Position of each customer's unit.
    n_units : int
        Number of units; a part of the service is the same for all customers of a unit.
    seed : int
        The company's seed.
    world : World
        The company's rules; what is done to its departments is included.
    block : int
        Which part of the customers.
    """
    service = np.zeros((len(DEPARTMENTS), unit.size))
    if world.switches.heterogeneity:
        of_unit = stream(seed, "departments of units").normal(0, UNIT_SD, (len(DEPARTMENTS), n_units))
        own = stream(seed, "departments", block).normal(0, OWN_SD, (len(DEPARTMENTS), unit.size))
        service = of_unit[:, unit] + own
    service[service.argmin(axis=0), np.arange(unit.size)] += world.intervention.weakest_department
    return np.asarray(service + world.intervention.every_department)


def shortfall(service: Floats) -> Floats:
    """Return how far each customer's weakest department lies below the mean of all, shape (n_customers,)."""
    return np.asarray(service.mean(axis=0) - service.min(axis=0))
