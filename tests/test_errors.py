from __future__ import annotations

import pytest

from coroi.errors import (
    NAMELESS,
    CoroiError,
    DataError,
    PlanError,
    Problem,
    ReportError,
    StudyError,
    did_you_mean,
    hint_at_column,
    raise_together,
)

ONE = Problem("plan.yaml, line 3", "there is no column 'scor'.", "Did you mean 'score'?")
OTHER = Problem("responses", "the file is empty.")


def test_a_problem_says_where_what_and_the_way_out():
    assert str(ONE) == "plan.yaml, line 3: there is no column 'scor'. Did you mean 'score'?"
    assert str(OTHER) == "responses: the file is empty."


def test_an_error_carries_all_problems_one_a_line():
    error = DataError([ONE, OTHER])
    assert error.problems == (ONE, OTHER)
    assert str(error) == f"{ONE}\n{OTHER}"


def test_an_error_takes_one_problem_or_a_sentence():
    assert PlanError(ONE).problems == (ONE,)
    assert str(PlanError(ONE)) == str(ONE)
    assert StudyError("Nothing to do.").problems == ()
    assert str(StudyError("Nothing to do.")) == "Nothing to do."


def test_problems_may_come_from_a_generator():
    assert DataError(p for p in (ONE, OTHER)).problems == (ONE, OTHER)


@pytest.mark.parametrize("kind", [PlanError, DataError, StudyError, ReportError])
def test_every_kind_is_caught_as_ours(kind):
    with pytest.raises(CoroiError, match="gone"):
        raise kind("gone")


def test_raise_together_raises_all_or_nothing():
    raise_together([], DataError)
    raise_together(iter(()), DataError)
    with pytest.raises(PlanError) as caught:
        raise_together((p for p in (ONE, OTHER)), PlanError)
    assert caught.value.problems == (ONE, OTHER)


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("horzion", ["horizon", "landmark"], "Did you mean 'horizon'?"),
        ("NPS", ["nps", "csat"], "Did you mean 'nps'?"),
        ("customer id", ["Customer ID", "Date"], "Did you mean 'Customer ID'?"),
        ("zzz", ["beta", "alpha"], "Known: alpha, beta."),
        ("zzz", ["b", "a", "b"], "Known: a, b."),
        ("zzz", [], "Nothing may be given here."),
        ("zzz", [f"n{i:02d}" for i in range(12)], f"Known: {', '.join(f'n{i:02d}' for i in range(12))}."),
        ("zzz", [f"n{i:02d}" for i in range(13)], f"Known: {', '.join(f'n{i:02d}' for i in range(12))} …."),
    ],
)
def test_the_nearest_name_or_all_of_them(name, known, said):
    assert did_you_mean(name, known) == said


def test_a_name_that_is_no_text_is_compared_as_text():
    assert did_you_mean(2024, ["2023", "other"]) == "Did you mean '2023'?"


def test_a_first_line_that_may_be_a_customers_is_not_quoted():
    assert hint_at_column("custmer_id", ["customer_id", "day"]) == "Did you mean 'customer_id'?"
    assert hint_at_column("KD-000124-X", ["KD-000123-X", "Anna Quillfeather"]) == NAMELESS
