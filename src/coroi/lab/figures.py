"""The lab's figures: coverage against the bar, and how often intervals leave zero out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coroi import report
from coroi.lab.bar import LEAST_COVERAGE, MOST_ALARMS, MOST_COVERAGE
from coroi.report.theme import INK, MUTED, PALETTE
from coroi.report.words import join_words, number, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Summary = Mapping[str, Any]
Row = Mapping[str, Any]


def shown_rows(summary: Summary, experiment: str) -> list[Row]:
    """Return the rows that stand in the figures: those that a study answers with, or all where it is none."""
    rows = [row for row in summary["rows"] if row["experiment"] == experiment and row["coverage"] is not None]
    headline = [row for row in rows if row["headline"]]
    order = list(dict.fromkeys(row["estimand"] for row in rows))
    return sorted(headline or rows, key=lambda row: order.index(row["estimand"]))


def coverage_figure(summary: Summary, experiment: str) -> report.Picture | report.Block:
    """Draw the coverage of every estimand and scenario with its Monte Carlo interval, against the bar."""
    rows = shown_rows(summary, experiment)
    if not rows:
        return report.prose(f"There is no figure of {experiment}: nothing was estimated.")
    fig, ax = _new(rows)
    ax.axvspan(100 * LEAST_COVERAGE, 100 * MOST_COVERAGE, color=PALETTE[2], alpha=0.15, linewidth=0)
    ax.axvline(95, color=MUTED, linewidth=1)
    _dots(ax, rows, "coverage", "coverage", [row["bar"] == "short" for row in rows])
    ax.set_xlabel("Share of 95 % intervals that hold the truth (%)")
    outside = [row for row in rows if row["bar"] == "short"]
    least = min(rows, key=lambda row: row["coverage"])
    title = (
        f"{_rows(outside)} of {experiment} {'falls' if len(outside) == 1 else 'fall'} short of the bar"
        if outside
        else f"No interval of {experiment} falls short of the bar"
    )
    report.finding(ax, title, "Coverage by estimand and scenario; shaded: the bar, 93.5 to 96.5 %")
    alt = (
        f"Dots with bars for {plural(len(rows), 'row')} of {experiment}. The lowest coverage is "
        f"{percent(least['coverage'], 1)}, of {least['estimand']} in {least['scenario']}; "
        f"{number(len(outside))} lie outside the shaded band."
    )
    return report.figure(fig, alt=alt, caption=_caption(summary, experiment))


def zero_figure(summary: Summary, experiment: str) -> report.Picture | report.Block:
    """Draw how often intervals leave zero out: false alarms where the truth is zero, power elsewhere."""
    rows = [row for row in shown_rows(summary, experiment) if row["excludes_zero"] is not None]
    alarms = [row for row in rows if row["zero"]]
    if not alarms:
        return report.prose(f"There is no figure of false alarms of {experiment}: its truth is zero nowhere.")
    fig, ax = _new(rows)
    ax.axvline(100 * MOST_ALARMS, color=PALETTE[1], linewidth=1.2, linestyle=(0, (4, 3)))
    _dots(ax, rows, "excludes_zero", "excludes", [bool(row["zero"]) for row in rows])
    ax.set_xlim(-3, 103)
    ax.set_xlabel("Share of intervals without zero (%)")
    worst = max(alarms, key=lambda row: row["excludes_zero"])
    others = [row for row in rows if not row["zero"]]
    report.finding(
        ax,
        f"At most {percent(worst['excludes_zero'], 1)} false alarms where nothing works",
        f"Squares: false alarms, dashed line at {percent(MOST_ALARMS, 1)}; dots: power",
    )
    alt = f"False alarms of {experiment}: " + join_words(
        [f"{percent(row['excludes_zero'], 1)} for {row['estimand']}" for row in alarms]
    )
    if others:
        most = max(others, key=lambda row: row["excludes_zero"])
        alt += f". Power is highest for {most['estimand']} in {most['scenario']}, {percent(most['excludes_zero'], 1)}"
    return report.figure(fig, alt=f"{alt}.", caption=_caption(summary, experiment))


def _new(rows: Sequence[Row]) -> tuple[Any, Axes]:
    fig, ax = report.new_figure(height=1.7 + 0.33 * len(rows))
    ax.set_yticks(range(len(rows)), [f"{row['estimand']}, {row['scenario']}" for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    return fig, ax


def _dots(ax: Axes, rows: Sequence[Row], name: str, ends: str, marked: Sequence[bool]) -> None:
    """Draw shares with their Monte Carlo intervals; what is marked is a square in another colour."""
    for at, (row, special) in enumerate(zip(rows, marked, strict=True)):
        color = PALETTE[1] if special else PALETTE[0]
        ax.plot([100 * row[f"{ends}_low"], 100 * row[f"{ends}_high"]], [at, at], color=color, linewidth=2)
        ax.plot([100 * row[name]], [at], marker="s" if special else "o", markersize=7, color=color, markeredgecolor=INK)


def _rows(rows: Sequence[Row]) -> str:
    return plural(len(rows), "row")


def _caption(summary: Summary, experiment: str) -> str:
    n = summary["profile"]["replications"][experiment]
    return f"{plural(n, 'replication')} in each scenario. Bars: Monte Carlo intervals at 95 %."
