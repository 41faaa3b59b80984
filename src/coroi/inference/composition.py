"""Who stands behind each point of a path: how many treated units at each event time, and how alike they were before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.results import Check

NAME = "composition"
LEAST_SHARE = 0.8
MOST_APART = 0.25
"""Standard deviations by which the units at an event time may differ from all, before the start."""


def composition(entity: np.ndarray, event_time: np.ndarray, baseline: np.ndarray | None = None) -> pd.DataFrame:
    """Count treated units by event time, and say how they compare with all of them before the start.

    Parameters
    ----------
    entity : ndarray of int, shape (n,)
        Treated units alone, one row a unit and period with an outcome.
    event_time : ndarray of int, shape (n,)
        Periods since the start.
    baseline : ndarray, shape (n,), optional
        What each unit was like before the start, the same in all of its rows, such as its mean outcome then.

    Returns
    -------
    pandas.DataFrame
        ``event_time, n_units, share`` of all treated units, and ``apart``: mean baseline of the units at that event
        time less that of all, in standard deviations between units; NaN without a baseline.
    """
    rows = pd.DataFrame({"entity": entity, "event_time": event_time})
    rows["baseline"] = np.nan if baseline is None else baseline
    units = rows.groupby("entity")["baseline"].first()
    by_time = rows.groupby("event_time").agg(n_units=("entity", "nunique"), mean=("baseline", "mean")).reset_index()
    spread = float(units.std())
    apart = (by_time["mean"] - units.mean()) / spread if spread > 0 else by_time["mean"] * np.nan
    return pd.DataFrame(
        {
            "event_time": by_time["event_time"],
            "n_units": by_time["n_units"],
            "share": by_time["n_units"] / len(units),
            "apart": apart,
        }
    )


def check_composition(
    table: pd.DataFrame, first: int, last: int, *, least: float = LEAST_SHARE, most_apart: float = MOST_APART
) -> Check:
    """Say whether the same units stand behind all points of a path.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`composition`.
    first, last : int
        Event times that the effect rests on.
    least : float
        Share of treated units that each event time needs.
    most_apart : float
        Standard deviations by which their baseline may be apart from that of all.

    Returns
    -------
    Check
        Not run where there is no unit at any of the event times.
    """
    tested = (
        f"whether the same units stand behind all points of the path: at least {100 * least:.0f} % of those treated, "
        f"and a baseline within {most_apart:g} standard deviations of theirs"
    )
    inside = table[table["event_time"].between(first, last)].set_index("event_time")
    inside = inside.reindex(range(first, last + 1)).rename_axis("event_time")
    if inside["n_units"].isna().all():
        said = f"No treated unit is seen from event time {first} to {last}."
        return Check(name=NAME, tested=tested, passed=None, sentence=said)
    inside = inside.fillna({"n_units": 0, "share": 0.0}).astype({"n_units": int})
    thin = inside.loc[inside["share"].idxmin()]
    few = bool(thin["share"] < least)
    said = (
        f"From event time {first} to {last} the path rests on {int(inside['n_units'].min()):,} to "
        f"{int(inside['n_units'].max()):,} treated units, at event time {thin.name} on {100 * thin['share']:.0f} % of "
        f"all"
    )
    apart = inside["apart"].abs()
    unlike = bool((apart > most_apart).any())
    if apart.notna().any():
        at = apart.idxmax()
        said += f", and at event time {at} their baseline is {apart[at]:.2f} standard deviations from that of all"
    said += ". So the path mixes effects with who is in it." if few or unlike else "."
    return Check(name=NAME, tested=tested, passed=not (few or unlike), sentence=said, table=inside.reset_index())
