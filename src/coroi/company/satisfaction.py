"""How satisfied each customer is, month by month; no table shows it."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats, stream
from coroi.company.customers import People

CUSTOMER_SD = 0.8
MONTHLY_SD = 0.6
PERSISTENCE = 0.85
DRIFT_PER_YEAR = 0.1
UNIT_LEVELS = (0.15, 0.0, -0.2, 0.1)


def draw_satisfaction(people: People, months: int, seed: int) -> Floats:
    """Draw latent satisfaction: a customer's own level, a persistent monthly part, the region, and a slow drift.

    Returns
    -------
    numpy.ndarray
        Shape (months + 1, n_customers), in standard deviations or nearly so; the first row is the month before the
        first.

    Notes
    -----
    The monthly part is a first-order autoregression in its stationary distribution from the first row on.
    """
    own = stream(seed, "satisfaction level").normal(0, CUSTOMER_SD, people.n) + np.array(UNIT_LEVELS)[people.unit]
    monthly = stream(seed, "satisfaction months")
    satisfaction = np.empty((months + 1, people.n))
    part = MONTHLY_SD * monthly.standard_normal(people.n)
    innovation = MONTHLY_SD * np.sqrt(1 - PERSISTENCE**2)
    for month in range(months + 1):
        satisfaction[month] = own + part + DRIFT_PER_YEAR * month / 12
        part = PERSISTENCE * part + innovation * monthly.standard_normal(people.n)
    return satisfaction
