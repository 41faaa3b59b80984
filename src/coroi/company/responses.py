"""Surveys: who is asked, who answers, and what the answer shows of the satisfaction behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import DAYS_PER_MONTH, Floats, Ints, as_dates, numbered, stream
from coroi.company.customers import People
from coroi.company.subscriptions import Contracts

ANSWERING_BY_SATISFACTION = 0.45
ANSWERING_BY_LOG_TENURE = 0.2
DELAY_MEAN_DAYS = 3
DELAY_LIMIT_DAYS = 21
VERBATIM_SHARE = 0.12
VERBATIMS = (
    ("Waited too long for an answer.", "The bill was wrong again.", "Nobody called me back."),
    ("Does what it should.", "Good, but a little dear.", "No complaints so far."),
    ("Quick and friendly help.", "Everything simply works.", "Solved at the first call."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A question, when it is asked, and how an answer comes about.

    Parameters
    ----------
    metric : str
        Name of the metric.
    scale : tuple of int
        Lowest and highest score.
    every : int
        Months between a customer's turns; customers are spread evenly over them.
    share : float
        Part of the customers asked when it is their turn.
    answering : float
        Log-odds of answering at satisfaction 0 by a customer just joined.
    centre, spread, noise : float
        Score before rounding: centre + spread · satisfaction + noise · standard normal.
    moods : tuple of int
        Highest scores of the unhappy and of the lukewarm, for the wording of comments.
    touchpoints : tuple of str
        Where it is asked.
    """

    metric: str
    scale: tuple[int, int]
    every: int
    share: float
    answering: float
    centre: float
    spread: float
    noise: float
    moods: tuple[int, int]
    touchpoints: tuple[str, ...]


NPS = Survey(
    metric="nps",
    scale=(0, 10),
    every=3,
    share=0.7,
    answering=-1.1,
    centre=6.9,
    spread=1.8,
    noise=1.3,
    moods=(6, 8),
    touchpoints=("relationship",),
)
CSAT = Survey(
    metric="csat",
    scale=(1, 5),
    every=1,
    share=0.1,
    answering=-1.3,
    centre=3.7,
    spread=0.7,
    noise=0.8,
    moods=(2, 3),
    touchpoints=("support", "billing", "onboarding"),
)
SURVEYS = (NPS, CSAT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """The answers to one survey in order of answering; every array has shape (n_answers,).

    Parameters
    ----------
    survey : Survey
        The survey.
    customer : numpy.ndarray
        Position of the customer.
    asked, answered : numpy.ndarray
        Days since 1970.
    score : numpy.ndarray
        The answer.
    """

    survey: Survey
    customer: Ints
    asked: Ints
    answered: Ints
    score: Ints


def draw_answers(
    survey: Survey, people: People, satisfaction: Floats, contracts: Contracts, days: Ints, seed: int
) -> Answers:
    """Draw the answers to one survey; what would be answered after the last day is cut.

    Parameters are those of :func:`draw_contracts`, and the contracts: only customers with one on the day are asked.

    Notes
    -----
    The happier and the longer with the company, the likelier an answer: scores are not missing at random.
    """
    asking, answering = stream(seed, f"{survey.metric} asking"), stream(seed, f"{survey.metric} answering")
    scoring = stream(seed, f"{survey.metric} scoring")
    turn = asking.integers(survey.every, size=people.n)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    for month in range(days.size - 1):
        chosen, when = asking.random((2, people.n))
        would, delay = answering.random((2, people.n))
        mood = satisfaction[month + 1]
        score = survey.centre + survey.spread * mood + survey.noise * scoring.standard_normal(people.n)
        who = np.flatnonzero(((month + turn) % survey.every == 0) & (chosen < survey.share))
        asked = days[month] + np.floor(when[who] * (days[month + 1] - days[month])).astype(np.int64)
        contract = contracts.open_on(who, asked)
        tenure = np.log1p((asked - contracts.start[contract]).clip(0) / DAYS_PER_MONTH)
        odds = survey.answering + ANSWERING_BY_SATISFACTION * mood[who] + ANSWERING_BY_LOG_TENURE * tenure
        answered = asked + _waited(delay[who])
        kept = (contract >= 0) & (would[who] < expit(odds + people.replying[who])) & (answered < days[-1])
        rounded = np.rint(score[who]).clip(*survey.scale).astype(np.int64)
        found.append((who[kept], asked[kept], answered[kept], rounded[kept]))
    return _in_order(survey, found)


def _waited(chance: Floats) -> Ints:
    """Return the days between question and answer."""
    return np.floor(-DELAY_MEAN_DAYS * np.log1p(-chance)).clip(max=DELAY_LIMIT_DAYS).astype(np.int64)


def _in_order(survey: Survey, found: list[tuple[Ints, Ints, Ints, Ints]]) -> Answers:
    """Put the months' answers together, in order of answering."""
    customer, asked, answered, score = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((customer, asked, answered))
    return Answers(
        survey=survey, customer=customer[order], asked=asked[order], answered=answered[order], score=score[order]
    )


def responses_table(people: People, answers: tuple[Answers, ...], seed: int) -> pd.DataFrame:
    """Return the table `responses`, in order of answering."""
    table = pd.concat([_one_survey(people, each, seed) for each in answers], ignore_index=True)
    table = table.sort_values(["answered_at", "asked_at", "customer_id", "metric"], ignore_index=True)
    table.insert(0, "response_id", numbered("R", len(table)))
    return table


def _one_survey(people: People, answers: Answers, seed: int) -> pd.DataFrame:
    survey, n = answers.survey, answers.score.size
    places, words = stream(seed, f"{survey.metric} touchpoint"), stream(seed, f"{survey.metric} verbatim")
    tone = np.searchsorted(survey.moods, answers.score)
    sentences = np.array(VERBATIMS)[tone, words.integers(len(VERBATIMS[0]), size=n)]
    return pd.DataFrame(
        {
            "customer_id": np.array(numbered("C", people.n))[answers.customer],
            "asked_at": as_dates(answers.asked),
            "answered_at": as_dates(answers.answered),
            "metric": survey.metric,
            "score": answers.score,
            "touchpoint": np.array(survey.touchpoints)[places.integers(len(survey.touchpoints), size=n)],
            "verbatim": np.where(words.random(n) < VERBATIM_SHARE, sentences, ""),
        }
    )
