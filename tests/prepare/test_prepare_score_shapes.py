"""What counts of scores and dates give away: on made cases, and on real ones where these are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coroi.prepare.cleaning.score_shapes import drifted_waves, mixed_factor, reversed_items, suspect_codes
from coroi.prepare.cleaning.swapped_dates import read_calendar

FIVE, TEN = (1.0, 5.0), (0.0, 10.0)


def counted(n_of: dict[float, int]) -> pd.DataFrame:
    return pd.DataFrame({"score": list(n_of), "n": list(n_of.values())})


def calendar_of(days: pd.Series) -> pd.DataFrame:
    return days.value_counts().rename_axis("date").rename("n").reset_index()


def swap_early(days: pd.Series) -> pd.Series:
    return days.map(lambda d: d.replace(month=d.day, day=d.month) if d.day <= 12 else d)


@pytest.mark.parametrize(
    ("n_of", "scale", "codes"),
    [
        ({1: 5, 2: 9, 3: 20, 4: 30, 5: 40}, FIVE, []),
        ({0: 9, 1: 5, 2: 9, 3: 20, 4: 30, 5: 40}, (0.0, 5.0), [0]),
        ({1: 5, 2: 9, 3: 20, 4: 30, 5: 40, 6: 7}, (1.0, 6.0), []),  # a usual scale of its own
        ({0: 9, 1: 5, 2: 9, 3: 20, 4: 30, 5: 40, 6: 7}, (0.0, 6.0), [0, 6]),
        ({0: 3, 5: 9, 8: 20, 9: 30, 10: 40, 11: 7}, (0.0, 11.0), [11]),
        ({0: 3, 5: 9, 8: 20, 9: 30, 10: 40}, TEN, []),
        ({60: 30, 70: 20, 80: 40, 95: 20, 96: 11, 99: 25}, (0.0, 100.0), [99]),
        ({97: 9, 98: 20, 99: 25, 100: 8}, (0.0, 100.0), []),  # its neighbours are answered too
    ],
)
def test_codes_inside_a_scale(n_of, scale, codes):
    assert [s.value for s in suspect_codes(counted(n_of), scale)] == codes


@pytest.mark.parametrize(
    ("n_of", "factor"),
    [
        ({1: 4, 2: 24, 3: 88, 4: 122, 5: 132, 6: 7, 8: 4, 10: 6, 99: 1, -999: 1}, 2.0),
        ({3: 8, 5: 12, 20: 3, 40: 4, 100: 2}, 20.0),
        ({1: 4, 5: 20, 7: 3}, None),
        ({1: 4, 5: 20}, None),
        ({1: 4, 5: 20, 6: 3, 7: 1}, None),
        ({0: 3, 1: 4, 5: 20, 6: 3}, None),
    ],
)
def test_two_scales_in_one_column(n_of, factor):
    assert mixed_factor(counted(n_of), FIVE) == factor


def test_a_wave_on_a_shorter_scale_is_found_and_a_small_or_sad_one_is_not():
    rng = np.random.default_rng(1)
    waves = {"2023-Q1": rng.integers(0, 11, 400), "2023-Q2": rng.integers(1, 6, 200), "2023-Q3": rng.integers(1, 6, 20)}
    waves["2023-Q4"] = np.where(rng.random(300) < 0.2, 9, rng.integers(0, 6, 300))
    rows = [(w, s, n) for w, x in waves.items() for s, n in zip(*np.unique(x, return_counts=True), strict=True)]
    assert drifted_waves(pd.DataFrame(rows, columns=["wave", "score", "n"]), TEN) == ["2023-Q2"]


def test_a_reversed_item_is_found_whatever_its_place():
    rng = np.random.default_rng(2)
    level = rng.normal(size=400)
    items = pd.DataFrame({f"i{k}": np.clip(np.round(3 + level + rng.normal(size=400)), 1, 5) for k in range(5)})
    assert reversed_items(items, [True] * 5) == []
    for k in range(5):
        turned = items.assign(**{f"i{k}": 6 - items[f"i{k}"]})
        assert reversed_items(turned, [True] * 5) == [f"i{k}"]
        assert reversed_items(turned, [j != k for j in range(5)]) == []
    noise = pd.DataFrame(rng.integers(1, 6, (400, 5)), columns=list("abcde"))
    assert reversed_items(noise, [True] * 5) == []
    assert reversed_items(items[["i0", "i1"]], [True, True]) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_calendar_tells_an_import_that_swapped_every_early_day(seed):
    rng = np.random.default_rng(seed)
    days = pd.Series(pd.to_datetime("2015-04-01") + pd.to_timedelta(rng.integers(0, 90, 900), unit="D"))
    assert read_calendar(calendar_of(days)).swap == "none"
    found = read_calendar(calendar_of(swap_early(days)))
    assert found.swap == "all"
    assert {m for _, m in found.strange} == set(range(1, 13)) - {4, 5, 6}


def test_where_only_part_was_swapped_the_rest_cannot_be_told():
    rng = np.random.default_rng(3)
    days = pd.Series(pd.to_datetime("2015-04-01") + pd.to_timedelta(rng.integers(0, 90, 900), unit="D"))
    half = pd.concat([swap_early(days[:450]), days[450:]])
    found = read_calendar(calendar_of(half))
    assert found.swap == "some"
    assert found.n_unclear > 0


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2020-01-01", periods=1000),  # a whole span, every month real
        pd.date_range("2020-01-01", periods=60, freq="MS"),  # billed on the first
        pd.DatetimeIndex([*pd.date_range("2020-01-01", periods=36, freq="MS"), *["2020-01-15"] * 20]),
        pd.DatetimeIndex(["2024-03-05"] * 500),
        # survey rounds that run a few days into the next month
        pd.DatetimeIndex(
            [f"2023-{m}-{d}" for m in ("02", "05", "08") for d in (20, 22, 24, 26, 28)] * 6
            + [f"2023-{m}-{d}" for m in ("03", "09") for d in ("02", "05", "08")] * 9
        ),
    ],
)
def test_the_calendar_of_upright_dates_tells_nothing(days):
    assert read_calendar(calendar_of(pd.Series(days))).swap == "none"


def test_the_complaints_file_is_found_to_be_swapped(shared: Path):
    file = shared / "data" / "comcast_complaints" / "Comcast_telecom_complaints_data.csv"
    days = pd.to_datetime(pd.read_csv(file, usecols=["Date"])["Date"], format="%d-%m-%y")
    found = read_calendar(calendar_of(days))
    assert found.swap == "all"
    assert found.n_strange == int(((days.dt.day <= 12) & ~days.dt.month.isin([4, 5, 6])).sum())


@pytest.mark.parametrize("year", range(2013, 2017))
def test_blank_and_not_applicable_are_found_inside_the_airports_scale(shared: Path, year: int):
    file = shared / "data" / "sfo_survey" / f"{year}_SFO_Customer_Survey_20250817.csv"
    name = "Q7A_ART" if year == 2013 else "Q7ART"
    scores = pd.read_csv(file, encoding="latin-1", low_memory=False).rename(columns=str.strip)[name].dropna()
    counts = pd.to_numeric(scores).value_counts().rename_axis("score").rename("n").reset_index()
    assert [s.value for s in suspect_codes(counts, (0.0, 6.0))] == [0.0, 6.0]
    assert suspect_codes(counts, FIVE) == []


@pytest.mark.parametrize("file", ["mobi.csv", "mobile.csv", "satisfaction.csv"])
def test_no_item_of_the_satisfaction_surveys_is_reversed_and_a_turned_one_is(shared: Path, file: str):
    items = pd.read_csv(shared / "data" / "psych_sem_surveys" / file, sep=None, engine="python")
    items = items.select_dtypes("number").replace(-99, np.nan)
    items = items.loc[:, items.nunique().between(3, 101)]
    assert reversed_items(items, [True] * items.shape[1]) == []
    turned = items.assign(**{items.columns[7]: items.iloc[:, 7].max() - items.iloc[:, 7]})
    assert reversed_items(turned, [True] * items.shape[1]) == [items.columns[7]]
