"""What a programme of one unit or a few did, or of all units at once, where no roll-out can be compared."""

from __future__ import annotations

import pandas as pd

from coroi.errors import CoroiError
from coroi.models.interrupted_series import fit_interrupted_series
from coroi.models.synthetic_control import fit_synthetic_control
from coroi.results import Result

MOST_TREATED = 3
_SEASONS = {"month": 12, "quarter": 4, "week": 1, "year": 1}


def fit_few(rows: pd.DataFrame, *, frequency: str, anticipation: int, level: float) -> Result | None:
    """Fit what is left where there is no roll-out: a mix of donors, or the units' own past.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of :func:`coroi.studies.programme.question.frame_of`.
    frequency : str
        Length of a period; three years and more of months or quarters get a season.
    anticipation : int
        Periods before the start in which an effect may already be felt.
    level : float
        Level of the intervals.

    Returns
    -------
    Result or None
        Of the synthetic control, where up to three units start together and others never do; of the interrupted
        series of all units' mean, where all start together; none otherwise, or where neither can be fitted.
    """
    starts = rows.groupby("entity")["first_treated"].first()
    treated = starts.dropna()
    if treated.empty or treated.nunique() > 1:
        return None
    try:
        if len(treated) == len(starts):
            return _series(rows, frequency, level)
        if len(treated) <= MOST_TREATED:
            known = rows.dropna(subset=["outcome"])
            return fit_synthetic_control(known, outcome="outcome", anticipation=anticipation, level=level)
    except CoroiError:
        return None
    return None


def _series(rows: pd.DataFrame, frequency: str, level: float) -> Result:
    """Fit the mean of all units, weighted by their customers, before and after their common start."""
    known = rows.dropna(subset=["outcome"])
    sums = known.assign(total=known["outcome"] * known["weight"]).groupby("period")[["total", "weight"]].sum()
    mean = (sums["total"] / sums["weight"]).rename("outcome").reset_index()
    mean = mean.assign(entity=0, first_treated=float(rows["first_treated"].dropna().iloc[0]))
    year = _SEASONS.get(frequency, 1)
    season = year if year > 1 and len(mean) >= 3 * year else 1
    return fit_interrupted_series(mean, outcome="outcome", season=season, level=level)


def kind_of(result: Result | None) -> str:
    """Name what an effect rests on: ``roll_out``, ``donors`` or ``past``; empty without one."""
    if result is None:
        return ""
    return {"synthetic_control": "donors", "interrupted_series": "past"}.get(result.method, "roll_out")
