"""The machinery: every seed once, the same bytes whatever the jobs and interruptions, and nothing overwritten."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coroi.errors import CoroiError
from coroi.lab import replicate, run
from coroi.lab.experiments import EXPERIMENTS
from coroi.lab.profiles import PROFILES, Profile, Sizes
from coroi.lab.run import NUMBERS, PAGE, TABLE, run_lab
from coroi.lab.store import Store
from coroi.studies.lock import locked

SIZES = Sizes(customers=250, months=24, truth_companies=2, truth_customers=400)
TINY = Profile(
    name="tiny",
    sizes=SIZES,
    replications={"retention": 7, "respondents": 3},
    scenarios=("own", "null"),
)
OUT = (NUMBERS, TABLE, PAGE)


def page_of(summary, *, command: str) -> str:
    """Stand in for the page, which is drawn from the summary alone and has its own tests."""
    return json.dumps([summary, command])


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(PROFILES, "tiny", TINY)
    monkeypatch.setattr("coroi.lab.page.lab_page", page_of)
    monkeypatch.setattr(replicate, "CHUNK", 2)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OUT}


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("lab") / "once"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "tiny", TINY)
        patch.setattr("coroi.lab.page.lab_page", page_of)
        finished = run_lab(profile="tiny", output=folder, jobs=1)
    assert (finished.replications, finished.failed) == (20, 0)
    return contents(folder)


def test_two_processes_give_the_same_bytes(reference, tmp_path):
    run_lab(profile="tiny", output=tmp_path / "two", jobs=2)
    assert contents(tmp_path / "two") == reference


def test_an_interrupted_run_goes_on_where_it_stopped(reference, tmp_path, monkeypatch):
    folder, drawn = tmp_path / "cut", []
    run_one = replicate._one

    def count(chunk, seed, sizes):
        drawn.append((chunk.scenario, seed))
        return run_one(chunk, seed, sizes)

    def stop(words: str) -> None:
        if ": 6 of" in words:
            raise KeyboardInterrupt

    monkeypatch.setattr(replicate, "_one", count)
    with pytest.raises(KeyboardInterrupt):
        run_lab(profile="tiny", output=folder, jobs=1, progress=stop)
    assert len(drawn) == 6
    assert not (folder / NUMBERS).exists()
    with (folder / "replications" / "retention.null.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"seed": 20006, "fou')  # cut off in the middle of a line
    run_lab(profile="tiny", output=folder, jobs=1)
    assert len(drawn) == len(set(drawn)) == 14
    assert contents(folder) == reference
    run_lab(profile="tiny", output=folder, jobs=1)
    assert len(drawn) == 14


def test_one_experiment_alone_gives_its_rows_and_the_rest_is_added_later(reference, tmp_path):
    folder = tmp_path / "alone"
    run_lab(profile="tiny", output=folder, only="respondents", jobs=1)
    alone = json.loads((folder / NUMBERS).read_text())
    whole = json.loads(reference[NUMBERS])
    assert alone["rows"] == [row for row in whole["rows"] if row["experiment"] == "respondents"] != []
    run_lab(profile="tiny", output=folder, jobs=1)
    assert contents(folder) == reference


def test_more_replications_in_the_folder_do_not_change_a_smaller_profile(reference, tmp_path, monkeypatch):
    larger = replace(TINY, name="larger", replications={"retention": 9, "respondents": 4})
    monkeypatch.setitem(PROFILES, "larger", larger)
    run_lab(profile="larger", output=tmp_path / "more", jobs=1)
    run_lab(profile="tiny", output=tmp_path / "more", jobs=1)
    assert contents(tmp_path / "more") == reference


def test_the_numbers_name_seeds_sizes_and_versions_and_no_clock(reference):
    numbers = json.loads(reference[NUMBERS])
    assert set(numbers) == {"coroi", "versions", "profile", "experiments", "rows", "verdicts"}
    assert {"numpy", "scipy", "statsmodels", "pandas", "python"} <= set(numbers["versions"])
    assert numbers["profile"]["first_seeds"] == {"own": 1, "null": 20_001}
    assert numbers["profile"]["sizes"]["customers"] == 250
    rows = {(r["experiment"], r["estimand"], r["scenario"]): r for r in numbers["rows"]}
    assert len(rows) == len(numbers["rows"]) == 2 * (7 + 4)
    assert {row["replications"] for key, row in rows.items() if key[0] == "retention"} == {7}
    assert rows["retention", "difference", "null"]["zero"] is True
    assert rows["retention", "difference", "own"]["zero"] is False
    refused = rows["retention", "share[answer too old]", "null"]
    assert refused["refused"] == 7
    assert refused["refusals"] == {"fewer than 10 customers in the band": 7}


def test_a_replication_that_raises_counts_as_failed_and_its_seed_stays(tmp_path, monkeypatch):
    honest = EXPERIMENTS["respondents"]

    def fails_thrice(rng):
        if rng.random() < 2:
            raise ZeroDivisionError("of all things")
        return honest.own_fit(rng)

    monkeypatch.setitem(EXPERIMENTS, "respondents", replace(honest, own_fit=fails_thrice))
    finished = run_lab(profile="tiny", output=tmp_path / "bad", only="respondents", jobs=1)
    assert (finished.failed, finished.short) == (12, 4)
    rows = json.loads((tmp_path / "bad" / NUMBERS).read_text())["rows"]
    own = [row for row in rows if row["scenario"] == "own"]
    assert [row["failures"] for row in own] == [{"ZeroDivisionError: of all things": 3}] * 4
    assert [row["bar"] for row in own] == ["short"] * 4
    assert "3 replications failed" in (tmp_path / "bad" / TABLE).read_text()
    lines = (tmp_path / "bad" / "replications" / "respondents.own.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in lines] == [1, 2, 3]


def test_a_company_that_cannot_be_drawn_fails_for_every_experiment(monkeypatch):
    def no(*_: object, **__: object) -> None:
        raise MemoryError("full")

    monkeypatch.setattr(replicate, "draw_company", no)
    chunk = replicate.Chunk(scenario="null", experiments=("retention", "hazard"), seeds=(4,))
    failed = {"seed": 4, "failed": "MemoryError: full"}
    assert replicate.run_chunk(chunk, SIZES) == [("retention", failed), ("hazard", failed)]


def test_nothing_of_the_users_is_overwritten(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(CoroiError, match="holds files that the lab did not write"):
        run_lab(profile="tiny", output=tmp_path, jobs=1)
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "mine"
    with pytest.raises(CoroiError, match="is a file"):
        run_lab(profile="tiny", output=tmp_path / "index.html", jobs=1)


def test_only_one_process_works_in_a_folder(tmp_path):
    Store(tmp_path / "a", run.settings_of(TINY))
    with locked(tmp_path / "a"), pytest.raises(CoroiError, match="is writing this run"):
        run_lab(profile="tiny", output=tmp_path / "a", jobs=1)


def test_replications_of_other_code_or_sizes_are_refused(tmp_path, monkeypatch):
    settings = run.settings_of(TINY)
    Store(tmp_path / "a", settings)
    Store(tmp_path / "a", settings)
    with pytest.raises(CoroiError, match="begun with another sizes,"):
        Store(tmp_path / "a", run.settings_of(replace(TINY, sizes=replace(SIZES, months=25))))
    monkeypatch.setattr(run, "_code_hash", lambda: "another")
    with pytest.raises(CoroiError, match="begun with another code,"):
        Store(tmp_path / "a", run.settings_of(TINY))


def test_what_is_unknown_is_named(tmp_path):
    with pytest.raises(CoroiError, match="Did you mean 'full'"):
        run_lab(profile="ful", output=tmp_path / "a")
    with pytest.raises(CoroiError, match="Did you mean 'hazard'"):
        run_lab(profile="tiny", only="hazzard", output=tmp_path / "a")
    with pytest.raises(CoroiError, match="1 or more"):
        run_lab(profile="tiny", jobs=0, output=tmp_path / "a")
    assert not (tmp_path / "a").exists()
