"""A roll-out's cells and answers: averages by hand, shares, bands, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.cell_checks import pre_trend_check, told_check
from coroi.inference.cohort_cells import Cells, answers
from coroi.inference.roll_out_answers import Answer, examine_times, told, untold
from coroi.inference.roll_outs import read_roll_out

N = 12


def cells(*, last_told: bool = True, held: bool = False) -> Cells:
    """Cohort 2 (three units) in periods 0 and 2 to 4, cohort 3 (six units) in 0, 1, 3 and 4."""
    rng = np.random.default_rng(1)
    cohort, period = np.array([2, 2, 2, 2, 3, 3, 3, 3]), np.array([0, 2, 3, 4, 0, 1, 3, 4])
    reasons = ("", "", "", "" if last_told else "nobody is left", "", "", "", "")
    known = np.array([not why for why in reasons])
    units = np.where(cohort == 2, 3, 6)
    everybody = np.ones((N, 8), dtype=bool)
    return Cells(
        cohort=cohort,
        period=period,
        estimate=np.where(known, np.arange(8.0), np.nan),
        reasons=reasons,
        moved=rng.normal(size=(N, 8)) * known,
        treats=everybody,
        compares=everybody,
        n_units=units,
        n_compared=np.full(8, 3),
        n_rows=units,
        n_left_out=np.zeros(8, dtype=int),
        size=units.astype(float),
        held=np.where(np.arange(N)[:, None] < 3, cohort == 2, (cohort == 3) * (np.arange(N)[:, None] < 9)) * 1.0
        if held
        else None,
    )


def named(found: list[Answer]) -> dict[str, Answer]:
    return {answer.name: answer for answer in found}


def test_averages_by_hand():
    found = named(answers(cells(), base=-1))
    want = {
        "event_time: -3": 4.0,
        "event_time: -2": (3 * 0 + 6 * 5) / 9,
        "event_time: 0": (3 * 1 + 6 * 6) / 9,
        "event_time: 1": (3 * 2 + 6 * 7) / 9,
        "event_time: 2": 3.0,
        "overall": (3 * (1 + 2 + 3) + 6 * (6 + 7)) / 21,
        "cohort: 2": 2.0,
        "cohort: 3": 6.5,
        "period: 2": 1.0,
        "period: 3": (3 * 2 + 6 * 6) / 9,
        "period: 4": (3 * 3 + 6 * 7) / 9,
        "balanced: -2": (3 * 0 + 6 * 5) / 9,
        "balanced: 0": (3 * 1 + 6 * 6) / 9,
        "balanced: 1": (3 * 2 + 6 * 7) / 9,
        "mean_cohort": (3 * 2 + 6 * 6.5) / 9,
    }
    want["mean_event_time"] = (want["event_time: 0"] + want["event_time: 1"] + want["event_time: 2"]) / 3
    want["mean_balanced"] = (want["balanced: 0"] + want["balanced: 1"]) / 2
    want["mean_period"] = (want["period: 2"] + want["period: 3"] + want["period: 4"]) / 3
    assert {name: a.estimate for name, a in found.items() if not a.reason} == pytest.approx(want)
    assert found["event_time: -1"].reason.startswith("the base period")
    np.testing.assert_allclose(found["event_time: 0"].moved, cells().moved[:, [1, 6]] @ [1 / 3, 2 / 3])


def test_what_is_not_told_is_left_out_of_averages_and_shows_in_their_share():
    found = named(answers(cells(last_told=False), base=-1))
    assert found["event_time: 2"].reason == "nobody is left"
    assert found["overall"].share == pytest.approx(18 / 21)
    assert found["cohort: 2"].share == pytest.approx(2 / 3)
    assert found["period: 4"].estimate == 7
    assert found["mean_event_time"].share == 1.0
    kept = named(answers(cells(last_told=False), base=-1, balanced_until=2))
    assert "no cohort is told" in kept["balanced: 2"].reason


def test_sizes_as_drawn_move_averages_as_a_unit_more_would():
    """One more unit in a cohort, by a small step, moves each average by its part of the influence."""
    plain, drawn = cells(), cells(held=True)
    at = named(answers(plain, base=-1))
    moved = named(answers(drawn, base=-1))
    step = 1e-6
    for g, unit in ((2, 0), (3, 5)):
        size = plain.size + step * (plain.cohort == g)
        after = named(
            answers(Cells(**{n: getattr(plain, n) for n in Cells.__dataclass_fields__} | {"size": size}), base=-1)
        )
        for name in ("overall", "event_time: 0", "period: 3", "mean_cohort", "mean_event_time"):
            slope = (after[name].estimate - at[name].estimate) / step
            assert moved[name].moved[unit] - at[name].moved[unit] == pytest.approx(slope, abs=1e-5)
        assert moved["cohort: 2"].moved[unit] == at["cohort: 2"].moved[unit]


def test_bands_hold_their_path_and_few_clusters_are_refused():
    first = [2.0] * 3 + [3.0] * 6 + [np.nan] * 3
    rows = [
        {"entity": u, "period": t, "first_treated": f, "outcome": 0.0} for u, f in enumerate(first) for t in range(5)
    ]
    roll_out = read_roll_out(pd.DataFrame(rows), outcome="outcome")
    table = told(answers(cells(), base=-1), roll_out, level=0.9)
    path = table.estimates[table.estimates["term"] == "event_time"].dropna(subset="estimate")
    assert ((path["band_high"] - path["band_low"]) > (path["conf_high"] - path["conf_low"])).all()
    np.testing.assert_allclose(np.sqrt(np.diag(table.vcov)), table.estimates["std_error"])
    assert table.influence.columns.tolist() == table.vcov.columns[table.estimates["identified"]].tolist()
    assert table.bands["path"].tolist() == ["event_time", "balanced", "cohort", "period"]
    few = cells()
    few = Cells(
        **{n: getattr(few, n) for n in Cells.__dataclass_fields__}
        | {"treats": few.treats & (np.arange(N) < 4)[:, None]}
    )
    refused = told(answers(few, base=None), roll_out, level=0.9)
    assert not refused.estimates["identified"].any()
    assert refused.vcov.shape == (len(refused.estimates),) * 2
    assert refused.vcov.isna().all(axis=None)
    assert refused.influence is None
    assert refused.bands.empty


def test_before_the_start_hotellings_test_has_its_size():
    rng = np.random.default_rng(8)
    passed = []
    for _ in range(400):
        noise = rng.normal(size=(14, 3)) @ rng.normal(size=(3, 3))
        mean = noise.mean(axis=0)
        passed.append(pre_trend_check([("effects", mean, (noise - mean) / 14)]).passed)
    assert np.mean(passed) == pytest.approx(0.95, abs=3.5 * np.sqrt(0.95 * 0.05 / 400))


def test_before_the_start_drift_is_found_and_too_many_effects_are_not_tested():
    rng = np.random.default_rng(9)
    moved = rng.normal(size=(20, 4)) / 20
    found = pre_trend_check([("all effects", np.ones(11), rng.normal(size=(20, 11))), ("effects", np.ones(4), moved)])
    assert found.passed is False
    assert found.sentence.startswith("The 4 effects")
    assert pre_trend_check([("effects", np.ones(11), rng.normal(size=(20, 11)))]).passed is None


def test_what_is_told_of_the_treated_rows():
    assert told_check(["", ""], np.array([3, 4]), np.array([3, 4])).passed is True
    found = told_check(["", "nobody is left"], np.array([3, 4]), np.array([3, 0]))
    assert found.passed is False
    assert "3 of 7 treated rows; 1 of 2 effects" in found.sentence
    assert told_check([], np.array([]), np.array([])).passed is None


def test_times_below_zero_are_refused():
    examine_times(0, None, 3)
    with pytest.raises(DataError, match="horizon is -1"):
        examine_times(0, -1, None)
    assert untold("overall", float("nan"), "no reason", 3).share == 0
