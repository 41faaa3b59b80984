"""Intervals of single estimates."""

from __future__ import annotations

import math

import pytest

from coroi.inference.estimates import log_log_share, unknown, wald

Z = 1.959963984540054


def test_a_normal_interval():
    row = wald(2.0, 0.5, 0.95)
    assert (row["estimate"], row["std_error"], row["identified"], row["reason"]) == (2.0, 0.5, True, "")
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((2 - Z / 2, 2 + Z / 2), rel=1e-12)


@pytest.mark.parametrize("share", [1e-6, 0.3, 0.9, 1 - 1e-9])
def test_the_interval_of_a_share_stays_within_it(share):
    error = 0.2 * min(share, 1 - share)
    row = log_log_share(share, error, 0.95)
    middle = math.log(-math.log(share))
    half = Z * error / (share * abs(math.log(share)))
    ends = (math.exp(-math.exp(middle + half)), math.exp(-math.exp(middle - half)))
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(ends, rel=1e-9)
    assert 0 < row["conf_low"] < share < row["conf_high"] < 1


@pytest.mark.parametrize(
    ("share", "error", "ends"), [(1.0, 0.0, (1.0, 1.0)), (0.0, 0.0, (0.0, 0.0)), (1.0, 0.1, (1 - 0.1 * Z, 1.0))]
)
def test_a_share_of_none_or_all_keeps_a_finite_interval(share, error, ends):
    row = log_log_share(share, error, 0.95)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(ends, abs=1e-12)


def test_what_is_not_identified_has_no_number():
    row = unknown("because")
    assert row["reason"] == "because" and not row["identified"]
    assert all(math.isnan(row[k]) for k in ("estimate", "std_error", "conf_low", "conf_high"))
