"""The sentences of the study `profit`, made from its result."""

from __future__ import annotations

import pandas as pd

from coroi.report import Answer
from coroi.report.privacy import people
from coroi.report.sentences import begin, level_of, level_words, stop
from coroi.report.words import (
    Direction,
    grade_phrase,
    interval,
    money,
    money_interval,
    number,
    percent,
    plural,
    points,
    statement,
    verdict_words,
)
from coroi.results import Label, Result, Verdict
from coroi.studies.profit.answer import row_of, total_row
from coroi.studies.profit.question import CLAIM, Question

UNTESTED: Label = "not testable with this data"


def answer(question: Question, result: Result, verdict: Verdict) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, result, verdict
        What was asked, estimated and judged.
    """
    card: list[tuple[str, str]] = [("Verdict", verdict_line(verdict))]
    lowered = ", since a check of the arrow did not hold" if verdict.grade == "D" and result.checks else ""
    card.append(("Evidence grade", f"{grade_phrase(verdict.grade)}{lowered}"))
    if verdict.label != UNTESTED:
        row = total_row(result)
        card.append(
            ("One step", f"{_amount(question, row)} per customer within {question.span}, {level_of(result)} interval")
        )
        card.append(("All customers", _base(question, row)))
    if question.delta > 0:
        least = f"{_least(question)} per customer within {question.span}"
        card.append(("Smallest that matters", f"{least}, {percent(question.share, 1)} of what a customer brings"))
    if question.winsorised:
        card.append(("Money", f"pulled in at {percent(question.winsorised, 1)} of each tail, as asked for"))
    card.append(("Period and people", who(question)))
    return Answer(sentence=sentence(question, result, verdict), card=tuple(card), verdict=verdict)


def sentence(question: Question, result: Result, verdict: Verdict) -> str:
    """Say the answer in one sentence, with its number and no verb above its grade."""
    step, per = begin(question.step), f"{question.outcome} per customer over {question.span}"
    if verdict.label == UNTESTED:
        return f"What {question.step} is worth cannot be tested with these data, because {stop(verdict.reason)}"
    told = f"{_amount(question, total_row(result))}, {level_of(result)} interval"
    if verdict.label == "too small to matter":
        return f"{step} hardly moves with {per}: {told}, less than the {_least(question)} that would matter."
    if verdict.label == "claimed effect ruled out":
        return f"That {question.step} goes with {_least(question)} or more of {per} is ruled out: {told}."
    if verdict.label == "cannot tell":
        return f"These data cannot tell whether {question.step} goes with more {per}: {told}."
    direction: Direction = "lower" if verdict.label == "contradicted" else "higher"
    return f"{statement(step, per, grade=verdict.grade, direction=direction)}: {told}."


def claim_words(question: Question, result: Result, early: Verdict, late: Verdict) -> tuple[str, ...]:
    """Say what claim C13 asserts, what was found early and late, when the path crosses, and both verdicts."""
    claim = (
        f"Claim {CLAIM}, as far as a score tells: what customers gain costs profit first and brings it later. Both "
        "parts "
        "have to hold. Of a programme, with its costs, the study `roi` judges it."
    )
    if early.label == UNTESTED or late.label == UNTESTED:
        why = early if early.label == UNTESTED else late
        return (claim, f"{verdict_words(UNTESTED)}: {stop(why.reason)}")
    rows = [row_of(result, "path", term) for term in ("early", "late")]
    first = plural(question.early, question.frequency)
    rest = plural(question.horizon - question.early, question.frequency)
    found = (
        f"In the first {first} {question.step} goes with {_amount(question, rows[0])} a {question.frequency} and "
        f"customer, in the last {rest} with {_amount(question, rows[1])}; {level_of(result)} interval. "
        f"{crossing(question, result)}"
    )
    told = (
        f"Cost early: {verdict_line(early)} Gain late: {verdict_line(late)} Evidence grade {grade_phrase(late.grade)}."
    )
    return claim, found, told


def crossing(question: Question, result: Result) -> str:
    """Say from when the path is no longer below zero."""
    row = row_of(result, "path", "crossover")
    if not row["identified"]:
        return f"No date of a crossover is told: {stop(str(row['reason']))}"
    soonest, latest = (float(row[c]) for c in ("conf_low", "conf_high"))
    when = f"{question.frequency} {number(float(row['estimate']) + 1)}"
    last = f"not within {question.span}" if latest == float("inf") else f"{question.frequency} {number(latest + 1)}"
    first = f"not within {question.span}" if soonest == float("inf") else f"{question.frequency} {number(soonest + 1)}"
    return f"The path is no longer below zero from {when} on (by the band, from {first} to {last})."


def arrow_words(question: Question, result: Result) -> str:
    """Say which way the arrow runs, in a sentence, with both estimates."""
    rows = result.estimates[result.estimates["part"] == "direction"]
    if rows.empty:
        return "Which way the arrow runs cannot be told."
    forward, back = (_corrected(rows, term) for term in ("forward", "reverse"))
    if not (forward["identified"] and back["identified"]):
        why = forward["reason"] or back["reason"]
        return f"Which way the arrow runs cannot be told: {stop(str(why))}"
    leads, follows = (not r["conf_low"] <= 0 <= r["conf_high"] for r in (forward, back))
    said = {
        (True, False): "The score foretells money, and money does not foretell the score beyond chance",
        (False, True): "Money foretells the score, and the score does not foretell money beyond chance: the arrow "
        "runs from money to the score",
        (True, True): "The arrow runs both ways: each foretells the other",
        (False, False): "Neither foretells the other beyond chance, their own past held",
    }[leads, follows]
    low, high = float(back["conf_low"]), float(back["conf_high"])
    unit = f"{question.currency} 100 more"
    hundred = interval(100 * low, 100 * high, decimals=3)
    return (
        f"{said}. With its past held, {question.step} goes with {_amount(question, forward)} of the next "
        f"{question.frequency}'s money; {unit} with {number(100 * float(back['estimate']), 3)} steps of the next score "
        f"({hundred}); {level_of(result)} interval."
    )


def sides_words(question: Question, result: Result) -> tuple[str, ...]:
    """Say what the slide would say, and what is left of it within customers."""
    rows = result.estimates[(result.estimates["part"] == "side by side") & (result.estimates["errors"] == "cluster")]
    if rows.empty:
        return ("Customers cannot be compared with each other or with themselves.",)
    pooled, within = (rows[rows["estimator"] == e].iloc[0] for e in ("pooled", "two_way"))
    if not (pooled["identified"] and within["identified"]):
        why = pooled["reason"] or within["reason"]
        return (f"Customers cannot be compared with themselves: {stop(str(why))}",)
    naive = (
        f"Comparing all customers and {question.frequency}s alike, as a slide would, {question.step} is found together "
        f"with {_amount(question, pooled)} of {question.outcome} a {question.frequency}."
    )
    same = (
        f"Within the same customers, and with what moved everybody in a {question.frequency} taken out, it goes with "
        f"{_amount(question, within)}: a customer who brings more may always have been the happier one, and this "
        "comparison leaves that out. It does not leave out what moves both at a time."
    )
    stays = row_of(result, "lags", "long_run")
    if not stays["identified"]:
        return (
            naive,
            same,
            f"What a step that stays adds in the long run is not identified: {stop(str(stays['reason']))}",
        )
    lags = _lags(result)
    lasting = (
        f"A step that stays goes with {_amount(question, stays)} more a {question.frequency} after "
        f"{plural(lags, question.frequency)}, as far back as lags were looked at; {level_of(result)} interval "
        "throughout."
    )
    return naive, same, lasting


def selected_words(question: Question, result: Result) -> str:
    """Say what is found among those who stay, and why that is another question."""
    row = row_of(result, "those who stay", "total")
    if not row["identified"]:
        return f"Among those who stay nothing can be estimated: {stop(str(row['reason']))}"
    return (
        f"Among customers who stay all the time {question.step} goes with {_amount(question, row)} over "
        f"{question.span}. "
        "That is a selected group: a score that keeps customers who bring little lowers the mean of those who stay, "
        "and so the number above, with everybody who was there at the start, is the one to go by."
    )


def verdict_line(verdict: Verdict) -> str:
    """Write a verdict with its levels and its reason."""
    words = verdict_words(verdict.label)
    if verdict.label == UNTESTED:
        return f"{words}."
    at_95 = verdict_words(verdict.label_95).lower()
    said = f"{words} ({level_words(verdict.level)} interval, three comparisons declared); by the "
    return f"{said}{level_words(0.95)} interval: {at_95}. {verdict.reason}".strip()


def who(question: Question) -> str:
    """Say whom the answer is about, and when."""
    if question.cohort.start is None:
        return "nobody could be followed"
    followed = question.cohort.last_idx - question.cohort.start_idx + 1
    everybody = people(question.n_customers, question.smallest_cell)
    when = f"in the {question.frequency} that begins on {started(question)}"
    return f"{everybody} {when}, followed for {plural(followed, question.frequency)}, those who left included"


def started(question: Question) -> str:
    """Write the day on which the cohort is fixed."""
    start = question.cohort.start
    return f"{start.day} {start:%B %Y}" if start else "no day"


def describe(question: Question, row: pd.Series) -> str:
    """Write an estimate of money with its interval in one cell."""
    return _amount(question, row) if row["identified"] else f"not identified: {row['reason']}"


def describe_share(row: pd.Series) -> str:
    """Write an estimate of a share, in percentage points, with its interval in one cell."""
    if not row["identified"]:
        return f"not identified: {row['reason']}"
    low, high = float(row["conf_low"]), float(row["conf_high"])
    return f"{points(float(row['estimate']), 2)} ({interval(100 * low, 100 * high, decimals=2)})"


def _amount(question: Question, row: pd.Series) -> str:
    low, high = float(row["conf_low"]), float(row["conf_high"])
    half = (high - low) / 2
    return f"{money(float(row['estimate']), half, question.currency)} ({money_interval(low, high, '').strip()})"


def _base(question: Question, row: pd.Series) -> str:
    n = question.cohort.n_all
    whole = row.copy()
    for column in ("estimate", "conf_low", "conf_high"):
        whole[column] = float(row[column]) * n
    return f"{_amount(question, whole)} if all {people(n, question.smallest_cell)} of the cohort moved one step"


def _corrected(rows: pd.DataFrame, term: str) -> pd.Series:
    return rows[(rows["term"] == term) & (rows["estimator"] == "corrected")].iloc[0]


def _lags(result: Result) -> int:
    parts = result.spec["parts"]
    assert isinstance(parts, dict)
    return int(parts["lags"]["lags"])


def _least(question: Question) -> str:
    return money(question.delta, 0.1 * question.delta, question.currency)
