"""The words and tables about one step on the scale: customers, money, ratios, prediction by band."""

from __future__ import annotations

import math

import pandas as pd

from coroi import report
from coroi.prepare.landmark import ANSWERED
from coroi.report.privacy import WITHHELD, fewer_than
from coroi.report.words import (
    fewer_or_more,
    grade_verb,
    interval,
    join_words,
    money,
    money_interval,
    number,
    per_thousand_difference,
    plural,
)
from coroi.results import Check, Result
from coroi.studies.retention.answer import GRADE, estimate_row, hindrance, is_withheld
from coroi.studies.retention.point import PointEffect
from coroi.studies.retention.point_terms import (
    at_equal,
    doing,
    in_words,
    kind_of,
    names_few,
    references,
    step_words,
    term_words,
)
from coroi.studies.retention.question import Question
from coroi.studies.retention.words import (
    begin,
    describe_band,
    level_of,
    outcome_word,
    periods_of,
    share_places,
    stayed,
    when,
)

Gap = tuple[float, float, float]


def point_words(question: Question, result: Result, point: PointEffect, currency: str) -> tuple[str, ...]:
    """Say what one step on the scale is found together with, in customers and in money; or why it cannot be said."""
    reason = _why_not(question, result, point) or _unknown(question, point)
    if reason:
        return (f"What a better score is found together with cannot be estimated: {reason}.",)
    last = (
        f"This is an association of grade {GRADE}. It holds every score where it was and compares customers who "
        "differ, so it does not say what a change of the score would bring."
    )
    if check_prediction(question, result, point).passed is False:
        last += " The check of the prediction did not pass (see Checks): a straight line may be too simple for it."
    return _customer_words(question, result, point), _money_words(question, point, currency), last


def hazard_table(question: Question, result: Result, point: PointEffect) -> report.Block:
    """Show every ratio of the fitted hazard with its interval."""
    if point.hazard is None or hindrance(question, result):
        return report.prose(f"No ratio is shown: {_why_not(question, result, point)}.")
    rows = point.hazard.estimates[point.hazard.estimates["term"] != "constant"]
    if not rows["identified"].any() and rows["reason"].nunique() == 1:
        return report.prose(f"No ratio is shown: {in_words(question, point, rows['reason'].iloc[0])}.")
    kind = kind_of(point.hazard)
    frame = pd.DataFrame(
        {
            "Compared": [term_words(question, point, t) for t in rows["term"]],
            f"{kind} ratio of {doing(question)} ({level_of(point.hazard)} interval)": [
                _ratio(question, point, row) for _, row in rows.iterrows()
            ],
        }
    )
    caption = f"{kind} ratios of {doing(question)}, estimated together; below 1 is less often"
    against = join_words(references(question, point))
    if against:
        caption += f". Groups are set against {against}"
    return report.table(frame, caption=caption, name="hazard")


def prediction_table(question: Question, result: Result, point: PointEffect) -> report.Block:
    """Show the share predicted by band beside the share seen."""
    why = _why_not(question, result, point)
    if why:
        return report.prose(f"Nothing is predicted: {why}.")
    predicted, seen = _predicted(question, point), _seen(result)
    bands = [b for b in question.bands if b in predicted.index and b in seen.index]
    predicted, seen = predicted.loc[bands], seen.loc[bands]
    if not predicted["identified"].any() and predicted["reason"].nunique() == 1:
        return report.prose(f"Nothing is predicted: {predicted['reason'].iloc[0]}.")
    places = share_places(pd.concat([seen, predicted]))
    level = level_of(result)
    frame = pd.DataFrame(
        {
            begin(question.label): bands,
            f"Seen ({level} interval)": [describe_band(r, places) for _, r in seen.iterrows()],
            f"Predicted, score held ({level} interval)": [
                WITHHELD if is_withheld(s) else describe_band(p, places)  # a prediction is near what was seen
                for (_, p), (_, s) in zip(predicted.iterrows(), seen.iterrows(), strict=True)
            ],
        }
    )
    outcome = outcome_word(question).capitalize()
    return report.table(frame, caption=f"{outcome} {when(question)}: seen and predicted", name="predicted")


