from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from coroi.errors import CoroiError
from coroi.results import REQUIRED_ESTIMATE_COLUMNS, CashFlow, Check, Result, Verdict

NAN = float("nan")
GOOD = {"term": "share", "estimate": 0.5, "std_error": 0.1, "conf_low": 0.3, "conf_high": 0.7}
GOOD |= {"identified": True, "reason": ""}
BLANK = GOOD | {"estimate": NAN, "std_error": NAN, "conf_low": NAN, "conf_high": NAN, "identified": False}


def result_of(*rows: dict) -> Result:
    frame = pd.DataFrame(rows, columns=list(REQUIRED_ESTIMATE_COLUMNS))
    return Result(method="m", estimand="share", spec={}, estimates=frame, n_obs=1, n_entities=1)


def test_a_number_with_its_interval_and_a_blank_with_its_reason_are_good():
    result = result_of(GOOD, BLANK | {"reason": "too few customers"})
    assert len(result.estimates) == 2
    assert (result.checks, dict(result.tables), result.draws, result.vcov) == ((), {}, None, None)


def test_no_estimates_at_all_are_good():
    assert result_of().estimates.empty


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (BLANK | {"estimate": 0.2, "reason": "x"}, "an estimate that is not identified carries a number"),
        (GOOD | {"estimate": NAN}, "an identified estimate lacks its number or its interval"),
        (GOOD | {"conf_low": NAN}, "an identified estimate lacks its number or its interval"),
        (GOOD | {"conf_high": NAN}, "an identified estimate lacks its number or its interval"),
        (BLANK, "an estimate that is not identified lacks its reason"),
    ],
)
def test_half_an_estimate_is_refused(row, said):
    with pytest.raises(CoroiError, match=f"m: {said}"):
        result_of(GOOD, row)


def test_an_unbounded_interval_is_an_interval():
    assert result_of(GOOD | {"conf_high": float("inf")}).estimates["conf_high"].to_list() == [float("inf")]


@pytest.mark.parametrize("column", REQUIRED_ESTIMATE_COLUMNS)
def test_a_missing_column_is_named(column):
    frame = pd.DataFrame([GOOD]).drop(columns=column)
    with pytest.raises(CoroiError, match=f"m: estimates lack the columns {column}"):
        Result(method="m", estimand="share", spec={}, estimates=frame, n_obs=1, n_entities=1)


def test_results_checks_and_verdicts_do_not_change():
    ends = {"estimate": 0, "conf_low": 0, "conf_high": 0, "delta": 1, "level": 0.95}
    verdict = Verdict(theta="t", **ends, label="cannot tell", label_95="cannot tell", grade="D")
    check = Check(name="a", tested="b", passed=None, sentence="c")
    for thing, name in ((result_of(GOOD), "method"), (check, "passed"), (verdict, "label")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, "other")


def test_results_with_tables_can_be_compared_without_an_error():
    one, other = result_of(GOOD), result_of(GOOD)
    assert one == one
    assert one != other


def test_money_has_a_period_for_every_column():
    flow = CashFlow(draws=np.zeros((3, 2)), periods=("2024-01-01", "2024-02-01"), currency="EUR", label="margin")
    assert flow.draws.shape == (3, 2)


@pytest.mark.parametrize("shape", [(3, 3), (2,), (3, 2, 1)])
def test_money_of_another_shape_is_refused(shape):
    with pytest.raises(CoroiError, match="cash flow 'margin'"):
        CashFlow(draws=np.zeros(shape), periods=("2024-01-01", "2024-02-01"), currency="EUR", label="margin")
