"""The cleaning on dirt that is known: nothing missed, nothing wrongly touched; and the document is what was counted."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from coroi.company.dirt import KINDS
from coroi.lab.cleaning import CLEAN_CELLS, CLEAN_COMPANIES, cleaning_words, score_cleaning, score_many, write_scores

DOCS = Path(__file__).resolve().parents[2] / "docs"


def kept() -> tuple[pd.DataFrame, range]:
    counted = json.loads((DOCS / "cleaning.json").read_text(encoding="utf-8"))
    return pd.DataFrame(counted["rows"]), range(1, counted["companies"] + 1)


def test_one_small_company_is_cleaned_without_a_miss():
    score, touched = score_cleaning(7, customers=150, months=18)
    assert sum(score[kind]["injected"] for kind in KINDS) > 40
    for kind in KINDS:
        outcomes = score[kind]
        assert outcomes["injected"] == outcomes["repaired"] + outcomes["flagged"] + outcomes["missed"], kind
    assert {kind for kind in KINDS if score[kind]["missed"]} == set()
    assert score[0]["wrongly touched"] == 0
    assert touched == 0


def test_the_document_is_what_was_counted():
    table, seeds = kept()
    assert (DOCS / "cleaning.md").read_text(encoding="utf-8") == cleaning_words(table, seeds)
    assert len(seeds) >= 50
    assert table["kind"].to_list() == [*map(str, KINDS), "–", "–"]
    assert table["what"].to_list()[-2:] == [CLEAN_CELLS, CLEAN_COMPANIES]


def test_nothing_was_missed_and_nothing_wrongly_touched():
    table, _ = kept()
    assert table["injected"].sum() > 5_000
    assert (table["missed"].sum(), table["wrongly touched"].sum()) == (0, 0)


@pytest.mark.slow
def test_fifty_companies_give_the_document_again(tmp_path):
    table, written = write_scores(50, tmp_path, jobs=2)
    assert [path.name for path in written] == ["cleaning.json", "cleaning.md"]
    pd.testing.assert_frame_equal(table, kept()[0], check_dtype=False)
    for path in written:
        assert path.read_bytes() == (DOCS / path.name).read_bytes()


@pytest.mark.slow
def test_scores_do_not_depend_on_the_processes():
    pd.testing.assert_frame_equal(score_many([1, 2]), score_many([1, 2], jobs=2))
