"""One firm's own course beside its industry: satisfaction, standing and value."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi import report
from coroi.inference.ranks import standings
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import join_words, number
from coroi.studies.firms.question import Question

_MONEY = {"market_value": "market value", "revenue": "revenue", "earnings": "earnings"}


def case_rows(question: Question) -> pd.DataFrame:
    """Return the case firm's periods: satisfaction, that of its rivals, standing, and money as an index.

    Returns
    -------
    pandas.DataFrame
        ``year`` (as a decimal number), ``satisfaction``, ``rivals``, ``outdone`` (in per cent of rivals) and ``index``
        (100 in its first period with a value); columns are empty where nothing is known.
    """
    frame = question.panel.frame
    place = pd.factorize(frame["industry"])[0]
    group = np.where(place >= 0, place * (int(frame["period"].max()) + 1) + frame["period"], -1)
    score = frame["satisfaction"]
    others = score.groupby(group).transform("sum") - score.fillna(0)
    count = score.groupby(group).transform("count") - score.notna()
    ranked = frame[question.ranked_by] if question.ranked_by else pd.Series(np.nan, index=frame.index)
    whole = frame.assign(
        year=frame["month"] / 12,
        rivals=(others / count.where(count > 0)).where(group >= 0),
        outdone=100 * standings(ranked.to_numpy(float), group).share,
        money=ranked,
    )
    own = whole[whole["entity"] == question.case_firm].sort_values("period")
    known = own.loc[own["money"] > 0, "money"]
    first = float(known.iloc[0]) if len(known) else np.nan
    return own.assign(index=100 * own["money"] / first)[["year", "satisfaction", "rivals", "outdone", "index"]]


def case_figure(question: Question) -> report.Picture | report.Block:
    """Draw one named firm: a case shows what happened to it, and no effect."""
    if not question.case_firm:
        return report.prose("No firm is drawn: the parameter `case_firm` names one.")
    rows = case_rows(question)
    parts = [c for c in ("satisfaction", "outdone", "index") if rows[c].notna().sum() > 1]
    if not parts:
        return report.prose(f"There is no case to draw: {question.case_firm} is seen in fewer than two periods.")
    fig, ax = report.new_figure(height=1.3 + 1.7 * len(parts))
    ax.remove()
    axes = np.atleast_1d(fig.subplots(len(parts), 1, sharex=True))
    money = _MONEY.get(question.ranked_by, "value")
    labels = {
        "satisfaction": "Satisfaction",
        "outdone": "Rivals outdone (%)",
        "index": f"{money.capitalize()}, first = 100",
    }
    for own, part in zip(axes, parts, strict=True):
        own.plot(rows["year"], rows[part], color=PALETTE[0], marker="o", markersize=4, label=question.case_firm)
        if part == "satisfaction" and rows["rivals"].notna().any():
            own.plot(rows["year"], rows["rivals"], color=MUTED, linestyle="--", label="Mean of rivals")
        if part == "outdone":
            own.set_ylim(-5, 105)
        own.set_ylabel(labels[part].replace(" (", "\n(").replace(", ", ",\n"))
    title = f"{question.case_firm}: {_course(rows)}"
    report.finding(axes[0], title, "One firm's course beside its industry; a case, which shows no effect")
    report.label_lines(axes[0])
    ends = join_words([f"{labels[p].lower()} from {_end(rows, p, 0)} to {_end(rows, p, -1)}" for p in parts])
    alt = f"{title}. Lines over {len(rows)} {question.panel.length}s: {ends}."
    caption = (
        f"{question.case_firm} and the firms of its industry; standing by {money}. One case among many, picked by name."
    )
    return report.figure(fig, alt=alt, caption=caption)


def _course(rows: pd.DataFrame) -> str:
    """Say how satisfaction moved beside that of the rivals, from the first period to the last."""
    gap = (rows["satisfaction"] - rows["rivals"]).dropna()
    if len(gap) < 2:
        return "its course"
    first, last = float(gap.iloc[0]), float(gap.iloc[-1])
    return f"{_beside(first)} its rivals at first, {_beside(last)} them at last"


def _beside(gap: float) -> str:
    return f"{number(abs(gap), 1)} points {'above' if gap >= 0 else 'below'}"


def _end(rows: pd.DataFrame, part: str, at: int) -> str:
    return number(float(rows[part].dropna().iloc[at]), 1)
