"""What everybody would have said: occasions counted by hand, planted answers, and the simulated company's truth."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from scipy import stats
from small_company import open_company

from coroi.company import simulate_company
from coroi.company.history import History, draw_history
from coroi.company.plan import plan_text
from coroi.company.responses import NPS
from coroi.company.scenario import SCENARIOS, World
from coroi.storage import read_result, write_result
from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.plan import Privacy
from coroi.studies.readiness import (
    Voices,
    as_result,
    hear,
    look,
    voice_checks,
    voice_method,
    voice_notes,
    voice_table,
    with_voices,
)
from coroi.studies.readiness.occasions import OTHERS, find_occasions, pool_levels
from coroi.studies.readiness.voices import Voice, table_of
from coroi.studies.readiness.voices_page import sentence

UNTIL = {"observed_until": "2024-12-31"}


@pytest.fixture(scope="module")
def sample(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def voices(sample) -> Voices:
    return hear(sample)


def test_the_samples_occasions_equal_those_counted_from_its_tables(sample):
    """Who is at risk when a wave begins, who answers in its twelve months, and the first day's answer."""
    found = find_occasions(sample, "nps")
    panel = sample.connection.to_pandas(sample.panel.data)
    panel["period"] = pd.to_datetime(panel["period"]).dt.strftime("%Y-%m-%d")
    answers = sample.connection.to_pandas(sample.tables["responses"]).query("metric == 'nps'")
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    assert found.waves == ("2022-12-01", "2023-12-01")
    want = {}
    for wave in found.waves:
        start = pd.Timestamp(wave)
        for who in panel.loc[(panel["period"] == wave) & panel["at_risk"], "customer_id"]:
            mine = answers[answers["customer_id"] == who]
            mine = mine[(mine["answered_at"] >= start) & (mine["answered_at"] < start + pd.DateOffset(years=1))]
            first = mine[mine["answered_at"] == mine["answered_at"].min()]["score"]
            want[who, wave] = first.mean() if len(first) else np.nan
    got = found.frame.set_index(["customer", "occasion"])["score"]
    pd.testing.assert_series_equal(
        got.sort_index(), pd.Series(want).sort_index(), check_names=False, check_index_type=False
    )
    assert (found.frame["answered"] == found.frame["score"].notna()).all()


def test_what_is_known_before_an_occasion_is_dated_before_it(sample):
    found = find_occasions(sample, "nps").frame
    contacts = sample.connection.to_pandas(sample.tables["touchpoints"])
    contacts["occurred_at"] = pd.to_datetime(contacts["occurred_at"])
    answers = sample.connection.to_pandas(sample.tables["responses"]).query("metric == 'nps'")
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    for wave in ("2022-12-01", "2023-12-01"):
        rows, start = found[found["occasion"] == wave].set_index("customer"), pd.Timestamp(wave)
        month = contacts[contacts["occurred_at"].between(start - pd.DateOffset(months=1), start, inclusive="left")]
        had = rows["contact in the period before"] == "yes"
        assert set(rows.index[had]) == set(month["customer_id"]) & set(rows.index)
        ever = set(answers.loc[answers["answered_at"] < start, "customer_id"])
        assert set(rows.index[rows["last answer"] == "never answered"]) == set(rows.index) - ever


def test_the_samples_table_and_sentences(voices, sample):
    text = voice_table(voices).text
    assert re.search(r"NPS, −100 to 100 +668 of 988 \(68\u00a0%\) +25 \(19 to 32\) +24 \(17 to 30\) +−21 to 54", text)
    assert [v.label for v in voices.voices] == ["NPS", "CSAT", "trust"]
    told = [sentence(v) for v in voices.voices]
    assert told[0] == (
        "NPS: those who answered say 25, above 0. For everybody's to be below it, the 32\u00a0% silent would have to "
        "average −53 or less (interval −69 to −36)."
    )
    for text in (*told, *voice_method(voices, sample).text.split("\n\n")):
        assert misprinted(text) == []
        assert miscounted(text) == []
    assert voice_notes(voices).text.count("\n- ") == 2


def test_the_silent_at_their_turning_point_turn_the_whole(voices):
    for voice in voices.voices:
        answered, rest = voice.n_answered, voice.n_occasions - voice.n_answered
        whole = answered * voice.found("observed")["estimate"] + rest * voice.found("silent_to_flip")["estimate"]
        assert whole / voice.n_occasions == pytest.approx(voice.threshold, abs=1e-9)
        low, high = (voice.found(t)["estimate"] for t in ("lower_bound", "upper_bound"))
        assert low < voice.found("weighted")["estimate"] < high


def test_what_was_heard_is_kept_and_names_nobody(voices, sample, tmp_path):
    result = with_voices(as_result(look(sample)), voices)
    write_result(result, tmp_path)
    back = read_result(tmp_path)
    pd.testing.assert_frame_equal(back.tables["voices"], table_of(voices), rtol=1e-8)
    assert len([c for c in back.checks if c.name.startswith("nps_")]) == 4
    people = set(sample.connection.to_pandas(sample.tables["customers"])["customer_id"].astype(str))
    frames = [back.tables["voices"], *(c.table for c in back.checks if c.table is not None)]
    words = {str(v) for frame in frames for v in frame.astype(str).to_numpy().ravel()}
    shown = " ".join(b.text for b in (voice_table(voices), voice_notes(voices), voice_checks(voices)))
    assert people.isdisjoint(words)
    assert not [who for who in people if who in shown]


