"""The words, tables and figure about one step on the scale and about leaving by tenure."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.theme import PALETTE
from coroi.report.words import (
    grade_verb,
    interval,
    join_words,
    money,
    money_interval,
    number,
    per_thousand_difference,
    percent,
    plural,
)
from coroi.results import Check, Result
from coroi.studies.retention.answer import GRADE, hindrance
from coroi.studies.retention.point import PointEffect
from coroi.studies.retention.question import Question
from coroi.studies.retention.words import describe_band, level_of, outcome_word, periods_of, when


def point_words(question: Question, result: Result, point: PointEffect, currency: str) -> tuple[str, ...]:
    """Say what one step on the scale goes with, in customers and in money; or why it cannot be said."""
    leaks = any(c.name.startswith("leak_") and c.passed is False for c in result.checks)
    reason = hindrance(question, result) if leaks else _unknown(point)
    if reason:
        return (f"What a better score goes with cannot be estimated: {reason.rstrip('.')}.",)
    assert point.step is not None
    gap = _turned(question, _row(point, "difference"))
    step, outcome, level = _step_words(point, question), outcome_word(question), level_of(point.step)
    did = "bought again" if question.relationship == "repeat_purchase" else "stayed"
    people = f"{per_thousand_difference(*gap, 'customers')} ({level} interval), {did} {when(question)}"
    if gap[1] <= 0 <= gap[2]:
        said = f"At equal tenure and segment, these data cannot tell whether {step} goes with higher or lower {outcome}"
    else:
        said = f"At equal tenure and segment, {step} {grade_verb(GRADE, 'higher' if gap[0] > 0 else 'lower')} {outcome}"
    whole = [g * point.n_answered for g in gap]
    base = (
        f"Among the {plural(point.n_answered, 'customer')} with a usable answer that is about {_signed(whole[0])} "
        f"({interval(round(whole[1]), round(whole[2]))})."
    )
    last = (
        f"This is an association of grade {GRADE}. It holds every score where it was and compares customers who "
        "differ, so it does not say what a change of the score would bring."
    )
    return (f"{said}: {people}. {base}", _money_words(question, point, currency), last)


def hazard_table(question: Question, point: PointEffect) -> report.Block:
    """Show every ratio of the fitted hazard with its interval."""
    if point.hazard is None:
        return report.prose(f"No hazard is fitted: {point.reason}.")
    rows = point.hazard.estimates[point.hazard.estimates["term"] != "constant"]
    kind = "Odds ratio" if point.hazard.spec["link"] == "logit" else "Hazard ratio"
    happened = "buying again" if question.relationship == "repeat_purchase" else "leaving"
    frame = pd.DataFrame(
        {
            "Compared": [_term(question, t) for t in rows["term"]],
            f"{kind} of {happened} ({level_of(point.hazard)} interval)": [_ratio(r) for _, r in rows.iterrows()],
        }
    )
    caption = f"{kind}s of {happened}, estimated together; below 1 is less often. Against: {_reference(point.hazard)}"
    return report.table(frame, caption=caption, name="hazard")


def prediction_table(question: Question, result: Result, point: PointEffect) -> report.Block:
    """Show the share predicted by band beside the share seen."""
    if point.by_band is None:
        return report.prose(f"Nothing is predicted: {point.reason}.")
    predicted = point.by_band.estimates[point.by_band.estimates["term"] == "retention"].set_index("band")
    seen = result.estimates[result.estimates["term"] == "share"].set_index("band")
    bands = [b for b in question.bands if b in predicted.index and b in seen.index]
    frame = pd.DataFrame(
        {
            question.label: bands,
            "Seen (interval)": [describe_band(seen.loc[b]) for b in bands],
            "Predicted, score held (interval)": [describe_band(_mirrored(question, predicted.loc[b])) for b in bands],
        }
    )
    outcome = outcome_word(question).capitalize()
    return report.table(frame, caption=f"{outcome} {when(question)}: seen and predicted", name="predicted")


def check_prediction(question: Question, result: Result, point: PointEffect) -> Check:
    """Tell whether the model's shares lie within the intervals of the shares seen, for the bands with an answer."""
    tested = "whether the fitted hazard, linear in the score, agrees with the shares seen by band"
    if point.by_band is None:
        return Check(name="prediction", tested=tested, passed=None, sentence=f"Nothing is predicted: {point.reason}.")
    predicted = point.by_band.estimates[point.by_band.estimates["term"] == "retention"].set_index("band")
    seen = result.estimates[(result.estimates["term"] == "share") & result.estimates["identified"]].set_index("band")
    bands = [
        b for b in question.score_bands if b in seen.index and b in predicted.index and predicted.loc[b, "identified"]
    ]
    if not bands:
        return Check(name="prediction", tested=tested, passed=None, sentence="No band can be compared.")
    off = []
    for band in bands:
        value = float(_mirrored(question, predicted.loc[band])["estimate"])
        if not float(seen.loc[band, "conf_low"]) <= value <= float(seen.loc[band, "conf_high"]):
            off.append(band)
    within = f"{len(bands) - len(off)} of {plural(len(bands), 'band')}"
    said = f"The prediction lies within the interval of what was seen in {within}"
    said += f"; not at {', '.join(off)}. A straight line may not describe the score." if off else "."
    return Check(name="prediction", tested=tested, passed=not off, sentence=said)


