"""The firms of a plan as a panel: numbered periods, satisfaction in standard deviations, money as it is compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coroi.errors import StudyError
from coroi.inference.panels import shifted
from coroi.studies.inputs import Inputs

_LENGTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
COLUMNS = ("industry", "other_industry", "satisfaction", "revenue", "earnings", "market_value")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirmPanel:
    """One row a firm and period.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``entity``, ``period`` (numbered), ``month`` (number of the period's first month), the columns of `firms`, and
        ``z``: satisfaction in standard deviations of all rows.
    months : int
        Months of a period.
    points : float
        Points of the index in one standard deviation; NaN where satisfaction never varies.
    held : frozenset of str
        Columns that hold a number.
    """

    frame: pd.DataFrame
    months: int
    points: float
    held: frozenset[str]

    @property
    def length(self) -> str:
        """What a period is called."""
        return _LENGTHS.get(self.months, f"{self.months} months")

    def earlier(self, column: str, by: int) -> np.ndarray:
        """Return a column of the same firm some periods earlier, or later below zero; never across a gap."""
        entity = pd.factorize(self.frame["entity"])[0]
        values = self.frame[column].to_numpy(float)
        return shifted(values, entity, self.frame["period"].to_numpy(np.int64), by)


def read_firms(inputs: Inputs) -> FirmPanel:
    """Read the table `firms` and number its periods.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.

    Raises
    ------
    StudyError
        If the data hold no firms.
    """
    frame = _table(inputs, "firms")
    if frame.empty:
        raise StudyError("There are no firms in the data. Give the plan a table `firms`.")
    frame = frame.reindex(columns=["firm_id", "period", *COLUMNS]).rename(columns={"firm_id": "entity"})
    month = _months(frame["period"])
    gaps = np.diff(np.unique(month))
    length = int(np.gcd.reduce(gaps)) if len(gaps) else 12
    frame = frame.assign(month=month, period=(month - month.min()) // length)
    numbers = {c: pd.to_numeric(frame[c], errors="coerce").astype(float) for c in COLUMNS[2:]}
    frame = frame.assign(**numbers).sort_values(["entity", "period"]).reset_index(drop=True)
    points = float(frame["satisfaction"].std())
    points = points if points > 0 else math.nan
    return FirmPanel(
        frame=frame.assign(z=frame["satisfaction"] / points),
        months=length,
        points=points,
        held=frozenset(c for c in COLUMNS if frame[c].notna().any()),
    )


def changes(panel: FirmPanel, kind: str, horizon: int) -> np.ndarray:
    """Return how much a firm's money at a horizon differs from that of the period before, as it is compared.

    Parameters
    ----------
    panel : FirmPanel
        The firms.
    kind : str
        ``market_value`` or ``revenue``: a difference of logs; ``earnings``: a share of the revenue before.
    horizon : int
        Periods from the one in question; −1 is the period before, where all changes are zero.
    """
    later, before = panel.earlier(kind, -horizon), panel.earlier(kind, 1)
    if kind == "earnings":
        revenue = panel.earlier("revenue", 1)
        return (later - before) / np.where(revenue > 0, revenue, np.nan)
    return _log(later) - _log(before)


def months_of_returns(inputs: Inputs, panel: FirmPanel, public_after: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set every monthly return beside the score that was public before it and the value of the shares at its start.

    Parameters
    ----------
    inputs : Inputs
        The tables `firm_returns` and `factors`.
    panel : FirmPanel
        The firms.
    public_after : int
        Months from a period's first day until its score is public.

    Returns
    -------
    rows : pandas.DataFrame
        ``entity, period`` (number of the month), ``total_return, score, size, industry, other_industry``. A score
        counts for as long as two periods.
    factors : pandas.DataFrame
        ``period``, the factors and the risk-free return.
    """
    returns, factors = _table(inputs, "firm_returns"), _table(inputs, "factors")
    if returns.empty or factors.empty:
        return pd.DataFrame(), pd.DataFrame()
    rows = returns.rename(columns={"firm_id": "entity"}).assign(period=_months(returns["month"]))
    rows = rows.drop(columns="month").astype({"total_return": float})
    frame = panel.frame
    scored = frame[frame["satisfaction"].notna()]
    known = scored[["entity", "satisfaction", "industry", "other_industry"]].rename(columns={"satisfaction": "score"})
    known = known.assign(at=scored["month"] + public_after)
    valued = frame[frame["market_value"] > 0]
    worth = valued[["entity", "market_value"]].rename(columns={"market_value": "size"})
    worth = worth.assign(at=valued["month"] + panel.months)
    rows = _as_of(_as_of(rows, known, 2 * panel.months), worth, 2 * panel.months)
    factors = factors.assign(period=_months(factors["month"])).drop(columns="month")
    return rows.sort_values(["entity", "period"]).reset_index(drop=True), factors


def _as_of(rows: pd.DataFrame, known: pd.DataFrame, longest: int) -> pd.DataFrame:
    """Add to each month what was last known of the firm at its start, no longer ago than some months."""
    left = rows.sort_values("period").astype({"period": "int64"})
    right = known.sort_values("at").astype({"at": "int64"})
    found = pd.merge_asof(left, right, left_on="period", right_on="at", by="entity", tolerance=longest - 1)
    return found.drop(columns="at")


def _table(inputs: Inputs, name: str) -> pd.DataFrame:
    table: Any = inputs.tables.get(name)
    return pd.DataFrame() if table is None else inputs.connection.to_pandas(table)


def _months(days: pd.Series) -> pd.Series:
    when = pd.to_datetime(days)
    return (12 * when.dt.year + when.dt.month - 1).astype("int64")


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.where(values > 0, values, np.nan))
