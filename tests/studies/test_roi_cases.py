"""Cases in which the study `roi` once said something wrong, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import profit_world
import pytest

from coroi.studies.roi import Parts, Question, fit_parts, value

HORIZON = 6


def scored(*, path: Sequence[float] = (3.0, 2.0, 1.0), **changes: Any) -> Question:
    """Return a question by the route of the score, on a cohort whose money follows scores by a known path."""
    score = profit_world.question_of(profit_world.cohort(path=path), horizon=HORIZON)
    own: dict[str, Any] = {
        "route": "score",
        "score": score,
        "currency": "EUR",
        "frequency": "month",
        "horizon": HORIZON,
        "early": 1,
        "rate": 0.0,
        "delta": 0.5,
        "share": 0.01,
        "n_customers": score.n_customers,
        "run_out": 12,
        "score_change": 1.0,
        "cost_at_start": 4.0,
    }
    return Question(**(own | changes))


@pytest.fixture(scope="module")
def by_score() -> tuple[Question, Parts]:
    question = scored()
    return question, fit_parts(question)


def test_money_after_a_score_is_read_with_its_errors_and_set_beside_the_cost(by_score) -> None:
    question, parts = by_score
    assert parts.reason == "" and parts.flows is not None
    valued = value(question, parts)
    assert valued is not None
    path = parts.fits["total"]
    assert path.vcov is not None
    ones = np.ones(HORIZON)
    assert valued.value["std_error"] == pytest.approx(np.sqrt(ones @ path.vcov.to_numpy() @ ones))
    assert valued.line.df == path.tables["band"]["df"].iloc[0]
    # half of what is new in a score is left a period later, and moves money then too
    truth = sum(a * 0.5 ** (h - j) for j, a in enumerate((3.0, 2.0, 1.0)) for h in range(j, HORIZON)) - 4
    assert valued.value["conf_low"] < truth < valued.value["conf_high"]


def test_two_steps_of_a_score_have_twice_the_money_and_twice_the_error(by_score) -> None:
    question, parts = by_score
    one = value(question, parts)
    twice = replace(question, score_change=2.0)
    two = value(twice, fit_parts(twice))
    assert one is not None and two is not None
    assert two.gain["estimate"] == pytest.approx(2 * one.gain["estimate"])
    assert two.gain["std_error"] == pytest.approx(2 * one.gain["std_error"])
