"""When each unit took up which practice, how fully, until when, and who stood behind it: in numbers of periods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from coroi.prepare.calendar import index_of
from coroi.schemas import Period

COLUMNS = ("unit_id", "practice", "first_treated", "ended", "dose", "sponsored", "arm", "planned_share", "restarts")


def unit_treatments(connection: Any, programme: Any, frequency: Period) -> pd.DataFrame:
    """Return one row a unit and practice from the table `programme`; rows of single customers are left to others.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    programme : ibis.Table
        Clean table `programme`.
    frequency : str
        Length of a period.

    Returns
    -------
    pandas.DataFrame
        ``unit_id, practice``; ``first_treated`` (number of the period in which the practice starts there, a period
        that it covers in part included; NaN for a control that was drawn); ``ended`` (number of the first period
        without it again, NaN while it runs); ``dose`` (mean intensity, 1 where none is told); ``sponsored`` (1, 0, or
        NaN where it is not told); ``arm`` (text, empty where no lot was drawn); ``planned_share``; ``restarts``
        (times that it started again, after the first).
    """
    frame = connection.to_pandas(programme)
    frame = frame[frame["unit_id"].notna() & (frame["unit_id"] != "")]
    if frame.empty:
        return pd.DataFrame({c: pd.Series(dtype=object if c in COLUMNS[:2] else float) for c in COLUMNS})
    rows = [_one(str(u), str(p), group, frequency) for (u, p), group in frame.groupby(["unit_id", "practice"])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _one(unit: str, practice: str, rows: pd.DataFrame, frequency: Period) -> dict[str, object]:
    rows = rows.sort_values("start_at")
    arm = rows["arm"].dropna().astype(str)
    drawn = str(arm.iloc[0]) if len(arm) and arm.iloc[0] else ""
    ends = pd.to_datetime(rows["end_at"])
    last = np.nan if ends.isna().any() else float(index_of((ends.max() + pd.Timedelta(days=1)).date(), frequency))
    flags = rows["leader_sponsor"].dropna()
    dose = rows["intensity"].dropna()
    start = float(index_of(pd.Timestamp(rows["start_at"].iloc[0]).date(), frequency))
    share = rows["planned_share"].dropna()
    return {
        "unit_id": unit,
        "practice": practice,
        "first_treated": np.nan if drawn == "control" else start,
        "ended": np.nan if drawn == "control" else last,
        "dose": float(dose.mean()) if len(dose) else 1.0,
        "sponsored": float(flags.iloc[0]) if len(flags) else np.nan,
        "arm": drawn,
        "planned_share": float(share.iloc[0]) if len(share) else np.nan,
        "restarts": float(_restarts(rows)),
    }


def _restarts(rows: pd.DataFrame) -> int:
    """Count the starts that come after an end."""
    ends, count = pd.NaT, 0
    for start, end in zip(pd.to_datetime(rows["start_at"]), pd.to_datetime(rows["end_at"]), strict=True):
        count += int(not pd.isna(ends) and start > ends + pd.Timedelta(days=1))
        if pd.isna(ends) or (not pd.isna(end) and end > ends):
            ends = end
    return count
