"""The practice survey: leaders, employees and customers rate how each unit is led, item by item."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.company.clock import Floats, Ints, as_dates, numbered, stream
from coroi.company.culture import Culture
from coroi.company.customers import UNITS

SCALE = (1, 5)
ALIGNMENT, DOING, LISTENING = "alignment", "leaders", "listening"
ITEMS = {
    ALIGNMENT: ("vision", "mission", "values"),
    DOING: ("meet customers", "decide for customers", "act on complaints"),
    LISTENING: ("ask", "share", "follow up"),
}
RATERS = {"leader": 2, "employee": 2, "customer": 2}  # by unit
LENIENT = {"leader": 0.15, "employee": 0.0, "customer": -0.15}
CENTRE = 3.3
HARDNESS = (-0.15, 0.0, 0.15)  # of the items of a sub-scale, in order
LISTENING_SD = 0.3
RATER_SD, NOISE = 0.35, 0.6
ASKED_IN_MONTH = 1


def practices_table(culture: Culture, seed: int, days: Ints) -> pd.DataFrame:
    """Return the table `practices`, by unit, rater and item; all are asked in the second month.

    Parameters
    ----------
    culture : Culture
        How each unit is led.
    seed : int
        The company's seed.
    days : numpy.ndarray
        First day of every month and of the one after the last.

    Notes
    -----
    An answer is the unit's level on the sub-scale, the rater's leniency, the item's hardness and noise, rounded. Of
    what they do for customers, leaders see themselves better than others do, by the unit's gap. Listening changes
    nothing in this company.
    """
    chance = stream(seed, "practice survey")
    listening = LISTENING_SD * chance.standard_normal(len(UNITS))
    levels = {ALIGNMENT: culture.alignment, DOING: culture.doing, LISTENING: listening}
    roles = np.repeat(list(RATERS), list(RATERS.values()))
    lenient = np.array([LENIENT[role] for role in roles]) + RATER_SD * chance.standard_normal((len(UNITS), roles.size))
    length = int(days[ASKED_IN_MONTH + 1] - days[ASKED_IN_MONTH])
    day = days[ASKED_IN_MONTH] + chance.integers(length, size=(len(UNITS), roles.size))
    seen = np.stack([_seen(scale, levels[scale], culture, roles) for scale in ITEMS], axis=2)
    felt = CENTRE + (seen + lenient[:, :, None])[..., None] + np.array(HARDNESS)
    score = np.rint(felt + NOISE * chance.standard_normal(felt.shape)).clip(*SCALE).astype(np.int64)
    n_items = score[0, 0].size
    names = [f"{scale}: {item}" for scale, items in ITEMS.items() for item in items]
    return pd.DataFrame(
        {
            "unit_id": np.repeat(UNITS, roles.size * n_items),
            "rater_id": np.repeat(numbered("P", len(UNITS) * roles.size), n_items),
            "rater_role": np.tile(np.repeat(roles, n_items), len(UNITS)),
            "item": np.tile(names, len(UNITS) * roles.size),
            "score": score.ravel(),
            "asked_at": as_dates(np.repeat(day.ravel(), n_items)),
        }
    )


def _seen(scale: str, level: Floats, culture: Culture, roles: np.ndarray) -> Floats:
    """Return the unit's level on a sub-scale as each rater sees it, shape (n_units, n_raters)."""
    seen = np.repeat(level[:, None], roles.size, axis=1)
    if scale == DOING:
        seen[:, roles == "leader"] += culture.gap[:, None]
    return seen