def tenure_figure(question: Question, point: PointEffect) -> report.Picture | report.Block:
    """Draw how often customers leave (or buy again) at each tenure, with intervals and the numbers at risk."""
    table = _by_band_of_tenure(point)
    if question.relationship == "snapshot" or table.empty:
        why = (
            "a snapshot has no time in it"
            if question.relationship == "snapshot"
            else point.reason or "nobody is at risk"
        )
        return report.prose(f"There is no figure of the hazard over time: {why}.")
    fig, ax = report.new_figure(height=4.0)
    at = np.arange(len(table))
    ax.vlines(at, 100 * table["low"], 100 * table["high"], color=PALETTE[0], linewidth=2.2)
    ax.plot(at, 100 * table["rate"], marker="o", linestyle="none", color=PALETTE[0], markersize=7)
    ax.set_xticks(at, [f"{b}\n{number(n)}" for b, n in zip(table["band"], table["n"], strict=True)])
    ax.set_ylim(0, 110 * float(table["high"].max()))
    ax.set_xlim(-0.5, len(table) - 0.5)
    again = question.relationship == "repeat_purchase"
    since = "the landmark" if again else "the start"
    ax.set_xlabel(f"{question.frequency.capitalize()}s since {since}; below: customer-{question.frequency}s at risk")
    doing = "bought again" if again else "left"
    ax.set_ylabel(f"{doing.capitalize()} in a {question.frequency} (%)")
    title = _tenure_title(table, question)
    report.finding(ax, title, f"Share of those at risk that {doing} in a {question.frequency}; 95 % intervals")
    spoken = "; ".join(
        f"{r.band}: {percent(r.rate, 2)} ({interval(100 * r.low, 100 * r.high, '%', decimals=2)})"
        for r in table.itertuples()
    )
    alt = f"{title}. Points with intervals by {question.frequency}s since {since}: {spoken}."
    n = number(float(table["n"].sum()))
    return report.figure(
        fig, alt=alt, caption=f"Share that {doing}, by time since {since}; {n} customer-{question.frequency}s."
    )


def _by_band_of_tenure(point: PointEffect) -> pd.DataFrame:
    from statsmodels.stats.proportion import proportion_confint

    life = point.life_table
    if life.empty or not point.tenure_bands:
        return pd.DataFrame()
    starts = [s for s, _ in point.tenure_bands]
    at = np.searchsorted(starts, life["tenure_periods"], side="right") - 1
    sums = life.groupby(at)[["n", "events"]].sum()
    low, high = proportion_confint(sums["events"], sums["n"], method="wilson")
    names = [point.tenure_bands[i][1] for i in sums.index]
    return pd.DataFrame(
        {
            "band": names,
            "n": sums["n"].to_numpy(),
            "rate": (sums["events"] / sums["n"]).to_numpy(),
            "low": np.asarray(low),
            "high": np.asarray(high),
        }
    )