def planted(folder: Path) -> Inputs:
    """Segment a answers nine times in ten with a 10, segment b three times in ten with a 2: half of all are in each."""
    rows: dict[str, list[tuple]] = {"customers": [], "subscriptions": [], "responses": []}
    for segment, i in product("ab", range(200)):
        who = f"{segment}{i}"
        rows["customers"].append((who, segment))
        rows["subscriptions"].append((who, "2023-01-01", ""))
        if i < (180 if segment == "a" else 60):
            rows["responses"].append((who, "2024-06-15", "nps", 10 if segment == "a" else 2 + i % 2))
    return open_company(folder, rows, **UNTIL)


def test_where_the_driver_is_seen_weighting_finds_everybodys_score(tmp_path):
    voice = hear(planted(tmp_path)).voices[0]
    assert (voice.n_occasions, voice.n_answered) == (400, 240)
    assert voice.found("observed")["estimate"] == pytest.approx(100 * (180 - 60) / 240)
    assert voice.found("weighted")["estimate"] == pytest.approx(0.0, abs=1e-8)
    assert voice.found("lower_bound")["estimate"] == pytest.approx(-10)
    assert voice.found("upper_bound")["estimate"] == pytest.approx(70)
    assert voice.found("silent_to_flip")["estimate"] == pytest.approx(-75)


def write_tables(folder: Path, customers: int, seed: int) -> tuple[Inputs, History]:
    company = simulate_company(customers=customers, months=36, seed=seed)
    for name, table in company.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    columns = {name: list(table.columns) for name, table in company.tables.items()}
    (folder / "plan.yaml").write_text(plan_text(company, "big", columns, "csv", False), encoding="utf-8")
    world = World(scenario=SCENARIOS["baseline"])
    return open_inputs(str(folder / "plan.yaml")), draw_history(customers=customers, months=36, seed=seed, world=world)


def everybodys_score(history: History, voice: Voice) -> float:
    """Return the score had all who are there when a wave begins answered in its first three months."""
    total = n = 0.0
    for wave in voice.waves:
        start = 12 * (int(wave[:4]) - 2022) + int(wave[5:7]) - 1
        here = history.here[start]
        for month in range(start, start + 3):
            meant = NPS.centre + NPS.spread * history.satisfaction[month + 1, here]
            promoters = stats.norm.sf(8.5, meant, NPS.noise)
            total += 100 * (promoters - stats.norm.cdf(6.5, meant, NPS.noise)).sum()
            n += here.sum()
    return total / n


def test_in_the_simulated_company_weights_go_towards_the_truth_and_the_bounds_hold_it(tmp_path):
    """Satisfaction drives who answers; the last answer tells a part of it, and weights cure that part."""
    inputs, history = write_tables(tmp_path, 4000, 7)
    voice = hear(inputs).voices[0]
    truth, observed, weighted = everybodys_score(history, voice), voice.found("observed"), voice.found("weighted")
    assert truth < observed["conf_low"]
    assert voice.found("shift")["conf_high"] < 0
    assert truth < weighted["estimate"] < observed["estimate"]
    assert voice.found("lower_bound")["estimate"] < truth < voice.found("upper_bound")["estimate"]


def test_levels_that_are_too_small_join_others_and_others_the_largest():
    answered = pd.Series([1] * 20 + [0] * 20 + [1] * 12 + [0] * 12 + [1] * 3 + [0] * 3 + [1] * 9 + [0] * 9)
    values = pd.Series(["a"] * 40 + ["b"] * 24 + ["c"] * 6 + ["d"] * 18)
    assert pool_levels(values, answered).value_counts().to_dict() == {"a": 40, "b": 24, OTHERS: 24}
    short = values.iloc[:70]
    assert pool_levels(short, answered.iloc[:70]).value_counts().to_dict() == {"a": 46, "b": 24}


def test_a_snapshot_has_one_occasion_a_customer(tmp_path):
    rng = np.random.default_rng(1)
    rows = [(f"a{i}", "no", int(i % 40), int(rng.integers(0, 11)) if i % 3 else None) for i in range(300)]
    inputs = open_company(tmp_path, {"snapshot": rows})
    voices = hear(inputs)
    assert (voices.voices[0].n_occasions, voices.voices[0].n_answered) == (300, 200)
    assert voice_method(voices, inputs).text.startswith("Occasion: each customer of the snapshot")


def test_without_customers_around_the_answers_nothing_is_heard(tmp_path):
    inputs = open_company(tmp_path, {"customers": [("a", "x"), ("b", "y")]})
    voices = hear(inputs)
    assert voices.voices == ()
    assert voice_table(voices).text.startswith("What the silent leave open cannot be told")
    assert voice_notes(voices).text == "None."
    assert table_of(voices).empty


def test_few_answers_say_so(tmp_path):
    inputs = planted(tmp_path)
    few = inputs.tables["responses"].filter(inputs.tables["responses"]["customer_id"].isin(["a1", "b1"]))
    inputs.tables["responses"] = few
    assert hear(inputs).voices == ()  # too few to be shown
    everything = inputs.plan.model_copy(update={"privacy": Privacy(smallest_cell=1)})
    voices = hear(replace(inputs, plan=everything))
    assert sentence(voices.voices[0]) == "NPS: not estimable, since fewer than 10 customers answered."
    assert "not estimable: fewer than 10" in voice_table(voices).text
    assert [c.passed for c in voices.checks] == [None] * 4
