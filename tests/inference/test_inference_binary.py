"""Binary regression on grouped rows: its derivatives, its maximum, and where it has none."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference import binary
from coroi.inference.binary import aliased, fit_binary, log_complement, mean_and_slope, score_factor

LINKS = ["logit", "cloglog"]
ETA = np.array([-8.0, -2.0, -0.3, 0.0, 0.7, 2.0])


def likelihood(eta: np.ndarray, n: np.ndarray, events: np.ndarray, link: str) -> np.ndarray:
    """Log-likelihood of grouped rows, written out."""
    if link == "logit":
        return events * eta - n * np.log1p(np.exp(eta))
    return events * np.log(1 - np.exp(-np.exp(eta))) - (n - events) * np.exp(eta)


def groups(seed: int = 1, k: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(k), rng.normal(size=k), rng.integers(0, 2, k)])
    n = rng.uniform(0.3, 20, k)
    return design, n, n * rng.uniform(0.02, 0.6, k)


@pytest.mark.parametrize("link", LINKS)
def test_mean_slope_and_complement_agree(link):
    mean, slope = mean_and_slope(ETA, link)
    step = 1e-6
    up, down = mean_and_slope(ETA + step, link)[0], mean_and_slope(ETA - step, link)[0]
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-6)
    stay, falls = log_complement(ETA, link)
    assert stay == pytest.approx(np.log1p(-mean), rel=1e-10)
    assert falls == pytest.approx(slope / (1 - mean), rel=1e-10)


@pytest.mark.parametrize("link", LINKS)
def test_far_out_nothing_overflows(link):
    far = np.array([-800.0, -40.0, 40.0, 800.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        mean, slope = mean_and_slope(far, link)
        stay, falls = log_complement(far, link)
    assert mean[[0, 3]].tolist() == [0.0, 1.0]
    assert slope[[0, 3]].tolist() == [0.0, 0.0]
    assert np.isfinite(stay).all() and np.isfinite(falls).all()
    assert mean[1] == pytest.approx(np.exp(-40.0), rel=1e-12)


@pytest.mark.parametrize("link", LINKS)
def test_the_score_and_its_slope_are_derivatives_of_the_likelihood(link):
    n, events, step = np.full(6, 7.5), np.array([0.0, 0.4, 2.0, 3.3, 6.0, 7.5]), 1e-4
    mean, factor, bend = score_factor(ETA, link)
    _, slope = mean_and_slope(ETA, link)
    at, up, down = (likelihood(ETA + d, n, events, link) for d in (0, step, -step))
    left = events - n * mean
    assert factor * left == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-6)
    assert bend * left - n * slope * factor == pytest.approx((up - 2 * at + down) / step**2, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("link", LINKS)
def test_the_maximum_is_one(link):
    design, n, events = groups()
    fit = fit_binary(lambda: [(design, n, events)], np.zeros(3), link=link)
    assert fit.converged and not fit.separated

    def total(coef: np.ndarray) -> float:
        return float(likelihood(design @ coef, n, events, link).sum())

    assert fit.log_likelihood == pytest.approx(total(fit.coef), rel=1e-12)
    step = 1e-4
    hessian = np.zeros((3, 3))
    moves = np.eye(3) * step
    for i in range(3):
        assert total(fit.coef + moves[i]) < fit.log_likelihood > total(fit.coef - moves[i])
        for j in range(3):
            ends = [total(fit.coef + a * moves[i] + b * moves[j]) * a * b for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = sum(ends) / (4 * step**2)
    assert np.linalg.inv(fit.bread) == pytest.approx(-hessian, rel=1e-4)
    mean, slope = mean_and_slope(design @ fit.coef, link)
    expected = (design.T * (n * slope**2 / (mean * (1 - mean)))) @ design
    assert np.linalg.inv(fit.vcov) == pytest.approx(expected, rel=1e-9)
    if link == "logit":
        assert fit.vcov == pytest.approx(fit.bread, rel=1e-10)


@pytest.mark.parametrize("link", LINKS)
def test_blocks_give_what_one_block_gives(link):
    design, n, events = groups()
    parts = [(design[i::3], n[i::3], events[i::3]) for i in range(3)]
    one, three = (fit_binary(lambda rows=rows: rows, np.zeros(3), link=link) for rows in ([(design, n, events)], parts))
    assert three.coef == pytest.approx(one.coef, rel=1e-10)
    assert three.bread == pytest.approx(one.bread, rel=1e-9)


@pytest.mark.parametrize("start", [[3.0, -2.0, 1.0], [-9.0, 5.0, 0.0]])
@pytest.mark.parametrize("link", LINKS)
def test_a_poor_start_leads_to_the_same_maximum_by_halving(link, start, monkeypatch):
    rows = [groups()]
    wanted = fit_binary(lambda: rows, np.zeros(3), link=link).coef
    assert fit_binary(lambda: rows, np.array(start), link=link).coef == pytest.approx(wanted, rel=1e-9)
    monkeypatch.setattr(binary, "MAX_HALVINGS", 1)
    alone = fit_binary(lambda: rows, np.array(start), link=link)
    assert not alone.converged and not alone.separated


def test_where_no_step_climbs_it_says_that_it_did_not_converge():
    fit = fit_binary(lambda: [groups()], np.array([4.0, 0.0, 0.0]), link="cloglog")
    assert (fit.converged, fit.separated) == (False, False)


def test_a_start_at_the_maximum_needs_no_step():
    rows = [groups()]
    coef = fit_binary(lambda: rows, np.zeros(3), link="logit").coef
    again = fit_binary(lambda: rows, coef, link="logit")
    assert (again.n_iterations, again.converged) == (1, True)
    assert again.coef.tolist() == coef.tolist()


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("side", [1, -1])
def test_separation_is_proved_by_a_direction(link, side):
    design = np.column_stack([np.ones(6), side * np.arange(6.0)])
    events = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    fit = fit_binary(lambda: [(design, np.ones(6), events)], np.zeros(2), link=link)
    assert fit.separated and not fit.converged
    events[4] = 0.0
    fit = fit_binary(lambda: [(design, np.ones(6), events)], np.zeros(2), link=link)
    assert fit.converged and not fit.separated


def test_columns_that_repeat_others_are_marked_in_order():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 50))
    design = np.column_stack([np.ones(50), a, np.zeros(50), 2 * a - 3, b, a + b, np.full(50, 4.0), b + 1e-3 * a**2])
    assert aliased(design.T @ design).tolist() == [False, False, True, True, False, True, True, False]