def check_prediction(question: Question, result: Result, point: PointEffect) -> Check:
    """Tell whether the model's shares lie within the intervals of the shares seen, for the bands with an answer."""
    tested = "whether the fitted hazard, linear in the score, agrees with the shares seen by band"
    why = _why_not(question, result, point)
    if why:
        return Check(name="prediction", tested=tested, passed=None, sentence=f"Nothing is predicted: {why}.")
    predicted, seen = (rows[rows["identified"].astype(bool)] for rows in (_predicted(question, point), _seen(result)))
    bands = [b for b in question.score_bands if b in predicted.index and b in seen.index]
    if not bands:
        return Check(name="prediction", tested=tested, passed=None, sentence="No band can be compared.")
    value, low, high = predicted["estimate"], seen["conf_low"], seen["conf_high"]
    off = [b for b in bands if not low[b] <= value[b] <= high[b]]
    within = f"{len(bands) - len(off)} of {plural(len(bands), 'band')}"
    said = f"The prediction lies within the interval of what was seen in {within}"
    said += f"; not at {join_words(off)}. A straight line may not describe the score." if off else "."
    return Check(name="prediction", tested=tested, passed=not off, sentence=said)


def _customer_words(question: Question, result: Result, point: PointEffect) -> str:
    assert point.step is not None
    gap, outcome = _gap(question, point), outcome_word(question)
    step = f"{step_words(point)} better on {question.label}"
    by_gap, by_ratio = _told_apart(question, point)
    said = f"these data cannot tell whether {step} is found together with higher or lower {outcome}"
    if by_gap and by_ratio:
        said = f"{step} {grade_verb(GRADE, 'higher' if gap[0] > 0 else 'lower')} {outcome}"
    each = f"{per_thousand_difference(*gap, 'customers')} ({level_of(point.step)} interval), {stayed(question)}"
    told = f"{begin(at_equal(question, point) + said)}: {each}."
    if not result.tables["bands"]["customers"].isna().any():
        middle, span = fewer_or_more(*(round(g * point.n_answered) for g in gap))
        whom = f"the {plural(point.n_answered, 'customer')} with a usable answer"
        told += f" Among {whom} that is about {middle}, {span}."
    return told if by_gap == by_ratio else f"{told} {_doubt(point, by_gap)}"


def _told_apart(question: Question, point: PointEffect) -> tuple[bool, bool]:
    """Tell whether the difference leaves out zero, and whether the ratio leaves out 1."""
    gap, ratio = _gap(question, point), _ratio_ends(point)
    return gap[1] > 0 or gap[2] < 0, ratio[0] > 1 or ratio[1] < 1


def _doubt(point: PointEffect, by_gap: bool) -> str:
    """Say that the difference and the ratio disagree on whether there is anything."""
    assert point.hazard is not None
    gap, ratio = ("leaves out", "holds") if by_gap else ("holds", "leaves out")
    ends = interval(*_ratio_ends(point), decimals=2)
    kind = kind_of(point.hazard).lower()
    return (
        f"The interval of the difference {gap} zero, while that of the {kind} ratio, {ends}, {ratio} 1; so neither is "
        "relied on."
    )


def _money_words(question: Question, point: PointEffect, currency: str) -> str:
    if math.isnan(point.revenue):
        return "In money nothing can be said: the tables hold no revenue."
    by_gap, by_ratio = _told_apart(question, point)
    if by_gap != by_ratio:
        return "In money nothing is said, since the difference and the ratio disagree."
    assert point.step is not None
    unit = question.frequency
    gap, whose = _gap(question, point), f"at a mean of {currency} {number(point.revenue, 2)}"
    if question.relationship == "contract":
        gap, over = _ends(estimate_row(point.step, "difference_periods_stayed")), f" over {periods_of(question)}"
        whose += f" a customer and {unit}"
    elif question.relationship == "repeat_purchase":
        over = f" over {periods_of(question)}"
        whose += f" in a {unit} with a purchase, counted once for each who {question.happened}"
    else:
        over = " and month"
        whose += " a customer and month"
    middle, low, high = (1_000 * point.revenue * g for g in gap)
    half = (high - low) / 2
    more = f"{money(abs(middle), half, currency)} {'less' if middle < 0 else 'more'}"
    return (
        f"In money that is about {more} revenue for every 1,000 customers{over}, {_money_span(low, high, currency)} "
        f"({level_of(point.step)} interval), {whose}. That mean is taken as known; the interval carries the doubt "
        f"about who {'buys again' if question.relationship == 'repeat_purchase' else 'stays'}."
    )


