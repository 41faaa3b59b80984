"""The panel's contract: each way of breaking it is told by its column."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pytest

from coroi.errors import DataError
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
