"""The register of claims: complete, in order, in our own words, and in step with the table it stands for."""

from __future__ import annotations

import re

import pytest

from coroi.claims import CLAIMS, enabled_ids, enables
from coroi.claims.register import SOURCES
from coroi.schemas import TABLES, missing_for
from coroi.studies.registry import STUDIES


def test_all_25_are_there_in_order():
    assert [c.id for c in CLAIMS] == [f"C{i:02d}" for i in range(1, 26)]


def test_every_source_is_known_and_every_one_is_used():
    assert {s for c in CLAIMS for s in c.sources} == set(SOURCES)
    assert all(c.sources for c in CLAIMS)


def test_texts_are_short_single_and_different():
    texts = [c.text for c in CLAIMS]
    assert len(set(texts)) == 25
    assert [t for t in texts if t.endswith(".") or not t[0].isupper() or len(t) > 110] == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_what_it_needs_is_a_table_here(claim):
    tables = {t for choice in claim.need.any_of for t in choice}
    assert tables
    assert tables <= set(TABLES)
    for column in claim.need.columns:
        table, name = column.split(".")
        assert all(table in choice for choice in claim.need.any_of)
        assert name in TABLES[table].names


def test_every_table_is_there_for_a_claim():
    assert [t for t in TABLES if not enables(t)] == []
    assert [c.id for c in enables("touchpoints")] == ["C01", "C02", "C05"]
    assert [c.id for c in enables("factors")] == ["C17"]
    assert enables("tuchpoints") == ()


@pytest.mark.parametrize(
    ("table", "ids"),
    [
        ("snapshot", "C06"),
        ("practices", "C20, C21"),
        ("responses", "C01, C02, C04, C06, C08–C11, C22, C23, C25"),
        ("transactions", "C01–C06, C08–C14, C16, C18–C25"),
        ("tuchpoints", ""),
    ],
)
def test_neighbouring_claims_are_written_as_a_range(table, ids):
    assert enabled_ids(table) == ids


def test_a_firm_panel_bears_the_claims_of_firms_and_no_other():
    firms = {"firms.satisfaction", "firms.industry", "firms.earnings", "firms.market_value"}
    borne = [c.id for c in CLAIMS if not missing_for(c.need, {"firms"}, set(), firms)]
    assert borne == ["C15", "C17"]


def test_a_column_that_no_row_fills_is_named():
    by_id = {c.id: c for c in CLAIMS}
    said = missing_for(by_id["C24"].need, {"programme", "subscriptions"}, set(), {"programme.practice"})
    assert said == "`programme.leader_sponsor`"


def test_studies_name_claims_that_name_them_back():
    by_id = {c.id: c for c in CLAIMS}
    for study in STUDIES.values():
        assert [c for c in study.claims if by_id[c].study != study.name] == []


# follow-ups of single customers got a study of their own, apart from roll-outs by unit; when money falls and rises is
# told by its sum since the start, in the study of whether it pays
MOVED = {"C04": "pilot", "C13": "roi", "C18": "roi"}


@pytest.fixture(scope="module")
def table(shared) -> dict[str, list[str]]:
    path = shared / "claims.md"
    if not path.is_file():
        pytest.skip(f"{path.name}: the table of claims is not there")
    rows = re.findall(r"^\| (C\d\d) \| (.+) \|$", path.read_text(encoding="utf-8"), re.M)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}


def test_ids_sources_and_studies_are_those_of_the_table(table):
    assert {c.id: (", ".join(c.sources), c.study) for c in CLAIMS} == {
        name: (cells[0], MOVED.get(name, cells[-1])) for name, cells in table.items()
    }


def test_texts_are_not_the_tables(table):
    for claim in CLAIMS:
        ours, theirs = (words(t) for t in (claim.text, table[claim.id][1]))
        assert ours != theirs
        runs = {tuple(ours[i : i + 7]) for i in range(len(ours) - 6)}
        shared_runs = runs & {tuple(theirs[i : i + 7]) for i in range(len(theirs) - 6)}
        assert shared_runs == set(), claim.id


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.casefold())
