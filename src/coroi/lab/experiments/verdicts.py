"""What the study `retention` says of a company: its verdicts, and whether any of its words claims an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

import pandas as pd

from coroi.lab.company_data import BANDS, STATES_AND_BANDS, landmark_counts
from coroi.lab.experiments.parts import Estimand, Experiment, Findings, Found
from coroi.lab.experiments.retention import BOTTOM, MIDDLE, TOP, banded
from coroi.lab.months import HORIZON
from coroi.models.survival import MIN_CUSTOMERS
from coroi.prepare.landmark import LandmarkCohort
from coroi.report.words import Direction, grade_verb
from coroi.results import Verdict
from coroi.studies.retention import Question, answer, claim_verdict, claim_words, fit, meaning, verdict
from coroi.studies.retention.words import UNTESTED

SMALLEST = 0.01  # the smallest effect of the plans that come with simulated companies
CAUSAL_VERBS = {
    grade_verb(grade, direction, plural=many)
    for grade in ("A", "B")
    for direction in get_args(Direction)
    for many in (False, True)
} - {
    "lower"
}  # the verb of many at grade A, but also the adjective of grade D: "is found together with lower retention"


def judge_counts(counts: pd.DataFrame) -> Findings:
    """Judge both of the study's claims, and read its words.

    Parameters
    ----------
    counts : pandas.DataFrame
        From :func:`coroi.lab.company_data.landmark_counts`.
    """
    question = _question(counts)
    result = fit(question)
    first, ladder = verdict(question, result), claim_verdict(question, result)
    said = answer(question, result, first)
    words = (said.sentence, *(text for _, text in said.rows), *meaning(question, result, first)[:1])
    return {
        "difference": _told(first, words),
        "gain_at_the_top": _told(ladder, claim_words(question, result, ladder)),
    }


def claims_effect(told: Verdict, words: Sequence[str]) -> bool:
    """Tell whether a verdict or any of the words beside it says that the score brings about the outcome."""
    spoken = any(f" {verb} " in f" {text} " for text in words for verb in CAUSAL_VERBS)
    return told.label == "supported" or spoken


def _told(told: Verdict, words: Sequence[str]) -> Found:
    refused = told.reason if told.label == UNTESTED else ""
    return Found(refused=refused, label=told.label, causal=claims_effect(told, words))


def _question(counts: pd.DataFrame) -> Question:
    """Ask what the study would ask: the outermost bands that hold enough customers, and all three for the ladder."""
    named = banded(counts)
    sizes = named.groupby("band")["n"].sum().reindex(list(STATES_AND_BANDS), fill_value=0)
    held = [band for band in BANDS if sizes[band] >= MIN_CUSTOMERS]
    contrast = (held[-1], held[0]) if len(held) > 1 else None
    n = int(counts["n"].sum())
    flow = pd.DataFrame({"step": ["customers followed"], "customers": [n]})
    cohort = LandmarkCohort(counts=counts, flow=flow, landmark=date(2023, 1, 1), horizon=HORIZON, event="exit")
    ends = f"{contrast[0]} less {contrast[1]}" if contrast else "best band less worst band"
    return Question(
        metric="nps",
        label="NPS",
        relationship="contract",
        frequency="month",
        horizon=HORIZON,
        bands=tuple(band for band in STATES_AND_BANDS if band in BANDS or sizes[band]),
        contrast=contrast,
        ladder=(BOTTOM, MIDDLE, TOP) if len(held) == len(BANDS) else None,
        delta=SMALLEST,
        higher_is_better=True,
        theta=f"share that stays, NPS {ends}, as a share of customers",
        cohort=cohort,
        counts=named,
        dated=True,
    )


def _nothing(parts: Sequence[Any]) -> Mapping[str, float]:
    return {}


VERDICTS = Experiment(
    name="verdicts",
    method="the study `retention` with its verdicts and words, at grade D",
    estimands=(
        Estimand(name="difference", words=f"verdict on NPS {TOP} less {BOTTOM}", level=0.975),
        Estimand(name="gain_at_the_top", words="verdict on claim C06", level=0.975),
    ),
    scenarios=("null", "confounded"),
    fit=lambda months: judge_counts(landmark_counts(months)),
    reduce=landmark_counts,
    pool=_nothing,
)
