"""Lines of money are joined with the errors that they share, or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.influence import influence_covariance
from coroi.results import Result
from coroi.roi.flows import Line, join_lines, known_line, line_of

PERIODS = ("2024-01-01", "2024-02-01", "2024-03-01")


def _line(name: str, seed: int, *, shared: float = 0.0) -> Line:
    common = np.random.default_rng(99).standard_normal((40, 3))
    moved = shared * common + np.random.default_rng(seed).standard_normal((40, 3))
    frame = pd.DataFrame(moved, index=[f"u{i}" for i in range(40)])
    return Line(name=name, estimate=np.arange(3.0) + seed, covariance=influence_covariance(moved), moved=frame, df=39.0)


def test_a_total_of_two_lines_is_that_of_their_summed_influence() -> None:
    one, other = _line("retention", 1, shared=1.0), _line("spend", 2, shared=1.0)
    flows = join_lines([one, other], currency="EUR", periods=PERIODS)
    assert one.moved is not None and other.moved is not None
    expected = influence_covariance((one.moved + other.moved).to_numpy())
    np.testing.assert_allclose(flows.total.covariance, expected, rtol=1e-12)
    np.testing.assert_allclose(flows.total.estimate, [3.0, 5.0, 7.0])
    alone = one.covariance + other.covariance
    assert (np.diag(flows.total.covariance) > 1.3 * np.diag(alone)).all()


def test_known_costs_move_the_total_and_not_its_error() -> None:
    one = _line("retention", 1)
    flows = join_lines([one, known_line("programme", np.array([-5.0, -1.0, -1.0]))], currency="EUR", periods=PERIODS)
    np.testing.assert_allclose(flows.total.estimate, [-4.0, 1.0, 2.0])
    np.testing.assert_allclose(flows.total.covariance, one.covariance, rtol=1e-12)
    assert flows.df == 39.0


def test_draws_belong_together_and_have_the_joint_spread() -> None:
    one, other = _line("retention", 1, shared=2.0), _line("spend", 2, shared=2.0)
    flows = join_lines([one, other], currency="EUR", periods=PERIODS)
    drawn = flows.draws(40_000, seed=3)
    total = sum(flow.draws for flow in drawn.values())
    assert drawn["spend"].currency == "EUR" and drawn["spend"].periods == PERIODS
    np.testing.assert_allclose(total.mean(axis=0), flows.total.estimate, atol=1e-9)
    spread = np.cov(total.T) * (39 - 2) / 39
    np.testing.assert_allclose(np.diag(spread), np.diag(flows.total.covariance), rtol=0.05)


def test_lines_without_influence_are_not_joined() -> None:
    one = _line("retention", 1)
    bare = Line(name="spend", estimate=one.estimate, covariance=one.covariance)
    with pytest.raises(DataError, match=r"spend: estimated from the panel .* keep_influence"):
        join_lines([one, bare], currency="EUR", periods=PERIODS)
    join_lines([bare, known_line("programme", np.zeros(3))], currency="EUR", periods=PERIODS)


def test_a_line_that_stands_twice_or_has_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 lines of money stand twice: retention"):
        join_lines([_line("retention", 1), _line("retention", 2)], currency="EUR", periods=PERIODS)
    with pytest.raises(DataError, match="retention: not as long as the 2 periods"):
        join_lines([_line("retention", 1)], currency="EUR", periods=PERIODS[:2])


@pytest.mark.parametrize("form", ["{}: {}", "{}[{}]"])
def test_a_path_is_read_by_the_names_that_its_model_gives_its_terms(form: str) -> None:
    root = np.random.default_rng(5).standard_normal((3, 5))
    names = [form.format("response", t) for t in (2, 0, 1)]
    covariance = pd.DataFrame(root @ root.T, index=names, columns=names)
    rows = pd.DataFrame(
        {"term": "response", "horizon": [2, 0, 1], "estimate": [3.0, 1.0, 2.0], "identified": True, "reason": ""}
    ).assign(std_error=1.0, conf_low=0.0, conf_high=4.0)
    result = Result(method="any", estimand="money", spec={}, estimates=rows, vcov=covariance, n_obs=90, n_entities=30)
    line = line_of(result, "money", term="response", n_periods=3, sign=-2.0)
    np.testing.assert_array_equal(line.estimate, [-2.0, -4.0, -6.0])
    assert line.df == 29.0
    order = [1, 2, 0]
    # the sign turns and scales the estimate; its error scales with the square
    np.testing.assert_allclose(line.covariance, 4.0 * (root @ root.T)[np.ix_(order, order)], rtol=1e-12)
