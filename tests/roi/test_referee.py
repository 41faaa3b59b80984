"""What would erase a value: put in by hand, it does; and each sentence says what its numbers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coroi.errors import DataError
from coroi.inference.event_path import EventPath
from coroi.inference.omitted import adjusted
from coroi.inference.relative_magnitudes import relative_set
from coroi.roi.flows import Line
from coroi.roi.referee import confounder_that_erases, regression_of, trend_that_erases
from coroi.roi.silent_customers import silent_tipping

NB = "\u00a0"
PATH = EventPath(
    before=np.array([0.2, -0.1, 0.3]), after=np.array([1.0, 2.0, 2.5, 3.0]), covariance=0.04 * (np.eye(7) + 0.5)
)
WEIGHTS = 1.1 ** -(np.arange(4) / 12)


def test_harm_in_darfur_has_the_published_robustness():
    """Cinelli and Hazlett (2020), section 5: 13.9 % and 7.6 %, and 0.075 beside one more cause like gender."""
    harm = regression_of(0.09731582, 0.02325654, 783, {"female": (0.009081, 0.1090)})
    found = confounder_that_erases(harm, currency="EUR")
    assert found.to_zero == pytest.approx(0.139, abs=5e-4)
    assert found.to_doubt == pytest.approx(0.076, abs=5e-4)
    assert (found.benchmark, found.survives) == ("female", True)
    assert f"one more as strong would leave EUR{NB}0.075 (" in found.sentence


def test_a_cause_as_strong_as_is_said_takes_the_estimate_to_zero_in_a_regression():
    rng = np.random.default_rng(6)
    n = 60
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, 3))]))[0][:, 1:]
    treatment, rest, own = basis.T
    outcome = 0.8 * treatment + 2.0 * rest
    error = (4.0 / (n - 2)) ** 0.5
    found = confounder_that_erases(regression_of(0.8, error, n - 2), currency="EUR")
    share = found.to_zero
    hidden = share**0.5 * treatment + (share * (1 - share)) ** 0.5 * rest + (1 - share) * own
    coef = np.linalg.lstsq(np.column_stack([np.ones(n), treatment, hidden]), outcome)[0]
    assert coef[1] == pytest.approx(0, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.floats(2.2, 30), st.integers(8, 400), st.sampled_from([1, -1]))
def test_shares_bring_the_estimate_and_its_interval_to_zero(t, df, sign):
    value = regression_of(sign * t, 1.0, df)
    found = confounder_that_erases(value, currency="EUR")
    assert adjusted(value, found.to_zero, found.to_zero)["estimate"] == pytest.approx(0, abs=1e-9)
    if found.to_doubt == 0:
        assert "nothing to erase" in found.sentence or "the slightest one would bring" in found.sentence
    else:
        assert 0 < found.to_doubt < found.to_zero < 1


def test_the_confounder_is_told_in_words():
    strong = confounder_that_erases(
        regression_of(5_000.0, 1_000.0, 39, {"size": (0.02, 0.03), "region": (0.3, 0.35)}), currency="EUR"
    )
    assert strong.sentence.startswith(
        f"A cause that nobody recorded would have to account for {100 * strong.to_zero:.0f}{NB}% of what the recorded "
        "ones leave open, in who took part and in money alike, to bring what the programme is worth to zero; "
        f"{100 * strong.to_doubt:.0f}{NB}% would bring its 95 % interval there. Of those recorded, region accounts for "
        f"30{NB}% of the one and 35{NB}% of the other; one more as strong would leave EUR{NB}"
    )
    assert strong.sentence.endswith("which holds zero.")
    assert strong.survives is False
    alone = confounder_that_erases(regression_of(-5_000.0, 1_000.0, 39), currency="EUR")
    assert alone.sentence.endswith("No recorded cause is at hand to set beside it.")
    assert alone.survives is None
    weak = confounder_that_erases(regression_of(900.0, 1_000.0, 39, {"size": (0.02, 0.03)}), currency="EUR")
    assert weak.sentence == (
        f"There is nothing to erase: what the programme is worth, EUR{NB}900 (−1,100 to 2,900), cannot be told "
        "from nothing as it is."
    )
    assert (weak.to_doubt, weak.survives) == (0.0, None)


def test_errors_by_cluster_decide_whether_there_is_anything_to_erase():
    """A t ratio of 3 by rows is one of 1.5 where clusters double the error, and then nothing is clear of zero."""
    rows = regression_of(3_000.0, 1_000.0, 200)
    assert "would have to account for" in confounder_that_erases(rows, currency="EUR").sentence
    found = confounder_that_erases(replace(rows, inflation=2.0, df_error=19), currency="EUR")
    assert found.sentence.startswith("There is nothing to erase")
    half = 2_000 * stats.t.ppf(0.975, 19)
    assert f"(−{round(half - 3_000, -2):,.0f} to {round(half + 3_000, -2):,.0f})" in found.sentence


def test_a_drift_as_large_as_is_said_takes_the_value_and_its_interval_to_zero():
    found = trend_that_erases(PATH, WEIGHTS, currency="EUR", paid=-2.0, df=29)
    drift = np.arange(1, 5)
    assert WEIGHTS @ (PATH.after - found.per_period * drift) - 2.0 == pytest.approx(0, abs=1e-12)
    half = stats.t.ppf(0.975, 29) * PATH.error(WEIGHTS)
    assert WEIGHTS @ (PATH.after - found.to_doubt * drift) - 2.0 - half == pytest.approx(0, abs=1e-12)
    assert found.seen == pytest.approx(0.4), "from 0.3 to −0.1"


def test_the_breakdown_value_is_where_the_set_of_effects_reaches_what_was_paid():
    paid = -2.0
    found = trend_that_erases(PATH, WEIGHTS, currency="EUR", paid=paid)
    assert 0 < found.breakdown < np.inf
    below, above = (relative_set(PATH, WEIGHTS, found.breakdown + step, grid=1_000) for step in (-0.02, 0.02))
    assert below.low > -paid > above.low
    assert f"no break after the start is more than {found.breakdown:.3g} times as large" in found.sentence


def test_the_trend_is_told_in_words_with_its_sign():
    gain = trend_that_erases(PATH, WEIGHTS, currency="EUR", paid=-2.0)
    assert gain.sentence.startswith(
        "Between those who took part and the others the difference would have to have grown by "
        f"EUR{NB}{gain.per_period:.3f} a period without any programme, period after period, to make up all of what the "
        f"programme is worth; EUR{NB}{gain.to_doubt:.3f} a period would bring its 95 % interval to zero. The largest "
        f"change from one period to the next before the start was EUR{NB}0.400. It is clear of zero"
    )
    loss = trend_that_erases(
        replace(PATH, before=-PATH.before, after=-PATH.after), WEIGHTS, currency="EUR", paid=2.0, what="the loss"
    )
    assert loss.per_period == pytest.approx(-gain.per_period)
    assert loss.breakdown == pytest.approx(gain.breakdown, abs=2e-3)
    assert f"have shrunk by EUR{NB}{gain.per_period:.3f} a period" in loss.sentence
    assert "all of the loss;" in loss.sentence
    even = trend_that_erases(PATH, WEIGHTS, currency="EUR", paid=-float(WEIGHTS @ PATH.after) + 0.1)
    assert even.sentence.startswith("There is nothing to erase: what the programme is worth, EUR")
    assert np.isnan(even.breakdown)
    assert even.to_doubt == 0
    flat = trend_that_erases(replace(PATH, before=np.array([0.001, 0, 0])), 100 * WEIGHTS, currency="EUR")
    assert flat.breakdown > gain.breakdown


def test_weights_that_ask_for_nothing_are_refused():
    with pytest.raises(DataError, match=r"4 estimates after the base have weights of shape \(3,\)"):
        trend_that_erases(PATH, np.ones(3), currency="EUR")
    with pytest.raises(DataError, match="sum to nothing"):
        trend_that_erases(PATH, np.zeros(4), currency="EUR")
    with pytest.raises(DataError, match="needs its error"):
        regression_of(1.0, 0.0, 30)
    with pytest.raises(DataError, match="there is no estimate"):
        confounder_that_erases(regression_of(float("nan"), 1.0, 30), currency="EUR")


@settings(max_examples=60, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20), st.floats(0.05, 0.95))
def test_at_the_tipping_value_all_customers_bring_nothing(estimate, half, share):
    found = silent_tipping(estimate, estimate - half, estimate + half, share, currency="EUR")
    for own, other in (
        (estimate, found.tipping),
        (estimate + half, found.tipping_low),
        (estimate - half, found.tipping_high),
    ):
        assert share * own + (1 - share) * other == pytest.approx(0, abs=1e-9)
    assert ("nothing to erase" in found.sentence) == (abs(estimate) <= half)


def silent_line(value: float, error: float) -> Line:
    return Line(name="the silent", estimate=np.array([value]), covariance=np.array([[error**2]]), df=50.0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("value", "excluded", "surely", "said"),
    [
        (0.0, True, True, "which rules out either."),
        (-10.0, True, False, "which rules out the first but not the second."),
        (-25.0, False, False, "which does not rule that out."),
        (60.0, True, True, "which rules out either."),
    ],
)
def test_what_is_known_of_the_silent_is_held_against_the_tipping_value(sign, value, excluded, surely, said):
    """With 60 % counted at 20 (8 to 32), the others tip it at −30, and at −12 for its nearer end."""
    ends = sorted((sign * 8.0, sign * 32.0))
    found = silent_tipping(
        sign * 20.0, *ends, 0.6, currency="EUR", silent=silent_line(sign * value, 4.0), weights=np.ones(1)
    )
    assert found.tipping == pytest.approx(-sign * 30)
    assert (found.excluded, found.surely) == (excluded, surely)
    assert found.sentence.endswith(said)
    verb = "lose" if sign > 0 else "gain"
    assert found.sentence.startswith(
        f"60{NB}% of customers are counted. Each of the others would have to {verb} EUR{NB}30.0 to bring what the "
        f"programme is worth to nothing over all; EUR{NB}12.0 would bring its interval to zero. What they bring was "
    )


def test_an_interval_that_is_said_to_rule_tipping_out_does_so_as_often_as_it_says():
    """Draw the silent at the tipping value: their interval may exclude it in about 2.5 of 100 on that side."""
    rng = np.random.default_rng(9)
    wrong = [
        silent_tipping(
            20.0, 8.0, 32.0, 0.6, currency="EUR", silent=silent_line(-30 + 4 * rng.standard_t(50), 4.0),
            weights=np.ones(1),
        ).excluded
        for _ in range(4_000)
    ]  # fmt: skip
    assert np.mean(wrong) == pytest.approx(0.025, abs=3 * (0.025 * 0.975 / 4_000) ** 0.5)


def test_the_silent_in_words_where_nothing_is_known_or_nobody_is_silent():
    unknown = silent_tipping(20.0, 8.0, 32.0, 0.6, currency="EUR")
    assert unknown.sentence.endswith("Nothing is known of what they bring.")
    assert (unknown.excluded, unknown.surely) == (None, None)
    everybody = silent_tipping(20.0, 8.0, 32.0, 1.0, currency="EUR")
    assert everybody.sentence == "Every customer is counted: no silent one is left who could erase " + (
        "what the programme is worth."
    )
    assert np.isnan(everybody.tipping)
    nothing = silent_tipping(2.0, -8.0, 12.0, 0.6, currency="EUR", silent=silent_line(0, 1), weights=np.ones(1))
    assert nothing.sentence == (
        f"There is nothing to erase: what the programme is worth, EUR{NB}2 (−8 to 12), cannot be told "
        "from nothing as it is."
    )
    assert nothing.excluded is None


def test_shares_and_intervals_that_are_none_are_refused():
    for share in (0.0, 60, -0.1, float("nan")):
        with pytest.raises(DataError, match=r"Write 0\.6 for 60 %"):
            silent_tipping(2.0, 1.0, 3.0, share, currency="EUR")
    with pytest.raises(DataError, match="3 to 1 is no interval of 2"):
        silent_tipping(2.0, 3.0, 1.0, 0.6, currency="EUR")
    with pytest.raises(DataError, match="the silent: give a discount factor for each of its 1 periods"):
        silent_tipping(2.0, 1.0, 3.0, 0.6, currency="EUR", silent=silent_line(0, 1))
