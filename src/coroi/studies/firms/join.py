"""What the joins of firms, accounts, returns and factors lose, step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.studies.firms.answer import Findings
from coroi.studies.firms.question import Question


def losses(question: Question, found: Findings) -> pd.DataFrame:
    """Count firms and rows at every step from the table to each estimate.

    Parameters
    ----------
    question : Question
        As declared.
    found : Findings
        What was estimated.

    Returns
    -------
    pandas.DataFrame
        ``step, firms, rows``; a row is a firm and period, or a firm and month of returns.
    """
    frame = question.panel.frame
    scored = frame["satisfaction"].notna()
    money = {
        "with revenue": frame["revenue"].notna(),
        "with earnings": frame["earnings"].notna(),
        "with a market value": frame["market_value"].notna(),
    }
    steps = [("firms and periods in the table", frame.index >= 0), ("with satisfaction", scored)]
    steps += [("with an industry and satisfaction", scored & frame["industry"].notna())]
    steps += [(f"{what} and satisfaction", scored & held) for what, held in money.items()]
    rows = [_counted(step, frame[np.asarray(kept)]) for step, kept in steps]
    if found.standing is not None:
        rows.append(("in the fit of standing", found.standing.n_entities, found.standing.n_obs))
    for kind in ("market_value", "revenue", "earnings"):
        horizon = 0 if kind == "earnings" else question.horizon
        if kind in found.paths.fits:
            row = found.paths.row(kind, horizon)
            words = f"in the fit of {kind.replace('_', ' ')} at horizon {horizon}"
            rows.append((words, int(row["firms"]), int(row["rows_used"])))
    rows += _returns(question)
    return pd.DataFrame(rows, columns=["step", "firms", "rows"])


def join_notes(ledger: pd.DataFrame) -> list[str]:
    """Say what the plan's own joins did not match, and what the cleaning left out of the firms' tables."""
    rows = ledger[ledger["table"].isin(["firms", "firm_returns", "factors"]) & (ledger["rows"] > 0)]
    rows = rows[(rows["rule"] == "join") | rows["step"].isin(["left out", "dropped", "set to missing"])]
    return [f"{r.table}: {int(r.rows):,} rows: {r.sentence}." for r in rows.itertuples()]


def _returns(question: Question) -> list[tuple[str, int, int]]:
    months = question.months
    if months.empty:
        return []
    known = question.factors["period"]
    return [
        _counted("months of returns", months),
        _counted("months with a score that was public before", months[months["score"].notna()]),
        _counted("… and with factors", months[months["score"].notna() & months["period"].isin(known)]),
    ]


def _counted(step: str, rows: pd.DataFrame) -> tuple[str, int, int]:
    return step, int(rows["entity"].nunique()), len(rows)
