from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from coroi.company import true_retention
from coroi.company.clock import numbered
from coroi.company.customers import customers_table
from coroi.company.history import draw_history
from coroi.company.responses import responses_table
from coroi.company.subscriptions import subscriptions_table
from coroi.company.truth import TRUTH_SEED


@pytest.fixture(scope="module")
def truth() -> dict[str, dict]:
    return {entry["band"]: entry for entry in true_retention(months=36)["entries"]}


def test_happier_bands_stay_longer_by_a_realistic_amount(truth: dict[str, dict]) -> None:
    value = {band: entry["value"] for band, entry in truth.items()}
    assert value["0–6"] < value["never answered"] < value["7–8"] < value["9–10"]
    assert value["0–6"] < value["answer too old"] < value["9–10"]
    assert 0.08 < value["9–10 minus 0–6"] < 0.15
    bands = [entry for entry in truth.values() if entry["term"] == "retention"]
    overall = sum(e["value"] * e["n"] for e in bands) / sum(e["n"] for e in bands)
    assert 0.80 < overall < 0.85


def test_entries_are_counted_finely_enough(truth: dict[str, dict]) -> None:
    assert max(entry["mc_std_error"] for entry in truth.values()) < 0.0065
    top, bottom, difference = truth["9–10"], truth["0–6"], truth["9–10 minus 0–6"]
    assert difference["value"] == pytest.approx(top["value"] - bottom["value"], abs=2e-6)
    assert difference["mc_std_error"] ** 2 == pytest.approx(
        top["mc_std_error"] ** 2 + bottom["mc_std_error"] ** 2, rel=0.01
    )
    assert top["mc_std_error"] == pytest.approx((top["value"] * (1 - top["value"]) / top["n"]) ** 0.5, abs=1e-6)
    ladder = truth["9–10 minus 7–8, less 7–8 minus 0–6"]
    middle = truth["7–8"]
    assert ladder["value"] == pytest.approx(top["value"] - 2 * middle["value"] + bottom["value"], abs=3e-6)
    variances = top["mc_std_error"] ** 2 + 4 * middle["mc_std_error"] ** 2 + bottom["mc_std_error"] ** 2
    assert ladder["mc_std_error"] ** 2 == pytest.approx(variances, rel=0.01)
    assert (top["unit"], difference["unit"]) == ("probability", "difference in probability")
    assert difference["estimand"] == (
        "NPS band 9–10 minus 0–6: difference in the share of the customers at risk at the landmark "
        "who do not exit within 12 months."
    )


def day(value: pd.Timestamp) -> date:
    return date.max if pd.isna(value) else value.date()


def band_of(answers: list[tuple[date, int]], landmark: date) -> str:
    earlier = [answer for answer in answers if answer[0] < landmark]
    if not earlier:
        return "never answered"
    answered, score = max(earlier)
    if (landmark.year - answered.year) * 12 + landmark.month - answered.month > 12:
        return "answer too old"
    return "0–6" if score <= 6 else "7–8" if score <= 8 else "9–10"


def stays(contracts: list[tuple[date, date]], landmark: date, until: date, grace_days: int) -> bool:
    for i, (_, end) in enumerate(contracts):
        following = contracts[i + 1][0] if i + 1 < len(contracts) else date.max
        if landmark <= end < until and (following - end).days - 1 > grace_days:
            return False
    return True


@pytest.mark.parametrize("grace_days", [0, 30])
def test_truth_equals_a_slow_count_from_the_tables(grace_days: int) -> None:
    landmark, until = date(2023, 12, 1), date(2024, 12, 1)
    found = true_retention(months=36, customers=3000, grace_days=grace_days)
    history = draw_history(customers=3000, months=36, seed=TRUTH_SEED)
    ids = np.array(numbered("C", 3000), dtype=object)
    contracts = subscriptions_table(history.people, history.contracts, history.days, ids, 0).groupby("customer_id")
    answers = responses_table(history.answers[:1], ids, TRUTH_SEED, 0, 0).groupby("customer_id")
    kept: dict[str, list[bool]] = {}
    for customer in customers_table(history.people)["customer_id"]:
        mine = contracts.get_group(customer)
        spans = [(day(s), day(e)) for s, e in zip(mine["start_at"], mine["end_at"], strict=True)]
        if not any(s < landmark + timedelta(days=31) and e >= landmark for s, e in spans):
            continue
        given = answers.get_group(customer) if customer in answers.groups else pd.DataFrame()
        pairs = [(day(a), s) for a, s in zip(given["answered_at"], given["score"], strict=True)] if len(given) else []
        kept.setdefault(band_of(pairs, landmark), []).append(stays(spans, landmark, until, grace_days))
    assert found["landmark"] == landmark.isoformat()
    entries = {entry["band"]: entry for entry in found["entries"][:5]}
    assert {band: entry["n"] for band, entry in entries.items()} == {band: len(k) for band, k in kept.items()}
    for band, entry in entries.items():
        assert entry["value"] == round(sum(kept[band]) / len(kept[band]), 6)


@pytest.mark.parametrize(
    ("months", "grace_days", "landmark"),
    [
        (36, 30, "2023-12-01"),  # to 31 December: an end on 30 November is told
        (35, 30, "2023-10-01"),  # to 30 November: an end on 31 October is not
        (36, 31, "2023-11-01"),
        (36, 0, "2023-12-01"),
        (14, 30, "2022-01-01"),
    ],
)
def test_landmark_is_a_horizon_before_the_last_exit_that_can_be_told(
    months: int, grace_days: int, landmark: str
) -> None:
    assert true_retention(months=months, grace_days=grace_days, customers=500)["landmark"] == landmark


def test_too_few_months_say_so() -> None:
    found = true_retention(months=6, customers=500)
    assert (found["landmark"], found["entries"]) == (None, [])
    assert found["reason"] == "6 months are too few to follow anyone for 12 months and 30 days of grace."


def test_empty_bands_have_no_value_but_a_reason() -> None:
    entries = {entry["band"]: entry for entry in true_retention(months=13, customers=500)["entries"]}
    assert entries["never answered"]["value"] > 0.7
    assert (entries["9–10"]["value"], entries["9–10"]["mc_std_error"]) == (None, None)
    assert entries["9–10"]["reason"] == "No customer is in the band."
    assert entries["9–10 minus 0–6"]["reason"] == "One of the bands is empty."
