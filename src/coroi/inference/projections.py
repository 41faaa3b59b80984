"""Projections of all horizons, and of each a second one with another reach to hold it against."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.leverage import influence_check
from coroi.inference.panels import PanelRows
from coroi.inference.paths import Path
from coroi.inference.projection import Columns, Step, project
from coroi.inference.reach import reach_of
from coroi.inference.reach_checks import too_short
from coroi.inference.within import Effects
from coroi.results import Check


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projections:
    """Horizons in their order.

    Parameters
    ----------
    steps : list of Step
        As they are told.
    other : list of Step or None
        With another reach; nothing where there is none.
    rows : list of float
        Of an entity at each horizon, on average.
    reach : list of int
        Of each horizon; 0 where the bias of sweeping out levels is not taken out.
    """

    steps: list[Step]
    other: list[Step | None]
    rows: list[float]
    reach: list[int]


def project_all(columns: Columns, panel: PanelRows, *, effects: Effects, correct: bool) -> Projections:
    """Project every horizon.

    Parameters
    ----------
    columns : Columns
    panel : PanelRows
    effects : str
        What is swept out.
    correct : bool
        Take out the bias of sweeping out entities; a horizon at which they have too few rows for that is not told.
    """
    found = Projections(steps=[], other=[], rows=[], reach=[])
    within = effects in ("entity", "both")
    for horizon, later in enumerate(columns.later):

        def step(reach: int, *, told: bool = False, later: np.ndarray = later) -> Step:
            return project(
                columns.held, columns.metric, later, panel.entity, panel.period,
                effects=effects, reach=reach, shifts=told,
            )  # fmt: skip

        plain = step(0, told=not (within and correct))
        mean = len(plain.rows) / max(np.unique(panel.entity[plain.rows]).size, 1)
        reach, short = reach_of(mean, horizon), too_short(mean, horizon) if within else ""
        found.rows.append(mean)
        if plain.reason or not within:
            told, other = plain, None
        elif not correct:
            told, other = plain, None if short else step(reach)
        elif short:
            told, other = replace(plain, estimate=np.nan, moved=np.zeros(len(plain.rows)), reason=short), None
        else:
            nearer = max(3 * reach // 4, horizon + 1)
            told, other = step(reach, told=True), step(nearer) if nearer < reach else None
        found.reach.append(reach if within and correct else 0)
        found.steps.append(told)
        found.other.append(other)
    return found


def most_influential_check(
    found: Projections, path: Path, columns: Columns, panel: PanelRows, *, effects: Effects
) -> tuple[Check, ...]:
    """Say how far the response that one entity moves furthest, in its standard errors, is off without that entity.

    Parameters
    ----------
    found : Projections
    path : Path
        Of the same horizons.
    columns : Columns
    panel : PanelRows
    effects : str
        What was swept out.

    Returns
    -------
    tuple of Check
        Empty where no horizon is told, or there is but one entity.
    """
    errors = np.sqrt(np.diag(path.covariance))
    told = [h for h, step in enumerate(found.steps) if not path.reasons[h] and step.shift.size > 1 and errors[h] > 0]
    if not told:
        return ()
    furthest = {h: int(np.argmax(np.abs(found.steps[h].shift))) for h in told}
    worst = max(told, key=lambda h: abs(found.steps[h].shift[furthest[h]]) / errors[h])
    step = found.steps[worst]
    who = np.unique(panel.entity[step.rows])[furthest[worst]]
    without = project(
        columns.held,
        np.where(panel.entity == who, np.nan, columns.metric),
        columns.later[worst],
        panel.entity,
        panel.period,
        effects=effects,
        reach=found.reach[worst],
    )
    what = f"the response at horizon {worst}"
    return (influence_check(step.estimate, float(errors[worst]), without.estimate, what=what),)


def row_table(found: Projections, panel: PanelRows) -> pd.DataFrame:
    """Return ``horizon, rows, entities, left_out``."""
    return pd.DataFrame(
        {
            "horizon": range(len(found.steps)),
            "rows": [len(step.rows) for step in found.steps],
            "entities": [int(np.unique(panel.entity[step.rows]).size) for step in found.steps],
            "left_out": [len(panel.frame) - len(step.rows) for step in found.steps],
        }
    )
