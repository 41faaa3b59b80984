"""Plans that nobody wrote by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import odd
import pytest
from hypothesis import given

import company
from coroi.studies.check import check_plan
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of

KNOWN = {name: notebook_of(name) for name in STUDIES}


def read(attempt: Callable[..., Any], tmp_path: Path, text: str) -> None:
    folder = tmp_path / "company"
    plan = company.write(folder, text)
    attempt(lambda: read_plan(plan, known_studies=KNOWN), folder)
    shutil.rmtree(folder)


def check(attempt: Callable[..., Any], tmp_path: Path, text: str) -> None:
    folder = tmp_path / "company"
    plan = company.write(folder, text)
    checked, message = attempt(lambda: check_plan(plan), folder)
    said = message if checked is None else "\n".join(map(str, checked.problems))
    assert not any(who in said for who in company.IDS)
    shutil.rmtree(folder)


def test_the_company_itself_is_sound(attempt, tmp_path):
    plan = company.write(tmp_path / "company", odd.yaml.safe_dump(company.PLAN))
    checked, message = attempt(lambda: check_plan(plan), tmp_path / "company")
    assert (message, checked.problems) == ("", ())
    assert {name for name, lacks in checked.studies.items() if lacks} == {"programme", "pilot", "firms"}


@odd.everyday(80)
@given(text=odd.plans())
def test_a_plan_with_odd_values_is_read_or_refused(attempt, tmp_path, text):
    read(attempt, tmp_path, text)


@odd.everyday(100)
@given(text=odd.texts())
def test_a_text_that_is_hardly_yaml_is_read_or_refused(attempt, tmp_path, text):
    read(attempt, tmp_path, text)


@odd.everyday(15)
@given(text=odd.plans())
def test_a_plan_with_odd_values_is_checked_or_refused(attempt, tmp_path, text):
    check(attempt, tmp_path, text)


@pytest.mark.slow
@odd.long(4000)
@given(text=odd.plans())
def test_many_plans_with_odd_values_are_read_or_refused(attempt, tmp_path, text):
    read(attempt, tmp_path, text)


@pytest.mark.slow
@odd.long(4000)
@given(text=odd.texts())
def test_many_texts_that_are_hardly_yaml_are_read_or_refused(attempt, tmp_path, text):
    read(attempt, tmp_path, text)


@pytest.mark.slow
@odd.long(400)
@given(text=odd.plans())
def test_many_plans_with_odd_values_are_checked_or_refused(attempt, tmp_path, text):
    check(attempt, tmp_path, text)
