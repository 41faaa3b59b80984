"""For how long after its start each unit is seen: where a path by time since the start is of the same units."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """How long treated units are seen.

    Parameters
    ----------
    path : pandas.DataFrame
        ``event_time`` (periods since the start, from 0), ``n_units`` (seen then), ``n_left_out`` (treated, not seen
        then), up to the last time that any unit is seen at.
    units : pandas.DataFrame
        ``unit, n_periods`` (seen from its start on, that period among them): units that start within the data.
    n_after : int
        Units that start only after the last period.
    """

    path: pd.DataFrame
    units: pd.DataFrame
    n_after: int

    @property
    def balanced(self) -> int:
        """Periods from the start on that all treated units are seen for; 0 where none starts."""
        return int(self.units["n_periods"].min()) if len(self.units) else 0

    def at_least(self, horizon: int) -> tuple[pd.Series, int]:
        """Return the units seen for so many periods from the start on, and how many treated ones are left out."""
        kept = self.units["n_periods"] >= horizon
        return self.units.loc[kept, "unit"].reset_index(drop=True), int((~kept).sum())


def followed(starts: pd.DataFrame, last: int) -> Followed:
    """Count the periods that each treated unit is seen for.

    Parameters
    ----------
    starts : pandas.DataFrame
        One row a unit: ``unit, first_treated`` (number of a period, NaN for never), and, where another practice ends
        what a unit can tell, ``until`` (the first period that tells nothing more, NaN for none).
    last : int
        Number of the last period.

    Returns
    -------
    Followed
    """
    ever = starts[starts["first_treated"].notna()]
    begun = ever[ever["first_treated"] <= last]
    end = pd.Series(last + 1.0, index=begun.index)
    if "until" in begun.columns:
        end = begun["until"].astype(float).fillna(last + 1.0).clip(upper=last + 1.0)
    seen = (end - begun["first_treated"]).clip(lower=0).astype("int64")
    units = pd.DataFrame({"unit": begun["unit"], "n_periods": seen}).reset_index(drop=True)
    times = range(int(seen.max()) if len(seen) else 0)
    n = [int((seen > t).sum()) for t in times]
    path = pd.DataFrame({"event_time": list(times), "n_units": n, "n_left_out": [len(units) - k for k in n]})
    return Followed(path=path.astype("int64"), units=units, n_after=len(ever) - len(begun))
