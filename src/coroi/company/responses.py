"""Surveys: who is asked, who answers, and what the answer shows of the satisfaction behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import DAYS_PER_MONTH, Floats, Ints, as_dates, days_within, numbered, stream
from coroi.company.customers import People
from coroi.company.scenario import World
from coroi.company.subscriptions import Leaving

ANSWERING_BY_SATISFACTION = 0.45
ANSWERING_BY_LOG_TENURE = 0.2
DELAY_MEAN_DAYS = 3
DELAY_LIMIT_DAYS = 21
COMMON_SHARE = 0.3  # of the variance of an answer's noise
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
TRUST = Survey(
    metric="trust",
    scale=(1, 7),
    every=6,
    share=0.5,
    answering=-1.1,
    centre=4.6,
    spread=1.1,
    noise=1.0,
    moods=(3, 5),
    touchpoints=("relationship",),
)
SURVEYS = (NPS, CSAT, TRUST)
Answered = tuple[Ints, Ints, Ints, Ints]
"""Customer, day asked, day answered, score: arrays of one length."""


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


class Asking:
    """One survey among one block of customers, month by month.

    Notes
    -----
    The happier and the longer with the company, the likelier an answer: scores are not missing at random.
    """

    def __init__(self, survey: Survey, people: People, seed: int, block: int, world: World) -> None:
        self._survey, self._world, self._people = survey, world, people
        names = ("asking", "answering", "scoring")
        self._asking, self._answering, self._scoring = (stream(seed, f"{survey.metric} {w}", block) for w in names)
        self._turn = self._asking.integers(survey.every, size=people.n)
        self._found: list[Answered] = []

    def month(self, felt: Floats, mood: Floats, leaving: Leaving, days: Ints, month: int) -> Answered:
        """Draw the month's answers: customer, day asked, day answered, score; too late ones are cut.

        Parameters
        ----------
        felt : numpy.ndarray
            What the survey asks for, by customer.
        mood : numpy.ndarray
            Standard normal, by customer: what goes into every answer of the month.
        leaving : Leaving
            The contracts: only customers with one on the day are asked.
        days : numpy.ndarray
            First day of every month and of the one after the last.
        month : int
            The month, counted from 0.
        """
        survey, n = self._survey, felt.size
        chosen, when = self._asking.random((2, n))
        would, delay = self._answering.random((2, n))
        shared = COMMON_SHARE if self._world.switches.common_method_noise else 0.0
        noise = np.sqrt(shared) * mood + np.sqrt(1 - shared) * self._scoring.standard_normal(n)
        score = survey.centre + survey.spread * felt + survey.noise * noise
        share = survey.share * self._world.scenario.asked
        who = np.flatnonzero(((month + self._turn) % survey.every == 0) & (chosen < share))
        asked = days_within(days, month, when[who])
        begun = leaving.begun(who, asked)
        tenure = np.log1p((asked - begun).clip(0) / DAYS_PER_MONTH)
        answered = asked + _waited(delay[who])
        kept = (begun != -1) & (would[who] < expit(self._odds(felt[who], tenure, who))) & (answered < days[-1])
        rounded = np.rint(score[who]).clip(*survey.scale).astype(np.int64)
        found = (who[kept], asked[kept], answered[kept], rounded[kept])
        self._found.append(found)
        return found

    def _odds(self, felt: Floats, tenure: Floats, who: Ints) -> Floats:
        if not self._world.switches.respondents_differ:
            return np.full(who.size, self._survey.answering)
        by_tenure = ANSWERING_BY_LOG_TENURE * tenure
        return self._survey.answering + ANSWERING_BY_SATISFACTION * felt + by_tenure + self._people.replying[who]

    def answers(self) -> Answers:
        """Return all answers so far."""
        return _in_order(self._survey, self._found)


def _waited(chance: Floats) -> Ints:
    """Return the days between question and answer."""
    return np.floor(-DELAY_MEAN_DAYS * np.log1p(-chance)).clip(max=DELAY_LIMIT_DAYS).astype(np.int64)


def _in_order(survey: Survey, found: list[Answered]) -> Answers:
    """Put the months' answers together, in order of answering."""
    customer, asked, answered, score = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((customer, asked, answered))
    return Answers(
        survey=survey, customer=customer[order], asked=asked[order], answered=answered[order], score=score[order]
    )


def responses_table(answers: tuple[Answers, ...], ids: np.ndarray, seed: int, block: int, after: int) -> pd.DataFrame:
    """Return the table `responses`, in order of answering."""
    table = pd.concat([_one_survey(each, ids, seed, block) for each in answers], ignore_index=True)
    table = table.sort_values(["answered_at", "asked_at", "customer_id", "metric"], ignore_index=True)
    table.insert(0, "response_id", numbered("R", len(table), after))
    return table


def _one_survey(answers: Answers, ids: np.ndarray, seed: int, block: int) -> pd.DataFrame:
    survey, n = answers.survey, answers.score.size
    places, words = (stream(seed, f"{survey.metric} {what}", block) for what in ("touchpoint", "verbatim"))
    tone = np.searchsorted(survey.moods, answers.score)
    sentences = np.array(VERBATIMS)[tone, words.integers(len(VERBATIMS[0]), size=n)]
    return pd.DataFrame(
        {
            "customer_id": ids[answers.customer],
            "asked_at": as_dates(answers.asked),
            "answered_at": as_dates(answers.answered),
            "metric": survey.metric,
            "score": answers.score,
            "touchpoint": np.array(survey.touchpoints)[places.integers(len(survey.touchpoints), size=n)],
            "verbatim": np.where(words.random(n) < VERBATIM_SHARE, sentences, ""),
        }
    )
