"""A trial as arrays: order, codes, what is missing, strata and pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.trials import (
    Columns,
    alike_shares,
    arms_table,
    by_stratum,
    even_shares,
    in_pairs,
    read_trial,
    whole_strata,
)

NAMES = Columns(
    outcome="y", arm="arm", control="b", entity="who", before=("x", "z"), unit="shop", stratum="town", taken="took"
)


def rows(**changed) -> pd.DataFrame:
    data = pd.DataFrame(
        {
            "who": ["f", "e", "d", "c", "b", "a"],
            "arm": ["a", "a", "b", "b", "a", "b"],
            "shop": [4, 4, 3, 3, 2, 1],
            "town": ["n", "n", "n", "n", "s", "s"],
            "took": [1, 0, 0, 0, 1, 0],
            "x": [1.0, np.nan, 3.0, 5.0, 3.0, 3.0],
            "z": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
            "y": [6.0, 5.0, np.nan, 3.0, 2.0, 1.0],
        }
    )
    return data.assign(**changed)


def test_rows_are_in_the_order_of_customers_and_the_control_comes_first():
    trial = read_trial(rows(), NAMES)
    np.testing.assert_array_equal(trial.outcome, [1, 2, 3, np.nan, 5, 6])
    assert trial.labels == ("b", "a")
    assert trial.arm.tolist() == [0, 1, 0, 0, 1, 1]
    assert trial.units.tolist() == [1, 2, 3, 4]
    assert trial.unit.tolist() == [0, 1, 2, 2, 3, 3]
    assert trial.stratum.tolist() == [1, 1, 0, 0, 0, 0]
    assert trial.strata[:, 0].tolist() == [1, 1, 0, 0, 0, 0]
    assert trial.seen.tolist() == [True, True, True, False, True, True]
    assert trial.by_unit
    assert trial.taken.tolist() == [0, 1, 0, 0, 0, 1]


def test_what_was_known_before_is_put_at_the_mean_and_marked():
    trial = read_trial(rows(), NAMES)
    assert trial.n_filled == 1
    np.testing.assert_array_equal(trial.before[:, 0], [3, 3, 5, 3, 3, 1])
    np.testing.assert_array_equal(trial.before[:, 2], [0, 0, 0, 0, 1, 0])
    assert trial.covariates(adjusted=False).shape == (6, 1)
    assert trial.covariates(adjusted=True).shape == (6, 4)


def test_some_of_the_customers_have_codes_without_gaps():
    part = read_trial(rows(), NAMES).keep(np.array([True, False, False, False, True, True]))
    assert part.unit.tolist() == [0, 1, 1]
    assert part.units.tolist() == [1, 4]
    assert part.first_of_units().tolist() == [0, 1]
    table = arms_table(read_trial(rows(), NAMES), [True, True, True, False, True, False]).set_index("arm")
    assert table.loc["a"].tolist() == [3, 2, 3, 2]
    assert table.loc["b"].tolist() == [3, 2, 2, 2]


def test_strata_are_whole_where_every_arm_has_an_outcome():
    assert whole_strata(read_trial(rows(), NAMES)).all()
    gone = read_trial(rows(y=[6.0, 5.0, np.nan, np.nan, 2.0, 1.0]), NAMES)
    assert whole_strata(gone).tolist() == [True, True, False, False, False, False]


def test_pairs_are_known_by_a_single_unit_of_an_arm():
    trial = read_trial(rows(), NAMES)
    assert in_pairs(trial)
    assert even_shares(trial)
    grouped = by_stratum(trial)
    assert grouped.unit.tolist() == [1, 1, 0, 0, 0, 0]
    assert grouped.strata.shape == (6, 0)
    alone = read_trial(rows(town="n"), NAMES)
    assert not in_pairs(alone)
    assert alike_shares(alone)


@pytest.mark.parametrize(("second", "alike"), [(0.5, True), (0.8, False)])
def test_shares_of_strata_are_alike_as_far_as_chance_goes(second, alike):
    rng = np.random.default_rng(1)
    town = np.arange(600) % 2
    arm = np.where(rng.random(600) < np.where(town == 1, second, 0.5), "a", "b")
    data = pd.DataFrame({"who": np.arange(600), "arm": arm, "town": town, "y": 0.0})
    trial = read_trial(data, Columns(outcome="y", arm="arm", control="b", entity="who", stratum="town"))
    assert alike_shares(trial) is alike
    assert not even_shares(trial)
    assert not trial.by_unit


def test_a_unit_lies_in_one_arm_and_one_stratum():
    with pytest.raises(DataError, match="1 of 'shop' have more than one 'arm'"):
        read_trial(rows(shop=[4, 4, 4, 3, 2, 1]), NAMES)
    with pytest.raises(DataError, match="1 of 'shop' have more than one 'town'"):
        read_trial(rows(town=["n", "s", "n", "n", "s", "s"]), NAMES)