def _tenure_title(table: pd.DataFrame, question: Question) -> str:
    doing = "buy again" if question.relationship == "repeat_purchase" else "leave"
    overall = float((table["rate"] * table["n"]).sum() / table["n"].sum())
    peak = table.loc[table["rate"].idxmax()]
    if len(table) > 1 and float(peak["low"]) > overall:
        return f"Customers {doing} most often at {peak['band']} {question.frequency}s"
    return f"How often customers {doing} hardly changes over time"


def _money_words(question: Question, point: PointEffect, currency: str) -> str:
    if math.isnan(point.revenue):
        return "In money nothing can be said: the tables hold no revenue."
    assert point.step is not None
    level = level_of(point.step)
    each = f"{currency} {number(point.revenue, 2)}"
    if question.relationship == "contract":
        row = _row(point, "difference_periods_stayed")
        gap = (float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"]))
        what = f"{periods_of(question)}, at {each} a customer and {question.frequency}"
    else:
        gap = _turned(question, _row(point, "difference"))
        again = question.relationship == "repeat_purchase"
        what = f"{periods_of(question)}, at {each} a purchase" if again else f"a month, at {each} a customer and month"
    middle, low, high = (1_000 * point.revenue * g for g in gap)
    amount = f"{money(middle, (high - low) / 2, currency)} of revenue per 1,000 customers"
    return (
        f"In money that is about {amount} over {what} ({level} interval "
        f"{money_interval(low, high, currency)}). The mean revenue is taken as known; the interval carries the doubt "
        "about who stays."
    ).replace("over a month", "a month")


def _step_words(point: PointEffect, question: Question) -> str:
    size = "one point" if point.size == 1 else f"{point.size:g} points"
    return f"{size} better on {question.label}"


def _unknown(point: PointEffect) -> str:
    if point.step is None:
        return point.reason
    row = _row(point, "difference")
    return "" if row["identified"] else str(row["reason"])


def _row(point: PointEffect, term: str) -> pd.Series:
    assert point.step is not None
    return point.step.estimates[point.step.estimates["term"] == term].iloc[0]


def _turned(question: Question, row: pd.Series) -> tuple[float, float, float]:
    """Return estimate and ends of a difference in the share that is reported."""
    values = (float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"]))
    return (-values[0], -values[2], -values[1]) if question.counted == "with event" else values


def _mirrored(question: Question, row: pd.Series) -> pd.Series:
    if question.counted != "with event" or not row["identified"]:
        return row
    turned = row.copy()
    turned["estimate"] = 1 - row["estimate"]
    turned["conf_low"], turned["conf_high"] = 1 - row["conf_high"], 1 - row["conf_low"]
    return turned


def _term(question: Question, term: str) -> str:
    if term == "score":
        return f"{question.label}, one point higher"
    name, _, level = term.rstrip("]").partition("[")
    unit = {"tenure": f"{question.frequency}s since the start", "state": "", "segment": "segment"}.get(name, name)
    return f"{level} {unit}".strip() if name != "segment" else f"segment {level}"


def _reference(hazard: Result) -> str:
    terms = hazard.spec["terms"]
    assert isinstance(terms, list)
    return join_words([str(t["levels"][0]) for t in terms if t["levels"]]) or "one point lower"


def _ratio(row: pd.Series) -> str:
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    estimate, low, high = (number(math.exp(min(float(row[c]), 50)), 2) for c in ("estimate", "conf_low", "conf_high"))
    return f"{estimate} ({low} to {high})"


def _signed(value: float) -> str:
    return f"{number(abs(round(value)))} {'fewer' if value < 0 else 'more'}"
