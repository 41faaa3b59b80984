from __future__ import annotations

import json
from pathlib import Path

import pytest

from coroi.claims import enabled_ids, enables
from coroi.company import simulate_company, write_company
from coroi.schemas import TABLES

DATA = Path(__file__).parents[2] / "data"


def make(folder: Path) -> list[Path]:
    return write_company(simulate_company(customers=850, months=36, seed=4), folder, name="sample")


def compare(made: list[Path]) -> None:
    assert sorted(path.name for path in (DATA / "sample").iterdir()) == sorted(path.name for path in made)
    for path in made:
        assert (DATA / "sample" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_committed_tables_are_made_by_the_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = json.loads((DATA / "sample" / "truth.json").read_text(encoding="utf-8"))
    monkeypatch.setattr("coroi.company.files.truth_of", lambda company: kept)
    compare(make(tmp_path))


@pytest.mark.slow
def test_the_committed_truth_is_made_by_the_company(tmp_path: Path) -> None:
    compare(make(tmp_path))


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in (DATA / "sample").iterdir()) < 1_000_000


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_readme_tells_every_column_and_what_the_table_is_for(table: str) -> None:
    text = (DATA / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n## `{table}`: ")[1].split("\n## ")[0]
    assert section.startswith(TABLES[table].row + "\n")
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    told = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    expected = [(f"`{c.name}`" + " **required**" * c.required, c.kind) for c in TABLES[table].columns]
    assert [(name, kind) for name, kind, _, _ in told] == expected
    claims, studies = section.strip().splitlines()[-1].removesuffix(".").split(". Studies: ")
    assert claims == f"Claims: {enabled_ids(table)}"
    assert studies.split(", ") == sorted({claim.study for claim in enables(table)})
    units = {f"`{c.name}`": c.unit for c in TABLES[table].columns if c.unit}
    assert {name.split()[0]: unit for name, _, unit, _ in told if name.split()[0] in units} == units
