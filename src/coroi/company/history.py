"""The whole company, drawn at once: what the tables show and what they hide."""

from __future__ import annotations

from dataclasses import dataclass

from coroi.company.clock import Floats, Ints, first_days
from coroi.company.customers import People, draw_people
from coroi.company.responses import SURVEYS, Answers, Survey, draw_answers
from coroi.company.satisfaction import draw_satisfaction
from coroi.company.subscriptions import Contracts, draw_contracts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All that happened, seen and unseen.

    Parameters
    ----------
    days : numpy.ndarray
        First day of every month and of the one after the last, shape (n_months + 1,).
    people : People
        The customers.
    satisfaction : numpy.ndarray
        Latent satisfaction, shape (n_months + 1, n_customers); the first row is the month before the first.
    contracts : Contracts
        The contracts.
    answers : tuple of Answers
        The answers, by survey.
    """

    days: Ints
    people: People
    satisfaction: Floats
    contracts: Contracts
    answers: tuple[Answers, ...]


def draw_history(*, customers: int, months: int, seed: int, surveys: tuple[Survey, ...] = SURVEYS) -> History:
    """Draw a company's customers, satisfaction, contracts and answers."""
    days = first_days(months)
    people = draw_people(customers, days, seed)
    satisfaction = draw_satisfaction(people, months, seed)
    contracts = draw_contracts(people, satisfaction, days, seed)
    answers = tuple(draw_answers(survey, people, satisfaction, contracts, days, seed) for survey in surveys)
    return History(days=days, people=people, satisfaction=satisfaction, contracts=contracts, answers=answers)
