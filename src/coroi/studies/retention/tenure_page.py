"""The figure of leaving by tenure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.sentences import level_words
from coroi.report.theme import PALETTE
from coroi.report.words import number, percent, percent_interval
from coroi.studies.retention.point import PointEffect
from coroi.studies.retention.point_terms import begun, span_words
from coroi.studies.retention.question import Question
from coroi.studies.retention.words import share_places

MOST_BANDS = 12


def tenure_figure(question: Question, point: PointEffect) -> report.Picture | report.Block:
    """Draw how often customers leave (or buy again) at each tenure, with intervals and the numbers at risk."""
    why = _why_not(question, point)
    if why:
        return report.prose(f"There is no figure of the hazard over time: {why}.")
    table, unit = _by_tenure(question, point), question.frequency
    title, places = _title(question, table), share_places(table)
    fig, ax = report.new_figure(height=1.6 + 0.5 * len(table))
    at = np.arange(len(table))
    ax.hlines(at, 100 * table["conf_low"], 100 * table["conf_high"], color=PALETTE[0], linewidth=2.2)
    ax.plot(100 * table["rate"], at, marker="o", linestyle="none", color=PALETTE[0], markersize=8)
    ax.set_yticks(at, [f"{b}\nn = {number(n)}" for b, n in zip(table["band"], table["n"], strict=True)])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlim(0, 105 * float(table["conf_high"].max()))
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(f"{question.happened.capitalize()} in a {unit} (%)")
    ax.set_ylabel(f"{unit.capitalize()}s since {begun(question)}")
    shown = f"share of those at risk that {question.happened} in a {unit}"
    report.finding(ax, title, f"{shown.capitalize()}; {level_words(point.level)} intervals")
    spoken = "; ".join(
        f"{r.band}: {percent(r.rate, places)} ({percent_interval(r.conf_low, r.conf_high, decimals=places)})"
        for r in table.itertuples()
    )
    n = number(float(table["n"].sum()))
    return report.figure(
        fig,
        alt=f"{title}. Points with intervals by {unit}s since {begun(question)}, the {shown}: {spoken}.",
        caption=f"Share that {question.happened} in a {unit}, by time since {begun(question)}; n counts "
        f"customer-{unit}s at risk, {n} in all.",
    )


def _why_not(question: Question, point: PointEffect) -> str:
    if question.relationship == "snapshot":
        return "a snapshot has no time in it"
    if point.life_table.empty:
        return point.reason.rstrip(".") or "nobody is at risk"
    if len(_by_tenure(question, point)) < 2:
        return f"too few customers {question.happened}, or too few did not, to tell one time from another"
    return ""


def _by_tenure(question: Question, point: PointEffect) -> pd.DataFrame:
    """Return the share with the event by band of tenure, with Wilson intervals; many or small bands are joined."""
    from statsmodels.stats.proportion import proportion_confint

    life = point.life_table
    step = -(-len(point.tenure_bands) // MOST_BANDS)
    every = [start for start, _ in point.tenure_bands][::step]
    starts = _large(life, every, question.smallest_cell)
    names = [name for _, name in point.tenure_bands] if len(starts) == len(point.tenure_bands) else _names(starts)
    at = np.searchsorted(starts, life["tenure_periods"], side="right") - 1
    sums = life.groupby(at)[["n", "events"]].sum()
    low, high = proportion_confint(sums["events"], sums["n"], alpha=1 - point.level, method="wilson")
    return pd.DataFrame(
        {
            "band": [names[i] for i in sums.index],
            "n": sums["n"].to_numpy(),
            "rate": (sums["events"] / sums["n"]).to_numpy(),
            "conf_low": np.asarray(low),
            "conf_high": np.asarray(high),
        }
    )


def _large(life: pd.DataFrame, starts: list[int], smallest: int) -> list[int]:
    """Return the first period of bands in each of which enough had the event, and enough had not, to be shown."""
    kept = list(starts)

    def small(at: int) -> bool:
        end = kept[at + 1] if at + 1 < len(kept) else np.inf
        inside = life[(life["tenure_periods"] >= kept[at]) & (life["tenure_periods"] < end)]
        events, n = int(inside["events"].sum()), int(inside["n"].sum())
        return 0 < events < smallest or 0 < n - events < smallest

    while len(kept) > 1 and (found := [at for at in range(len(kept)) if small(at)]):
        del kept[found[0] + 1 if found[0] + 1 < len(kept) else found[0]]
    return kept


def _names(starts: list[int]) -> list[str]:
    named = [f"{a}" if b == a + 1 else f"{a}–{b - 1}" for a, b in pairwise(starts)]
    return [*named, f"{starts[-1]} and more" if starts[-1] else "all"]


def _title(question: Question, table: pd.DataFrame) -> str:
    doing = "buy again" if question.relationship == "repeat_purchase" else "leave"
    overall = float((table["rate"] * table["n"]).sum() / table["n"].sum())
    peak = table.loc[table["rate"].idxmax()]
    if float(peak["conf_low"]) > overall:
        return f"Customers {doing} most often {span_words(question, str(peak['band']))} after {begun(question)}"
    return f"No time stands out in how often customers {doing}"
