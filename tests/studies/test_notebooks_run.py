"""The studies' notebooks, run by hand on the sample: they show the sentence that the functions give."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coroi.studies import firms, pilot, profit, programme, readiness, retention, roi
from coroi.studies.inputs import OUTPUT, PREPARED, Inputs
from coroi.studies.registry import STUDIES, notebook_of


def retention_sentence(inputs: Inputs) -> str:
    question = retention.ask(inputs)
    result = retention.fit(question)
    return retention.answer(question, result, retention.verdict(question, result)).sentence


def readiness_sentence(inputs: Inputs) -> str:
    return readiness.answer(readiness.look(inputs), inputs).sentence


def firms_sentence(inputs: Inputs) -> str:
    question = firms.ask(inputs)
    found = firms.fit(question)
    return firms.answer(question, found, firms.verdicts(question, found)).sentence


def profit_sentence(inputs: Inputs) -> str:
    question = profit.ask(inputs)
    parts = profit.fit_parts(question)
    result = profit.answer_of(question, parts)
    return profit.answer(question, result, profit.verdicts(question, parts, result)[0]).sentence


def programme_sentence(inputs: Inputs) -> str:
    question = programme.ask(inputs)
    parts = programme.fit_parts(question)
    guards = programme.run_guards(question, parts)
    result = programme.answer_of(question, parts, guards)
    return programme.answer(question, result, guards, programme.verdicts(question, parts, guards)).sentence


def pilot_sentence(inputs: Inputs) -> str:
    question = pilot.ask(inputs)
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    result = pilot.answer_of(question, parts, guards)
    return pilot.answer(question, result, guards, pilot.verdicts(question, parts, guards)).sentence


def roi_sentence(inputs: Inputs) -> str:
    question = roi.ask(inputs)
    parts = roi.fit_parts(question)
    valued = roi.value(question, parts, seed=inputs.plan.seed)
    guards = roi.run_guards(question, parts, roi.keep_books(question, parts))
    return roi.answer(question, parts, guards, valued, roi.verdicts(question, parts, guards, valued)).sentence


SENTENCES = {
    "readiness": readiness_sentence,
    "retention": retention_sentence,
    "profit": profit_sentence,
    "firms": firms_sentence,
    "programme": programme_sentence,
    "pilot": pilot_sentence,
    "roi": roi_sentence,
}
FIGURES = {"readiness": 1, "retention": 3, "profit": 2, "firms": 1, "programme": 2, "pilot": 2, "roi": 3}


def test_every_study_is_run():
    assert set(SENTENCES) == set(FIGURES) == set(STUDIES)


@pytest.fixture(scope="module")
def sample(open_sample) -> Inputs:
    return open_sample()


@pytest.mark.parametrize("study", [s for s in SENTENCES if s != "retention"])
def test_it_shows_the_answer_of_tables_prepared_beforehand(study, sample, ready_sample, tmp_path, monkeypatch):
    monkeypatch.setenv(PREPARED, str(ready_sample))
    look_at(study, sample, tmp_path, monkeypatch)


@pytest.mark.parametrize("study", [pytest.param(s, marks=[pytest.mark.slow] * (s != "retention")) for s in SENTENCES])
def test_it_prepares_by_hand_and_shows_the_answer(study, sample, tmp_path, monkeypatch):
    monkeypatch.delenv(PREPARED, raising=False)
    look_at(study, sample, tmp_path, monkeypatch)


def look_at(study: str, sample: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OUTPUT, raising=False)
    node = nbformat.read(notebook_of(study), as_version=4)
    NotebookClient(node, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [o for cell in node.cells if cell.cell_type == "code" for o in cell.outputs]
    shown = [o.data["text/plain"] for o in outputs if "data" in o]
    assert any(text.startswith(SENTENCES[study](sample)) for text in shown)
    assert sum("image/png" in o.get("data", {}) for o in outputs) == FIGURES[study]
    assert [o for o in outputs if o.output_type in ("error", "stream")] == []
    assert [o for o in outputs if "image/png" in o.get("data", {}) and not o.metadata["image/png"]["alt"]] == []
    assert list(tmp_path.iterdir()) == []
