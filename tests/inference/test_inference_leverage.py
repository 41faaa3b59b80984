"""The most influential entity against leaving each out in turn."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.leverage import influence_check, most_influential

RNG = np.random.default_rng(4)
ENTITY = np.repeat(np.arange(12), 5)


def slope(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / (x @ x))


@pytest.mark.parametrize("outlier", [False, True], ids=["plain", "an outlier that draws the line to itself"])
def test_the_shift_is_that_of_leaving_out(outlier):
    x = RNG.normal(size=60)
    if outlier:
        x[ENTITY == 3] += 200
    y = 2 * x * (ENTITY != 3) + RNG.normal(size=60)
    residual = y - slope(x, y) * x
    score, information = (np.bincount(ENTITY, each) for each in (x * residual, x * x))
    shifts = [slope(x[g != ENTITY], y[g != ENTITY]) - slope(x, y) for g in range(12)]
    at, shift = most_influential(score, information, float(x @ x))
    assert at == int(np.argmax(np.abs(shifts)))
    assert shift == pytest.approx(shifts[at], rel=1e-9)
    if outlier:
        assert at == 3
        assert abs(score[3]) / (x @ x) < 0.01 * abs(shift)  # its residual alone would not have given it away


def test_an_entity_that_holds_all_there_is_moves_without_end():
    at, shift = most_influential(np.array([0.0, 0.0]), np.array([0.0, 4.0]), 4.0)
    assert (at, shift) == (1, float("inf"))


@pytest.mark.parametrize(
    ("without", "passed", "words"),
    [
        (1.5, True, "the estimate is 1.5 instead of 1: it moves by 1 standard error."),
        (-2.0, False, "the estimate is -2 instead of 1: it moves by 6 standard errors."),
        (float("nan"), False, "there is no estimate at all"),
    ],
)
def test_the_check_says_how_far(without, passed, words):
    check = influence_check(1.0, 0.5, without)
    assert check.passed is passed
    assert words in check.sentence


def test_the_check_names_what_it_looks_at():
    check = influence_check(1.0, 0.5, 1.2, what="the long-run effect")
    assert check.tested == "whether one entity alone carries the long-run effect"
    assert "entity the long-run effect is 1.2 instead of 1" in check.sentence
