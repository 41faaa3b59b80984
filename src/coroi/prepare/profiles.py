"""Customers as they stood at the landmark, by how many are alike, and the periods that lie ahead of each kind."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.prepare.calendar import period_index
from coroi.prepare.cells import NO_SCORE, PanelCells
from coroi.prepare.landmark import LandmarkCohort
from coroi.prepare.levels import NO_TENURE, NOT_GIVEN, STATES
from coroi.schemas import Panel

MOST_STEPS = 60  # periods ahead of which the renewals can be kept apart


def cohort_rows(cohort: LandmarkCohort) -> Any:
    """Return a row a customer and period from the landmark to the event or the end, ready to be counted.

    Parameters
    ----------
    cohort : LandmarkCohort
        Of purchases or of a snapshot.

    Returns
    -------
    ibis.Table
        As :func:`coroi.prepare.cells.reduce_rows` takes it. With one period each (a snapshot), ``tenure_periods``
        is the tenure; otherwise it counts the periods since the landmark.
    """
    people = _coded(cohort.people)
    if cohort.horizon == 1:
        return people.select(*_COVARIATES, "tenure_periods", weight=1.0, event=people["event"].cast("float64"))
    steps = people.mutate(step=ibis.range(0, people["duration"]).unnest())
    event = ((steps["step"] == steps["duration"] - 1) & (steps["event"] == 1)).cast("float64")
    return steps.select(*_COVARIATES, tenure_periods="step", weight=ibis.literal(1.0), event=event)


def profiles_ahead(
    connection: Any,
    cohort: LandmarkCohort,
    cells: PanelCells,
    *,
    panel: Panel | None = None,
    at_renewal: bool = False,
) -> pd.DataFrame:
    """Return the kinds of customers at the landmark, each with the periods ahead of it.

    Parameters
    ----------
    connection : Session
        Where the cohort lives.
    cohort : LandmarkCohort
        The customers.
    cells : PanelCells
        Gives the tenure bands, and the segments that are joined.
    panel : Panel, optional
        Of contracts: tenure then grows with each period ahead. Without it time starts at the landmark, or
        stands still in a snapshot.
    at_renewal : bool
        Customers can leave only in periods in which a term ends.

    Returns
    -------
    pandas.DataFrame
        ``profile, customers, step, score, state, tenure, segment, at_risk``; the state and the segment by name,
        whether or not a row at risk has them, the tenure band by its position in `cells`.
    """
    people = _coded(cohort.people)
    if at_renewal and panel is not None:
        people = _with_renewals(people, panel, cohort.horizon)
    else:
        people = people.mutate(renewals=ibis.literal(0, "int64"))
    keys = ["score", "state", "tenure_periods", "segment", "renewals"]
    if panel is None and cohort.horizon > 1:
        people = people.mutate(tenure_periods=ibis.literal(0, "int64"))
    kinds = connection.to_pandas(people.group_by(keys).agg(customers=people.count()).order_by(keys))
    steps = np.arange(cohort.horizon)
    ahead = kinds.loc[kinds.index.repeat(len(steps))].reset_index(names="profile")
    ahead["step"] = np.tile(steps, len(kinds))
    grown = ahead["tenure_periods"] + (ahead["step"] if cohort.horizon > 1 else 0)
    due = (ahead["renewals"].to_numpy(np.int64) >> ahead["step"].to_numpy(np.int64)) & 1
    at_risk = due.astype(float) if at_renewal else 1.0
    return pd.DataFrame(
        {
            "profile": ahead["profile"],
            "customers": ahead["customers"],
            "step": ahead["step"],
            "score": ahead["score"].where(ahead["score"] > NO_SCORE),
            "state": pd.Categorical.from_codes(ahead["state"], categories=list(STATES)),
            "tenure": cells.coding.tenure_codes(grown),
            "segment": pd.Categorical(ahead["segment"].replace(cells.coding.segment_of)),
            "at_risk": at_risk,
        }
    )


_COVARIATES = ("customer_id", "score", "state", "segment")


def _coded(people: Any) -> Any:
    state = ibis.cases(*((people["state"] == name, i) for i, name in enumerate(STATES)))
    return people.mutate(
        score=people["score"].cast("float64").fill_null(NO_SCORE),
        state=state.cast("int8"),
        segment=people["segment"].fill_null(NOT_GIVEN),
        tenure_periods=people["tenure_periods"].fill_null(NO_TENURE),
    )


def _with_renewals(people: Any, panel: Panel, horizon: int) -> Any:
    """Add the periods ahead in which a term ends, as the bits of one number."""
    data = panel.data
    due = data.filter(data["at_renewal"]).select("customer_id", idx=period_index(data["period"], panel.frequency))
    joined = people.select("customer_id", "start").join(due, "customer_id")
    step = joined["idx"] - joined["start"]
    near = joined.mutate(step=step).filter((step >= 0) & (step < min(horizon, MOST_STEPS)))
    bits = near.group_by("customer_id").agg(renewals=(2 ** near["step"]).cast("int64").sum().cast("int64"))
    found = people.left_join(bits, "customer_id").drop("customer_id_right")
    return found.mutate(renewals=found["renewals"].fill_null(0))
