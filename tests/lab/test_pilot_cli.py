"""`coroi design`: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest
from pilot_company import PLAN, contracts, steady_pilot, write_company

from coroi import cli, console
from coroi.lab import pilot as lab
from coroi.lab.pilot_designs import DESIGNS, HOLD_OUT, STAGED
from coroi.lab.pilot_options import PilotOptions
from coroi.storage import read_result


@pytest.fixture
def coroi(monkeypatch, capsys):
    """Call the command line in this process; return its exit code, what it printed, and what it complained of."""

    def call(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["coroi", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return call


@pytest.fixture
def company(tmp_path):
    return write_company(tmp_path, contracts(8, lost=0.1), **PLAN)


@pytest.fixture
def simulated(monkeypatch):
    """Replace the simulation, which has tests of its own; count what is asked of it."""
    calls = []

    def simulate(inputs, options, *, jobs, progress):
        calls.append((inputs.plan.name, options, jobs))
        return steady_pilot()

    monkeypatch.setattr(lab, "simulate_pilot", simulate)
    monkeypatch.setattr(lab, "render_shown", lambda page, meta, *, breadcrumbs: f"{meta['run']} {breadcrumbs}")
    return calls


def test_it_says_the_sentence_and_writes_the_page_once(coroi, company, simulated, tmp_path):
    output = tmp_path / "out"
    code, out, err = coroi("design", company, "--output", output, "--waves", 3, "--cost-per-customer", 2.5, "--jobs", 2)
    assert (code, err) == (0, "")
    said, page = out.splitlines()
    assert said.startswith("With 300 customers and 6 months, a hold-out would detect a rise in retention of ")
    path = Path(page.removeprefix("Page: "))
    assert path.name == "index.html"
    assert path.parent.name.startswith("design-")
    assert path.parents[1] == output / "small"
    assert simulated == [("small", PilotOptions(waves=3, cost_per_customer=2.5), 2)]
    before = path.read_bytes()
    code, out, _ = coroi("design", company, "--output", output, "--waves", 3, "--cost-per-customer", 2.5)
    assert (code, len(simulated)) == (0, 1)
    assert "(unchanged, not simulated again)" in out
    assert coroi("design", company, "--output", output)[0] == 0
    assert len(list((output / "small").glob("design-*"))) == 2
    assert path.read_bytes() == before


def test_the_folder_holds_numbers_and_a_manifest_without_a_clock(coroi, company, simulated, tmp_path):
    coroi("design", company, "--output", tmp_path / "out", "--power", 0.9)
    (folder,) = (tmp_path / "out" / "small").glob("design-*")
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["study"] == "design"
    assert manifest["run"] == folder.name
    assert manifest["parameters"]["power"] == {"value": 0.9, "default": 0.8, "changed": True}
    assert manifest["command"] == "coroi design plan.yaml --power 0.9"
    assert {entry["table"] for entry in manifest["inputs"]} == {"customers", "subscriptions", "responses"}
    result = read_result(folder)
    assert result.method == "pilot_design"
    assert set(result.tables["costs"]["design"]) == set(DESIGNS)
    words = json.loads((folder / "result.json").read_text())
    assert words["headline"].startswith("With 300 customers")
    assert (folder / "index.html").read_text().startswith(f"{folder.name} (('Reports', '../../index.html'), ('small'")
    written = {p.name: p.read_bytes() for p in folder.iterdir()}
    coroi("design", company, "--output", tmp_path / "out", "--power", 0.9, "--again")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == written


def test_a_failed_simulation_leaves_no_page(coroi, company, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(console.logging, "disable", lambda: None)
    monkeypatch.setattr(lab, "simulate_pilot", fail)
    assert coroi("design", company, "--output", tmp_path / "out")[0] == 130
    assert not list((tmp_path / "out").rglob("index.html"))


def test_options_that_cannot_be_used_are_told_together_before_anything_is_read(coroi, company, simulated):
    code, out, err = coroi("design", company, "--waves", 40, "--power", 1.5, "--metric", "npz", "--replications", 3)
    assert (code, out, simulated) == (2, "", [])
    assert [line.split(":")[0] for line in err.splitlines()] == ["--metric", "--power", "--waves", "--replications"]
    assert "Did you mean 'nps'?" in err


def test_a_company_of_eight_is_answered_in_words_or_refused(coroi, company, tmp_path):
    code, out, err = coroi("design", company, "--output", tmp_path / "out", "--replications", 100)
    assert (code, out) == (2, "")
    assert "8" not in err.replace("--", "")
    text = company.read_text(encoding="utf-8")
    company.write_text(text + "privacy: {smallest_cell: 1}\n", encoding="utf-8")
    code, out, err = coroi("design", company, "--output", tmp_path / "out", "--replications", 100)
    assert (code, err) == (0, "")
    assert "would detect no effect up to" in out
    page = Path(out.splitlines()[-1].removeprefix("Page: "))
    assert "would detect no effect up to" in page.read_text()
    code, out, err = coroi("design", company, "--output", tmp_path / "out", "--horizon", 40, "--replications", 100)
    assert (code, out) == (2, "")
    assert err.startswith("--horizon: the data show 28 months whose outcome is known, fewer than 40.")


def test_it_is_listed_with_its_options(coroi):
    code, out, _ = coroi("design", "--help")
    assert code == 0
    assert "--holdout-share" in out


@pytest.mark.slow
def test_the_sample_is_answered_with_false_alarms_at_the_level(coroi, tmp_path):
    from coroi.studies.bundled import sample_folder

    code, out, _ = coroi("design", sample_folder() / "plan.yaml", "--output", tmp_path, "--replications", 4000)
    assert code == 0
    assert "a before–after cannot tell" in out
    (folder,) = (tmp_path / "sample").glob("design-*")
    rows: pd.DataFrame = read_result(folder).estimates
    alarms = rows[(rows["term"] == "false_alarms") & rows["design"].isin([HOLD_OUT, STAGED])]
    assert len(alarms) == 6
    assert alarms["estimate"].to_numpy() == pytest.approx(0.05, abs=0.0125)
