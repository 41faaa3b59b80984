"""The figures and tables of the study `retention`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from coroi import report
from coroi.prepare.landmark import NEVER, STALE
from coroi.report.privacy import shown_counts, suppressed_words
from coroi.report.sentences import begin, level_of
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import join_words, number, percent, plural
from coroi.results import Result
from coroi.studies.retention.answer import difference, hindrance, is_withheld
from coroi.studies.retention.question import Question
from coroi.studies.retention.words import describe_band, outcome_word, share_of, share_places, when

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def band_figure(question: Question, result: Result) -> report.Picture | report.Block:
    """Draw the share by band with its interval; where no band can be estimated, say so."""
    rows = result.estimates
    rows = rows[(rows["term"] == "share") & rows["identified"].astype(bool)]
    silent_last = rows["band"].isin([NEVER, STALE])
    rows = pd.concat([rows[silent_last], rows[~silent_last]], ignore_index=True)
    if rows.empty:
        return report.prose("There is no figure: of no band can the share be estimated.")
    fig, ax = report.new_figure(height=1.6 + 0.5 * len(rows))
    for at, row in rows.iterrows():
        silent = row["band"] in (NEVER, STALE)
        color = MUTED if silent else PALETTE[0]
        ends = [100 * row["conf_low"], 100 * row["conf_high"]]
        ax.plot(ends, [at, at], color=color, linewidth=2.2)
        ax.plot([100 * row["estimate"]], [at], marker="s" if silent else "o", markersize=8, color=color)
    labels = [f"{b}\n{_size(n)}" for b, n in zip(rows["band"], rows["customers"], strict=True)]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    top = 100 * float(rows["conf_high"].max())
    ax.set_xlim(*_limits(100 * float(rows["conf_low"].min()), top))
    ax.set_xlabel(f"{share_of(question)} {when(question)} (%)")
    title, level = _title(question, result), level_of(result)
    report.finding(ax, title, f"{share_of(question)} {when(question)}; {level} intervals")
    places = share_places(rows)
    spoken = join_words([f"{r['band']} at {describe_band(r, places)}" for _, r in rows.iloc[::-1].iterrows()])
    alt = f"{title}. {share_of(question)} {when(question)}, with intervals, by band of {question.label}: {spoken}."
    shown = f"{share_of(question)} {when(question)} by band of {question.label}, with {level} intervals"
    return report.figure(fig, alt=alt, caption=f"{shown}{_in_all(rows['customers'])}.{_left_out(result)}")


def curve_figure(question: Question, result: Result) -> report.Picture | report.Block:
    """Draw the curves by band over the periods since the landmark."""
    curves = result.tables["curves"]
    if question.relationship == "snapshot" or curves.empty or not set(curves["band"]) & set(question.score_bands):
        why = (
            "a snapshot has no time in it" if question.relationship == "snapshot" else "no band holds enough customers"
        )
        return report.prose(f"There are no curves over time: {why}.")
    curves = curves[curves["period"] <= question.horizon]
    shown = [b for b in question.bands if b != STALE and (curves["band"] == b).any()]
    by_band = {b: curves[curves["band"] == b] for b in shown}
    fig, ax = report.new_figure(height=4.6)
    for at, (band, rows) in enumerate(by_band.items()):
        stepped = not _few_points(question, result)
        _draw_curve(ax, band, rows, MUTED if band == NEVER else PALETTE[at % len(PALETTE)], stepped=stepped)
    seen = pd.concat(by_band.values())
    ax.set_ylim(*_limits(100 * float(seen["conf_low"].min()), 100 * float(seen["conf_high"].max())))
    ax.set_xlim(0, question.horizon)
    since = "first purchase's landmark" if question.relationship == "repeat_purchase" else "landmark"
    ax.set_xlabel(f"{question.frequency.capitalize()}s since the {since}")
    ax.set_ylabel(f"{share_of(question)} (%)")
    title, of_metric = _title(question, result), f"by band of {question.label}"
    report.finding(ax, title, f"{share_of(question)} over time; {level_of(result)} intervals shaded")
    report.label_lines(ax)
    span = plural(int(seen["period"].max()), question.frequency)
    places = share_places(result.estimates[result.estimates["term"] == "share"])
    ends = join_words([f"{b} at {percent(float(rows['share'].iloc[-1]), places)}" for b, rows in by_band.items()])
    n = _in_all(result.tables["bands"]["customers"])
    joined = _few_points(question, result)
    how = "Lines with points" if joined else "Stepped lines"
    return report.figure(
        fig,
        alt=f"{title}. {how} {of_metric} over {span}; at the end {ends}.",
        caption=f"Kaplan–Meier curves {of_metric}{n}.{joined}{_left_out(result)}",
    )


def _draw_curve(ax: Axes, band: str, rows: pd.DataFrame, color: str, *, stepped: bool) -> None:
    low, share, high = (100 * rows[c] for c in ("conf_low", "share", "conf_high"))
    style = "--" if band == NEVER else "-"
    ax.fill_between(rows["period"], low, high, step="post" if stepped else None, color=color, alpha=0.13, linewidth=0)
    if stepped:
        ax.step(rows["period"], share, where="post", color=color, label=band, linestyle=style)
    else:
        ax.plot(rows["period"], share, color=color, label=band, linestyle=style, marker="o", markersize=5)


def _few_points(question: Question, result: Result) -> str:
    """Say that curves have points only where enough customers more had the event; empty where all periods stand."""
    if "suppressed" not in result.spec or question.smallest_cell == 1:
        return ""
    return (
        f" Points stand where at least {question.smallest_cell} customers more {question.happened}, and at the end; "
        "the straight lines between them are no estimates."
    )


def _in_all(customers: pd.Series) -> str:
    """Say how many customers are behind a figure; empty where not all of them may be counted."""
    return "" if customers.isna().any() else f"; {plural(int(customers.sum()), 'customer')}"


def _left_out(result: Result) -> str:
    """Name the bands of which the share is withheld."""
    rows = result.estimates[result.estimates["term"] == "share"]
    names = [str(row["band"]) for _, row in rows.iterrows() if is_withheld(row)]
    return f" Not shown, so that nobody can be named: {join_words(names)}." if names else ""


def _size(customers: int) -> str:
    return "n withheld" if pd.isna(customers) else f"n = {number(customers)}"


def band_table(question: Question, result: Result) -> report.Block:
    """Show every band: customers, events, and the share with its interval in one cell."""
    rows = result.estimates[result.estimates["term"] == "share"]
    event = "Bought again" if question.relationship == "repeat_purchase" else "Left"
    level = level_of(result)
    frame = pd.DataFrame(
        {
            begin(question.label): rows["band"].to_list(),
            "Customers": _counts(question, result, "customers"),
            event: _counts(question, result, "events"),
            f"{share_of(question)} ({level} interval)": [
                describe_band(r, share_places(rows)) for _, r in rows.iterrows()
            ],
        }
    )
    return report.table(
        frame,
        caption=f"{outcome_word(question).capitalize()} {when(question)} by band of {question.label}",
        name="retention_by_band",
        note=suppressed_words(_marks(result, "bands"), question.smallest_cell),
    )


def _counts(question: Question, result: Result, column: str) -> pd.Series:
    """Return customers or events by band, those that may not be shown in words."""
    sizes = result.tables["bands"]
    if f"{column}_mark" not in sizes:
        return sizes[column].reset_index(drop=True)
    return shown_counts(sizes[column], sizes[f"{column}_mark"], question.smallest_cell)


def _marks(result: Result, table: str) -> list[int]:
    frame = result.tables.get(table, pd.DataFrame())
    return [int(m) for c in frame.columns if c.endswith("_mark") for m in frame[c]]


def flow_table(question: Question, result: Result) -> report.Block:
    """Show who is in and who is not."""
    flow = result.tables.get("cohort", question.cohort.flow)
    if "customers_mark" in flow:
        shown = shown_counts(flow["customers"], flow["customers_mark"], question.smallest_cell)
        flow = flow[["step"]].assign(customers=shown)
    frame = flow.rename(columns={"step": "Step", "customers": "Customers"})
    words = suppressed_words(_marks(result, "cohort"), question.smallest_cell)
    return report.table(frame, caption="Who was followed, and who was not", name="cohort", note=words)


def data_notes(ledger: pd.DataFrame) -> report.Block:
    """Show what the cleaning left out."""
    lost = ledger[ledger["step"].isin(["left out", "dropped", "set to missing"]) & (ledger["rows"] > 0)]
    items = [f"{r.table}: {plural(int(r.rows), 'row')} {r.step} ({r.sentence})." for r in lost.itertuples()]
    return report.notes(items or ["No row was left out of any table."])


def _title(question: Question, result: Result) -> str:
    pair = question.contrast
    if pair is None or hindrance(question, result):
        return f"{outcome_word(question).capitalize()} by band of {question.label}"
    row = difference(result)
    if is_withheld(row):
        return f"{outcome_word(question).capitalize()} by band of {question.label}"
    more = "bought again more often" if question.relationship == "repeat_purchase" else "stayed more often"
    if row["conf_low"] > 0:
        return f"Customers at {question.label} {pair[0]} {more} than at {pair[1]}"
    if row["conf_high"] < 0:
        return f"Customers at {question.label} {pair[1]} {more} than at {pair[0]}"
    return f"No clear difference between {question.label} {pair[0]} and {pair[1]}"


def _limits(low: float, high: float) -> tuple[float, float]:
    """Leave room around the intervals, within 0 and 100, and start at zero where the shares are small."""
    room = max(0.08 * (high - low), 0.05)
    return (0.0 if low < 20 else max(0.0, low - room)), min(100.0, high + room)
