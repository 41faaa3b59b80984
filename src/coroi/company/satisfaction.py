"""How satisfied and trusting each customer is, month by month; no table shows it."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats, stream
from coroi.company.contacts import Contacts
from coroi.company.customers import People
from coroi.company.scenario import World

MONTHLY_SD = 0.6
PERSISTENCE = 0.85
DRIFT_PER_YEAR = 0.1
EXPERIENCE_KEPT = 0.8
TRUST_KEPT = 0.92
BY_PUSH = 0.7
BY_PURCHASE = 0.3


class Feelings:
    """Satisfaction and trust of one block of customers.

    Notes
    -----
    Satisfaction is a customer's own level, a first-order autoregression in its stationary distribution, a slow drift,
    what practices do outside contacts, and the fading experience of contacts, follow-ups and purchases.
    """

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._world, self._own = world, people.level
        self._chance = stream(seed, "satisfaction months", block)
        self._part = MONTHLY_SD * self._chance.standard_normal(people.n)
        self._months = 0
        self._experience = np.zeros(people.n)
        self.trust = np.zeros(people.n)
        self._raised = world.intervention.raised
        self.satisfaction = self._own + world.intervention.swings * self._part + self._raised

    def served(self, contacts: Contacts) -> None:
        """Let experience and trust fade by a month, and add the month's contacts."""
        self._experience *= EXPERIENCE_KEPT
        self.trust *= TRUST_KEPT
        self._experience[contacts.customer] += contacts.felt
        self.trust[contacts.customer] += contacts.trusted

    def feel(self, pushed: Floats) -> Floats:
        """Go on by a month and return its satisfaction."""
        innovation = MONTHLY_SD * np.sqrt(1 - PERSISTENCE**2)
        self._part = PERSISTENCE * self._part + innovation * self._chance.standard_normal(self._part.size)
        self._months += 1
        swing = self._world.intervention.swings * self._part
        drift = DRIFT_PER_YEAR * self._months / 12
        self.satisfaction = self._own + swing + drift + BY_PUSH * pushed + self._experience + self._raised
        return self.satisfaction

    def followed_up(self, who: np.ndarray) -> None:
        """Add what a follow-up does to satisfaction from the next month on."""
        self._experience[who] += self._world.scenario.follow_up

    def advised(self, who: np.ndarray) -> None:
        """Add what being advised away does to trust from the next month on."""
        self.trust[who] += self._world.scenario.advice

    def bought(self, buys: np.ndarray, expected: float) -> None:
        """Add what buying does to satisfaction from the next month on, if it does."""
        if self._world.switches.satisfaction_follows_spend:
            self._experience += BY_PURCHASE * (buys - expected)
