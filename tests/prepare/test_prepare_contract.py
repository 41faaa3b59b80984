"""The panel's contract: each way of breaking it is told by its column."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.prepare.calendar import first_day, index_of
from coroi.prepare.contract import validate
from coroi.studies.inputs import Inputs, open_inputs


@pytest.fixture(scope="module")
def sample() -> Inputs:
    return open_inputs("sample")


def test_the_sample_keeps_it(sample):
    validate(sample.connection, sample.panel)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight": ibis.literal(-1.0)}, "panel.weight: the column holds values that are not above 0."),
        ({"spell": ibis.literal(0, "int64")}, "panel.spell: the column holds values that are not at least 1."),
        ({"at_risk": ibis.null("boolean")}, "panel.at_risk: the column has empty cells."),
        ({"tenure_periods": ibis.literal("x")}, "panel.tenure_periods: the column is not of the type int64."),
    ],
)
def test_a_broken_column_is_named(sample, change, said):
    broken = replace(sample.panel, data=sample.panel.data.mutate(**change))
    with pytest.raises(DataError) as error:
        validate(sample.connection, broken)
    assert said in str(error.value)
    assert "data/README.md" in str(error.value)


def test_a_missing_column_is_named(sample):
    with pytest.raises(DataError, match=r"^panel\.spell: the column is missing\."):
        validate(sample.connection, replace(sample.panel, data=sample.panel.data.drop("spell")))


def test_keys_and_dates_are_counted_together(sample):
    data = sample.panel.data.mutate(nps_age_periods=ibis.literal(0, "int64"))
    broken = replace(sample.panel, data=data.union(data.limit(3)))
    n = sample.connection.execute(data.count()) + 3
    with pytest.raises(DataError) as error:
        validate(sample.connection, broken)
    assert [str(p).partition(".")[0] for p in error.value.problems] == [
        "panel: 3 duplicate (customer_id, period) keys",
        f"panel: {n:,} values of 'nps' are dated inside or after the period that they should explain",
    ]


@pytest.mark.parametrize("frequency", ["week", "month", "quarter", "year"])
@pytest.mark.parametrize("repeats", [0, 1, 70])
def test_repeated_keys_are_counted_over_any_stretch_of_time(sample, frequency, repeats):
    rng = np.random.default_rng(repeats)
    rows = sample.connection.to_pandas(sample.panel.data.limit(1))
    periods = [first_day(i, frequency) for i in index_of_periods(frequency)]
    keys = pd.DataFrame([(f"C{c}", p) for c in range(5) for p in periods], columns=["customer_id", "period"])
    keys = pd.concat([keys, keys.iloc[rng.integers(len(keys), size=repeats)]]).sample(frac=1, random_state=1)
    frame = pd.concat([rows] * len(keys), ignore_index=True).assign(**{c: keys[c].to_numpy() for c in keys})
    panel = replace(sample.panel, data=ibis.memtable(frame, schema=sample.panel.data.schema()), frequency=frequency)
    if not repeats:
        validate(sample.connection, panel)
        return
    with pytest.raises(DataError, match=rf"^panel: {frame.duplicated(['customer_id', 'period']).sum()} duplicate"):
        validate(sample.connection, panel)


def index_of_periods(frequency: str) -> range:
    start = index_of(date(1969, 3, 1), frequency)
    return range(start, start + 100)


def test_two_days_of_one_period_are_two_keys(sample):
    first = sample.panel.data.limit(1)
    later = first.mutate(period=ibis.date("2024-01-15"))
    validate(sample.connection, replace(sample.panel, data=first.mutate(period=ibis.date("2024-01-01")).union(later)))