def _money_span(low: float, high: float, currency: str) -> str:
    half = (high - low) / 2
    if low < 0 < high:
        return f"from {money(-low, half, currency)} less to {money(high, half, currency)} more"
    if high <= 0:
        return f"{money_interval(-high, -low, currency)} less"
    return f"{money_interval(low, high, currency)} more"


def _why_not(question: Question, result: Result, point: PointEffect) -> str:
    """Say why nothing can be said of a step: the bands cannot be compared, or nothing could be fitted."""
    why = _stop(hindrance(question, result) or point.reason)
    if not why and "score" in point.few:
        few = fewer_than(question.smallest_cell)
        return f"{WITHHELD}, since {few} customers with a usable answer {question.happened}, or did not"
    return why


def _unknown(question: Question, point: PointEffect) -> str:
    """Say why the hazard does not tell what a step goes with; empty where it does."""
    assert point.step is not None and point.hazard is not None
    row = estimate_row(point.step, "difference")
    if row["identified"]:
        return ""
    answered = point.hazard.estimates[point.hazard.estimates["term"] == f"state[{ANSWERED}]"]
    said = next((f"{why} (state[{ANSWERED}])" for why in answered["reason"] if why), str(row["reason"]))
    return in_words(question, point, said)


def _stop(reason: str) -> str:
    return reason.rstrip(".")


def _gap(question: Question, point: PointEffect) -> Gap:
    """Return the difference in the share that is reported, and its ends."""
    assert point.step is not None
    middle, low, high = _ends(estimate_row(point.step, "difference"))
    return (-middle, -high, -low) if question.counted == "with event" else (middle, low, high)


def _ends(row: pd.Series) -> Gap:
    return float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"])


def _seen(result: Result) -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == "share"].set_index("band")


def _predicted(question: Question, point: PointEffect) -> pd.DataFrame:
    """Return the predicted share that is reported, by band."""
    assert point.by_band is not None
    rows = point.by_band.estimates[point.by_band.estimates["term"] == "retention"].set_index("band")
    if question.counted == "with event":
        rows = rows.assign(
            estimate=1 - rows["estimate"], conf_low=1 - rows["conf_high"], conf_high=1 - rows["conf_low"]
        )
    return rows.assign(reason=[in_words(question, point, r) for r in rows["reason"]])


def _ratio_ends(point: PointEffect) -> tuple[float, float]:
    """Return the interval of the ratio that goes with one step up on the scale."""
    assert point.hazard is not None
    row = estimate_row(point.hazard, "score")
    return _exp(point.size * float(row["conf_low"])), _exp(point.size * float(row["conf_high"]))


def _ratio(question: Question, point: PointEffect, row: pd.Series) -> str:
    few = fewer_than(question.smallest_cell)
    if names_few(point, str(row["term"])):
        return f"{WITHHELD}, since it has {few} customers"
    if str(row["term"]) in point.few:
        return f"{WITHHELD}, since {few} customers behind it {question.happened}, or did not"
    if not row["identified"]:
        return f"not estimable: {in_words(question, point, str(row['reason']))}"
    times = point.size if row["term"] == "score" else 1.0
    middle, low, high = (_exp(times * value) for value in _ends(row))
    return f"{number(middle, 2)} ({interval(low, high, decimals=2)})"


def _exp(log_ratio: float) -> float:
    return math.exp(min(log_ratio, 50.0))
