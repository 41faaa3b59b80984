"""Answers that were followed up, or could have been, and what the same customers answered and brought later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coroi.prepare.calendar import index_of, period_index
from coroi.schemas import Panel

WITHIN_DAYS = 92
"""A follow-up belongs to the customer's last answer of so many days before it."""
COLUMNS = ("entity", "period", "score", "followed", "earlier", "later", "stayed", "money")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUps:
    """Answers by customer and period.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``entity`` (number of the customer), ``period`` (number, of the answer), ``score`` (the answer), ``followed``
        (1 or 0), ``earlier`` and ``later`` (the answer before and the next one in other periods, means of several, NaN
        without one within the horizon), ``stayed`` (1 if still at risk when
        the horizon is over, NaN where that is not seen), ``money`` (margin, or revenue where no margin is told, over
        the horizon since, nothing after an exit; NaN where it is not over).
    drawn : bool
        Whether a lot was drawn who is followed up: then the rows are those that were drawn.
    planned_share : float
        Share that was to be followed up, NaN where it is not told.
    n_without : int
        Follow-ups without an answer before them.
    reason : str
        Why there are no rows; empty where there are.
    """

    rows: pd.DataFrame
    drawn: bool
    planned_share: float
    n_without: int
    reason: str = ""


def follow_ups(
    connection: Any, panel: Panel, responses: Any | None, programme: Any, metric: str, *, horizon: int
) -> FollowUps:
    """Put answers that were followed up beside those that could have been.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : Panel
        Of contracts or purchases.
    responses : ibis.Table or None
        Clean table `responses`.
    programme : ibis.Table
        Clean table `programme`; its rows of single customers are the follow-ups, and with an arm the lots.
    metric : str
        Metric of the triggering answers.
    horizon : int
        Periods within which later answers, staying and money are looked at.

    Returns
    -------
    FollowUps

    Notes
    -----
    Where no lot was drawn the others are all answers with a score that some follow-up was triggered by, of customers
    who are not followed up in that period. Of several answers in a period the first that was followed up counts, else
    the last.
    """
    taken = connection.to_pandas(programme)
    taken = taken[taken["customer_id"].notna() & (taken["customer_id"] != "")]
    if taken.empty:
        return _none("the table 'programme' has no row of a single customer")
    if responses is None:
        return _none("there are no answers")
    drawn = bool((taken["arm"].fillna("") != "").all())
    given = responses.filter(responses["metric"] == metric).select("customer_id", "answered_at", "score")
    answers = connection.to_pandas(given).dropna().sort_values(["customer_id", "answered_at"])
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    if answers.empty:
        return _none("there are no answers")
    paired, n_without = _paired(taken, answers)
    if paired.empty:
        return _none(f"no follow-up has an answer within {WITHIN_DAYS} days before it")
    rows = paired if drawn else _with_others(paired, answers)
    rows["period"] = [index_of(d.date(), panel.frequency) for d in rows["answered_at"]]
    rows = rows.sort_values(["customer_id", "period", "followed", "answered_at"], ascending=[True, True, False, True])
    rows = rows.drop_duplicates(["customer_id", "period"], ignore_index=True)
    for column, side in (("earlier", -1), ("later", 1)):
        rows[column] = _nearest(rows, answers, horizon, panel, side)
    rows = rows.merge(_outcomes(connection, panel, rows, horizon), on=["customer_id", "period"], how="left")
    rows["entity"] = pd.factorize(rows["customer_id"])[0]
    share = taken.loc[taken["arm"] == "treatment", "planned_share"].dropna()
    return FollowUps(
        rows=rows[list(COLUMNS)].astype({"followed": "int64"}),
        drawn=drawn,
        planned_share=float(share.iloc[0]) if drawn and len(share) else np.nan,
        n_without=n_without,
    )


def _paired(taken: pd.DataFrame, answers: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Give each follow-up, or lot, the last answer before it."""
    left = taken.assign(start_at=pd.to_datetime(taken["start_at"]), followed=(taken["arm"] != "control").astype(int))
    left = left[["customer_id", "start_at", "followed"]].sort_values("start_at")
    right = answers.sort_values("answered_at")
    span = pd.Timedelta(days=WITHIN_DAYS)
    left["start_at"], right["answered_at"] = (
        c.astype("datetime64[ns]") for c in (left["start_at"], right["answered_at"])
    )
    both = pd.merge_asof(
        left, right, left_on="start_at", right_on="answered_at", by="customer_id", direction="backward", tolerance=span
    )
    known = both["score"].notna()
    return both[known].reset_index(drop=True), int((~known).sum())


def _with_others(paired: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Add the answers with the same scores that were not followed up."""
    others = answers[answers["score"].isin(set(paired["score"]))].assign(followed=0)
    others["answered_at"] = others["answered_at"].astype("datetime64[ns]")
    keys = pd.MultiIndex.from_frame(paired[["customer_id", "answered_at"]])
    apart = ~pd.MultiIndex.from_frame(others[["customer_id", "answered_at"]]).isin(keys)
    columns = ["customer_id", "answered_at", "score", "followed"]
    return pd.concat([paired[columns], others.loc[apart, columns]], ignore_index=True)


def _nearest(rows: pd.DataFrame, answers: pd.DataFrame, horizon: int, panel: Panel, side: int) -> pd.Series:
    """Return the nearest answer of the same customer in an earlier (-1) or later (1) period within the horizon."""
    known = answers.assign(idx=[index_of(d.date(), panel.frequency) for d in answers["answered_at"]])
    known = known.groupby(["customer_id", "idx"], as_index=False)["score"].mean().rename(columns={"score": "told"})
    left = rows[["customer_id", "period"]].reset_index().assign(at=rows["period"] + side).sort_values("at")
    found = pd.merge_asof(
        left,
        known.sort_values("idx"),
        left_on="at",
        right_on="idx",
        by="customer_id",
        direction="forward" if side > 0 else "backward",
        tolerance=horizon - 1,
    )
    return found.set_index("index")["told"].reindex(range(len(rows)))


def _outcomes(connection: Any, panel: Panel, rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Return whether each customer is there when the horizon is over, and the money until then."""
    frequency = panel.frequency
    last, told = (index_of(d, frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    data = panel.data.filter(panel.data["customer_id"].isin(sorted(set(rows["customer_id"]))))
    seen = connection.to_pandas(
        data.select("customer_id", "at_risk", "margin", "revenue", idx=period_index(data["period"], frequency))
    )
    paid = seen["margin"] if seen["margin"].notna().any() else seen["revenue"]
    seen = seen.assign(money=paid.fillna(0.0) if paid.notna().any() else np.nan)
    both = rows[["customer_id", "period"]].merge(seen, on="customer_id")
    since = both["idx"] - both["period"]
    inside = both[(since >= 1) & (since <= horizon)]
    money = inside.groupby(["customer_id", "period"])["money"].sum(min_count=1)
    end = both[since == horizon].set_index(["customer_id", "period"])["at_risk"].astype(float)
    known = rows[["customer_id", "period"]].drop_duplicates().set_index(["customer_id", "period"])
    at = known.index.get_level_values("period")
    stayed = end.reindex(known.index).fillna(0.0).where(at + horizon <= told)
    return known.assign(stayed=stayed, money=money.reindex(known.index).where(at + horizon <= last)).reset_index()


def _none(reason: str) -> FollowUps:
    empty = pd.DataFrame({c: pd.Series(dtype=float) for c in COLUMNS})
    return FollowUps(rows=empty, drawn=False, planned_share=np.nan, n_without=0, reason=reason)
