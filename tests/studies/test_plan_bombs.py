"""Plans that would take for ever, for all memory, or for code."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from coroi.errors import MOST_SHOWN, CoroiError, PlanError, Problem, did_you_mean
from coroi.studies import yaml_lines
from coroi.studies.no_secrets import is_secret_value
from coroi.studies.plan import Plan, read_plan
from coroi.studies.yaml_lines import read_yaml

PLAN = """name: x
currency: EUR
period: month
metrics:
  nps: {scale: [0, 10]}
tables:
  customers: {path: customers.csv}
"""


def refused(folder: Path, text: str | bytes, seconds: float = 30) -> str:
    (folder / "customers.csv").write_text("customer_id,segment\na,b\n")
    path = folder / "plan.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    began = time.monotonic()
    with pytest.raises(PlanError) as caught:
        read_plan(path, known_studies={})
    assert time.monotonic() - began < seconds
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in PLAN
    return PLAN.replace(old, new)


def test_a_billion_laughs_are_refused_at_the_first(tmp_path):
    laughs = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    said = refused(tmp_path, PLAN + laughs)
    assert said.startswith("plan.yaml line 8: an anchor ('&') is not allowed.")


def test_a_plan_of_too_many_values_is_refused_before_it_is_built(tmp_path):
    said = refused(tmp_path, PLAN + "seed: [" + "1," * 400_000 + "]\n")
    assert said == "plan.yaml line 8: the file holds more than 20,000 keys and values. Is it the plan, or a data file?"


def test_a_text_without_end_is_refused_before_it_is_searched(tmp_path):
    for text in ("a" * 900_000, "a." * 450_000, "a:" * 450_000):
        said = refused(tmp_path, changed("[0, 10]", f'[0, 10], label: "{text}"'))
        assert "a text of 900,000 characters; at most 10,000 are read. Shorten it." in said


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_a_plan_of_endless_depth_is_refused(tmp_path, deep):
    assert "seed" not in refused(tmp_path, PLAN + "seed: " + deep)


@pytest.mark.parametrize("text", ["%YAML " + "1" * 5000 + ".1\n---\n" + PLAN, PLAN + 'observed_from: "\\UFFFFFFFF"\n'])
def test_a_number_that_the_parser_stumbles_over_is_no_yaml(tmp_path, text):
    assert "the text does not follow YAML here." in refused(tmp_path, text)


@pytest.mark.parametrize("escape", ["\\0", "\\ud800", "\\udfff"])
def test_text_that_no_file_can_hold_is_refused(tmp_path, escape):
    said = refused(tmp_path, changed("[0, 10]", f'[0, 10], label: "a{escape}"'))
    assert said.startswith("plan.yaml line 5: a text holds a zero byte or half a character, which no file can.")


def test_a_tag_runs_nothing(tmp_path):
    mark = tmp_path / "reached"
    said = refused(tmp_path, PLAN + f"seed: !!python/object/apply:os.system ['touch {mark}']\n")
    assert "a tag (text after '!') is not allowed: a plan holds data, never code." in said
    assert not mark.exists()


@pytest.mark.parametrize("scale", ['["-inf", "inf"]', '[0, "inf"]', '["nan", 1]'])
def test_a_scale_has_two_finite_ends(tmp_path, scale):
    assert "metrics.nps.scale" in refused(tmp_path, changed("[0, 10]", scale))


@pytest.mark.parametrize("key", ["observed_from", "observed_until"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1799-12-31", "2200-01-01"])
def test_a_window_of_observation_lies_in_our_centuries(tmp_path, key, day):
    assert refused(tmp_path, PLAN + f"{key}: {day}\n") == (
        f'plan.yaml line 8: {key}: "{day}": its year is not one of 1800 to 2199. '
        "Leave it out, or write a day on which there are data."
    )


@pytest.mark.parametrize(
    ("part", "most"),
    [
        ("date_format: [" + ", ".join(f'"%Y-%m-%d{i}"' for i in range(21)) + "]", 20),
        ("where: [" + "{column: segment, in: [b]}, " * 51 + "]", 50),
        ("join: [" + "{path: customers.csv, on: customer_id}, " * 21 + "]", 20),
        ("missing_codes: [" + "x, " * 1001 + "]", 1000),
        ("where: {column: segment, in: [" + "x, " * 1001 + "]}", 1000),
        ("values: {segment: {" + ", ".join(f"a{i}: b" for i in range(1001)) + "}}", 1000),
        ("columns: {" + ", ".join(f"a{i}: b" for i in range(201)) + "}", 200),
    ],
)
def test_a_part_of_a_plan_has_so_many_entries_at_most(tmp_path, part, most):
    said = refused(tmp_path, changed("path: customers.csv", f"path: customers.csv, {part}"))
    assert f"more than {most:,} entries stand here. Leave out what is not needed." in said


def test_thousands_of_problems_are_told_in_time_and_not_all_spelt_out(tmp_path):
    said = refused(tmp_path, PLAN + "".join(f"key{i}: 1\n" for i in range(9_000)), seconds=60)
    assert len(said.splitlines()) == MOST_SHOWN + 1
    assert said.endswith("problems more.")
    assert len(said) < 50_000


def test_a_message_counts_the_problems_that_it_leaves_out():
    many = CoroiError(Problem(f"place {i}", "is wrong.") for i in range(MOST_SHOWN + 7))
    assert str(many).splitlines()[-1] == "… and 7 problems more."
    assert len(many.problems) == MOST_SHOWN + 7


def test_a_hint_shows_names_short_and_compares_them_in_time():
    began = time.monotonic()
    assert did_you_mean("a" * 50_000, ["a" * 49_999]) == f"Did you mean '{'a' * 59}…'?"
    assert did_you_mean("zzz", ["b" * 500]) == f"Known: {'b' * 59}…."
    assert time.monotonic() - began < 2


def test_a_secret_is_looked_for_in_time_by_length():
    began = time.monotonic()
    for text in ("a" * 200_000, "a." * 100_000, "a:" * 100_000, "token " + " " * 200_000, "a:b" * 60_000):
        assert not is_secret_value(text)
    assert time.monotonic() - began < 10
    assert is_secret_value("me:hunter2@db.example")
    assert is_secret_value("postgresql+psycopg://db")


def test_a_plan_that_is_no_regular_file_is_never_opened(tmp_path):
    import os

    os.mkfifo(tmp_path / "plan.yaml")
    for path in (tmp_path / "plan.yaml", Path("/dev/zero"), Path("/dev/stdin")):
        with pytest.raises(PlanError, match="this is no regular file"):
            read_yaml(path)


def test_an_empty_plan_is_not_read(tmp_path):
    (tmp_path / "plan.yaml").touch()
    with pytest.raises(PlanError, match="the file is empty"):
        read_yaml(tmp_path / "plan.yaml")


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "..", "", "a\n", "A", "~", "$(x)", "a" * 65])
def test_no_name_of_a_plan_leads_out_of_the_reports(tmp_path, name):
    said = refused(tmp_path, changed("name: x", f"name: {yaml_quoted(name)}"))
    assert "is not a name made of lower-case letters" in said


def yaml_quoted(text: str) -> str:
    import json

    return json.dumps(text)


def test_the_limits_leave_room_for_every_plan_of_the_repository():
    root = Path(__file__).parents[2] / "data"
    found = [*root.rglob("*.yaml")]
    assert len(found) > 5
    for path in found:
        assert path.stat().st_size * 10 < yaml_lines.MAX_BYTES
        assert len(read_yaml(path).lines) * 10 < yaml_lines.MAX_VALUES


def test_the_plan_refuses_what_is_not_finite_from_python_too():
    sound = {"name": "x", "currency": "EUR", "period": "month", "tables": {"t": {"path": "x"}}}
    with pytest.raises(ValueError, match="finite number"):
        Plan.model_validate(sound | {"metrics": {"m": {"scale": [0, float("inf")]}}})
