"""Surveys: who is asked, who answers, and what the answer shows of the satisfaction behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import DAYS_PER_MONTH, Floats, Ints, as_dates, days_within, numbered, stream
from coroi.company.customers import People
from coroi.company.departments import DEPARTMENTS
from coroi.company.scenario import World
from coroi.company.subscriptions import Leaving
from coroi.company.verbatims import draw_tones, sentences

ANSWERING_BY_SATISFACTION = 0.45
ANSWERING_BY_LOG_TENURE = 0.2
DELAY_MEAN_DAYS = 3
DELAY_LIMIT_DAYS = 21
COMMON_SHARE = 0.3  # of the variance of an answer's noise


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
        What is asked about; each gets a score of its own.
    by_service : float
        Rise of a touchpoint's score with the service of the department of its name.
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
    by_service: float = 0.0


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
    every=6,
    share=0.2,
    answering=-1.3,
    centre=3.7,
    spread=0.7,
    noise=0.8,
    moods=(2, 3),
    touchpoints=DEPARTMENTS,
    by_service=0.8,
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
Answered = tuple[Ints, Ints, Ints, Ints, Ints, Floats]
"""Customer, day asked, day answered, score, touchpoint, and the score without noise: arrays of one length."""


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
    touchpoint : numpy.ndarray
        Position among the survey's touchpoints.
    tone : numpy.ndarray
        Tone of the comment; see :mod:`coroi.company.verbatims`.
    """

    survey: Survey
    customer: Ints
    asked: Ints
    answered: Ints
    score: Ints
    touchpoint: Ints
    tone: Ints


class Asking:
    """One survey among one block of customers, month by month.

    Notes
    -----
    The happier and the longer with the company, the likelier an answer: scores are not missing at random.
    """

    def __init__(self, survey: Survey, people: People, seed: int, block: int, world: World) -> None:
        self._survey, self._world, self._people = survey, world, people
        names = ("asking", "answering", "scoring", "tone")
        chances = (stream(seed, f"{survey.metric} {name}", block) for name in names)
        self._asking, self._answering, self._scoring, self._tones = chances
        self._turn = self._asking.integers(survey.every, size=people.n)
        self._found: list[Answered] = []

    def month(self, felt: Floats, mood: Floats, leaving: Leaving, days: Ints, month: int) -> Answered:
        """Draw the month's answers, as in ``Answered``; too late ones are cut.

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
        survey = self._survey
        turn = np.flatnonzero((month + self._turn) % survey.every == 0)
        chosen, when = self._asking.random((2, turn.size))
        would, delay = self._answering.random((2, turn.size))
        own = self._scoring.standard_normal((len(survey.touchpoints), turn.size))
        chosen = chosen < survey.share * self._world.scenario.asked
        who, when, would, delay, own = turn[chosen], when[chosen], would[chosen], delay[chosen], own[:, chosen]
        asked = days_within(days, month, when)
        begun = leaving.begun(who, asked)
        tenure = np.log1p((asked - begun).clip(0) / DAYS_PER_MONTH)
        answered = asked + _waited(delay)
        kept = (begun != -1) & (would < expit(self._odds(felt[who], tenure, who))) & (answered < days[-1])
        who, times = who[kept], len(survey.touchpoints)
        meant = self._meant(felt, who)
        score = np.rint(meant + self._noise(mood[who], own[:, kept])).clip(*survey.scale).astype(np.int64)
        place = np.repeat(np.arange(times), who.size)
        again, sent, back = (np.tile(each, times) for each in (who, asked[kept], answered[kept]))
        found = (again, sent, back, score.ravel(), place, meant.ravel())
        self._found.append(found)
        return found

    def _meant(self, felt: Floats, who: Ints) -> Floats:
        """Return the scores without noise, shape (n_touchpoints, n_answering)."""
        survey = self._survey
        meant = np.tile(survey.centre + survey.spread * felt[who], (len(survey.touchpoints), 1))
        return meant + survey.by_service * self._people.service[:, who] if survey.by_service else meant

    def _noise(self, mood: Floats, own: Floats) -> Floats:
        shared = COMMON_SHARE if self._world.switches.common_method_noise else 0.0
        return np.asarray(self._survey.noise * (np.sqrt(shared) * mood + np.sqrt(1 - shared) * own))

    def _odds(self, felt: Floats, tenure: Floats, who: Ints) -> Floats:
        if not self._world.switches.respondents_differ:
            return np.full(who.size, self._survey.answering)
        by_tenure = ANSWERING_BY_LOG_TENURE * tenure
        return self._survey.answering + ANSWERING_BY_SATISFACTION * felt + by_tenure + self._people.replying[who]

    def answers(self) -> Answers:
        """Return all answers so far; the comments are drawn now."""
        return _in_order(self._survey, self._found, self._tones)


def _waited(chance: Floats) -> Ints:
    """Return the days between question and answer."""
    return np.floor(-DELAY_MEAN_DAYS * np.log1p(-chance)).clip(max=DELAY_LIMIT_DAYS).astype(np.int64)


def _in_order(survey: Survey, found: list[Answered], tones: np.random.Generator) -> Answers:
    """Put the months' answers together, in order of answering."""
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    customer, asked, answered, _, place, _ = columns
    order = np.lexsort((place, customer, asked, answered))
    customer, asked, answered, score, place, meant = (column[order] for column in columns)
    return Answers(
        survey=survey,
        customer=customer,
        asked=asked,
        answered=answered,
        score=score,
        touchpoint=place,
        tone=draw_tones(score, meant, survey.moods, survey.noise, tones),
    )


def responses_table(answers: tuple[Answers, ...], ids: np.ndarray, seed: int, block: int, after: int) -> pd.DataFrame:
    """Return the table `responses`, in order of answering."""
    table = pd.concat([_one_survey(each, ids, seed, block) for each in answers], ignore_index=True)
    order = ["answered_at", "asked_at", "customer_id", "metric", "touchpoint"]
    table = table.sort_values(order, ignore_index=True)
    table.insert(0, "response_id", numbered("R", len(table), after))
    return table


def _one_survey(answers: Answers, ids: np.ndarray, seed: int, block: int) -> pd.DataFrame:
    survey = answers.survey
    return pd.DataFrame(
        {
            "customer_id": ids[answers.customer],
            "asked_at": as_dates(answers.asked),
            "answered_at": as_dates(answers.answered),
            "metric": survey.metric,
            "score": answers.score,
            "touchpoint": np.array(survey.touchpoints)[answers.touchpoint],
            "verbatim": sentences(answers.tone, stream(seed, f"{survey.metric} verbatim", block)),
        }
    )
