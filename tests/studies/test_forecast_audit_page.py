"""The audit's words: right in number and side, quiet where nothing was forecast, and sure only as far as runs allow."""

from __future__ import annotations

import pytest
from forecast_world import LABEL, leave_run, looking, made, seen

from coroi import report
from coroi.studies.forecast_audit import audit_card, audit_of, audit_table, audit_words, scores_table

YEAR = [f"2024-{month:02d}-01" for month in range(1, 13)]


def audited(folder, values, *, frames=None, until="2024-12-31", finished="2024-01-02T00:00:00+00:00", **other):
    for number, frame in enumerate(frames or [made(YEAR[: len(values)])]):
        leave_run(folder, f"run{number}", frame, finished=finished)
    return audit_of(looking(folder, until=until), "stay", seen(dict(zip(YEAR, values, strict=False)), **other))


def test_the_first_sentence_counts_what_came_true(tmp_path):
    audit = audited(tmp_path, [10.0] * 10 + [13.0, 7.5])
    words = audit_words(audit).replace("\u00a0", " ")
    assert words.startswith(
        "Of 12 forecasts made on data until 31 December 2023, 10 came true within their 95 % intervals. That agrees "
        "with the 95 % promised, and with 52 to 98 % of such forecasts if each stood alone; 1 to 100 % if those of one "
        "run or period hold or fail together. Margin per customer and month, EUR: on average EUR 0.0417 higher than "
        "forecast."
    )
    assert audit_card(audit) == (("Earlier forecasts", "10 of 12 came true within their intervals"),)


def test_too_narrow_is_said_only_when_runs_that_stand_apart_are_enough(tmp_path):
    one = audit_words(audited(tmp_path / "one", [20.0] * 12)).replace("\u00a0", " ")
    assert "0 came true" in one
    assert "That is fewer than the 95 % promised (0 to 26 % of such forecasts if each stood alone), but too few" in one
    days = [f"2023-{month:02d}-28" for month in range(1, 9)]
    frames = [made(YEAR[i : i + 1], data_until=day) for i, day in enumerate(days)]
    many = audit_words(audited(tmp_path / "many", [20.0] * 8, frames=frames)).replace("\u00a0", " ")
    assert "Of 8 forecasts made on data until days between 28 January 2023 and 28 August 2023, 0 came true" in many
    assert "the intervals were too narrow." in many


def test_one_forecast_has_its_singular(tmp_path):
    hit = audit_words(audited(tmp_path / "hit", [10.5])).replace("\u00a0", " ")
    assert hit.startswith("The one forecast made on data until 31 December 2023 came true within its 95 % interval.")
    assert "month, EUR: EUR 0.500 higher than forecast." in hit
    assert "did not come true" in audit_words(audited(tmp_path / "miss", [20.0]))


def test_levels_that_differ_are_told(tmp_path):
    frames = [made(YEAR[:1]), made(YEAR[1:2], data_until="2023-11-30", level=0.875)]
    words = audit_words(audited(tmp_path, [10.0, 10.0], frames=frames)).replace("\u00a0", " ")
    assert "within their 87.5 % to 95 % intervals" in words
    assert "the 91.2 % promised" in words


@pytest.mark.parametrize(("came", "how"), [(10.2, "by less than"), (3.0, "by more than")])
def test_forecasts_are_held_against_the_last_value(tmp_path, came, how):
    before = {"2023-12-01": 5.0}
    leave_run(tmp_path, "aaa", made(YEAR[:1]))
    audit = audit_of(looking(tmp_path), "stay", seen(before | {YEAR[0]: came}))
    assert f"forecasts missed {how} the last value known at the time would have" in audit_words(audit)


def test_forecasts_after_the_fact_are_called_a_test_on_the_past(tmp_path):
    late = audit_words(audited(tmp_path / "late", [10.0] * 3, finished="2026-01-01T00:00:00+00:00"))
    assert "All were made after what they forecast had come" in late
    some = audit_words(audited(tmp_path / "some", [10.0] * 3, finished="2024-02-10T00:00:00+00:00"))
    assert "1 of them was made after what it forecasts had come" in some
    assert "a test on the past" not in audit_words(audited(tmp_path / "none", [10.0] * 3))


def test_where_nothing_was_forecast_that_is_said_quietly(tmp_path):
    audit = audit_of(looking(tmp_path), "stay", seen({YEAR[0]: 1.0}))
    assert audit_words(audit) == "No earlier run has forecast what is observed now."
    assert audit_card(audit) == ()
    assert "by hand" in audit_words(audit_of(looking(None), "stay", seen({YEAR[0]: 1.0})))
    assert "none" in audit_table(audit).text
    assert "none" in scores_table(audit).text


def test_what_was_left_aside_is_counted(tmp_path):
    frames = [made(YEAR[:4]), made(YEAR[:1]), made(YEAR[:1], label="Other")]
    (leave_run(tmp_path, "torn", made(YEAR[:1])) / "predictions.parquet").write_bytes(b"torn")
    words = audit_words(audited(tmp_path, [10.0] * 2, frames=frames))
    assert "2 earlier forecasts wait for their periods." in words
    assert "1 earlier forecast is of something else than this run observes." in words
    assert "1 forecast was made anew by a later run on data until the same day; the latest counts." in words
    assert "The forecasts of 1 run could not be read and was left out." not in words
    assert "The forecasts of 1 run could not be read and were left out." in words


def test_the_tables_show_forecast_interval_and_what_came(tmp_path):
    audit = audited(tmp_path, [11.0, 20.0], std_error=0.1)
    text = audit_table(audit).text.replace("\u00a0", " ")
    assert [cell in text for cell in (LABEL, "2024-02-01", "EUR 20.0", "yes", "no", "widened by its error")] == [
        True
    ] * 6
    assert "not known" in scores_table(audit).text


def test_many_forecasts_show_the_latest(tmp_path):
    frames = [made(YEAR, data_until=f"2023-{month:02d}-28") for month in range(1, 8)]
    audit = audited(tmp_path, [10.0] * 12, frames=frames)
    assert audit.n == 84
    assert "The latest 60 of 84 forecasts are shown." in audit_table(audit).text


@pytest.mark.parametrize(("unit", "shown"), [("share", "5.00 %"), ("points", "0.05 points"), ("EUR", "EUR 0.050")])
def test_every_unit_has_its_form(tmp_path, unit, shown):
    frames = [made(YEAR[:1], estimate=0.05, half=0.01, unit=unit)]
    assert shown in audit_table(audited(tmp_path, [0.05], frames=frames)).text.replace("\u00a0", " ")


def test_labels_are_escaped(tmp_path):
    label = "<script>alert(1)</script>"
    leave_run(tmp_path, "aaa", made(YEAR[:1], label=label))
    audit = audit_of(looking(tmp_path), "stay", seen({YEAR[0]: 1.0}, label=label))
    shown = [audit_table(audit).html, scores_table(audit).html, report.prose(audit_words(audit)).html]
    assert not any("<script>" in html for html in shown)
