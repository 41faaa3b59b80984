"""Produce one study's folder: execute its notebook, tidy it, render the page, write the manifest."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from coroi.errors import ReportError
from coroi.report.page import render_failure, render_page
from coroi.studies.anonymous import Anonymiser
from coroi.studies.execute import Status, execute_notebook
from coroi.studies.forecast_audit import kept_of
from coroi.studies.inputs import OUTPUT, PREPARED, REPORTS
from coroi.studies.jobs import Job
from coroi.studies.manifest import Input, make_manifest, to_json
from coroi.studies.plan import LoadedPlan
from coroi.studies.runs import Entry
from coroi.studies.tidy import tidy_notebook

RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """What all studies of a run share: the plan, the run's name and folder, the data's hashes, the time limit."""

    loaded: LoadedPlan
    run: str
    folder: Path
    inputs: tuple[Input, ...]
    elsewhere: bool  # whether the data's folder was given beside the plan
    timeout: float | None
    private: Path | None = None  # folder for customer-level tables
    engine: Mapping[str, str] = field(default_factory=dict)  # its name and version, once it is known


def produce(batch: Batch, job: Job, writing: Path, *, prepared: Path, missing: str) -> Entry:
    """Write a study's folder and say how the study ended.

    Parameters
    ----------
    batch : Batch
        The run.
    job : Job
        The study.
    writing : pathlib.Path
        Empty folder to write.
    prepared : pathlib.Path
        Folder of the prepared tables.
    missing : str
        What the data lack for this study; empty where it can run.
    """
    if missing:
        return write_failure(batch, job, writing, "skipped", f"The data lack {missing}.")
    nobody = Anonymiser.of(prepared)
    status, message, notebook = _execute(batch, job, writing, prepared, nobody)
    if status == "ok" and notebook is not None:
        try:
            nobody.refuse_names(notebook, writing)
            return _write_answer(batch, job, writing, notebook)
        except ReportError as refused:
            status, message = "failed", nobody.masked(str(refused))
    kept = None if notebook is None else nobody.without_names(notebook)
    return write_failure(batch, job, writing, status, message, kept)


def write_failure(
    batch: Batch, job: Job, writing: Path, status: Status, message: str, notebook: nbformat.NotebookNode | None = None
) -> Entry:
    """Write the folder of a study that gave no answer; results that it left half-way are removed."""
    for left in writing.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    meta = _write_manifest(batch, job, writing, {})
    if notebook is not None:
        nbformat.write(notebook, writing / "notebook.ipynb")
    page = render_failure(job.title, status, message, meta, breadcrumbs=_breadcrumbs(batch))
    (writing / "index.html").write_text(page, encoding="utf-8")
    return Entry(study=job.study, title=job.title, status=status, message=message)


def _execute(
    batch: Batch, job: Job, writing: Path, prepared: Path, nobody: Anonymiser
) -> tuple[Status, str, nbformat.NotebookNode | None]:
    with tempfile.TemporaryDirectory(prefix="coroi-") as scratch:
        ended = execute_notebook(
            job.notebook,
            job.values,
            scratch=Path(scratch),
            environment={PREPARED: str(prepared), OUTPUT: str(writing), REPORTS: str(batch.folder.parent)},
            timeout=batch.timeout,
        )
        folders = (Path(scratch), writing, prepared, batch.loaded.base, batch.folder.parents[1])
        notebook = None if ended.notebook is None else nobody.clean(tidy_notebook(ended.notebook, folders))
    return ended.status, nobody.masked(ended.message), notebook


def _write_answer(batch: Batch, job: Job, writing: Path, notebook: nbformat.NotebookNode) -> Entry:
    result = _read_result(writing)
    meta = _write_manifest(batch, job, writing, result)
    nbformat.write(notebook, writing / "notebook.ipynb")
    page = render_page(
        notebook,
        title=job.title,
        subtitle=job.question,
        meta=meta,
        breadcrumbs=_breadcrumbs(batch),
    )
    (writing / "index.html").write_text(page, encoding="utf-8")
    return Entry(study=job.study, title=job.title, status="ok", headline=str(result.get("headline") or ""))


def _breadcrumbs(batch: Batch) -> tuple[tuple[str, str], ...]:
    return ("Reports", "../../../index.html"), (batch.loaded.plan.name, "../../index.html")


def _read_result(writing: Path) -> Mapping[str, object]:
    path = writing / RESULT
    try:
        result = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ReportError(f"{RESULT} that the notebook wrote is no JSON: {error}.") from error
    return result if isinstance(result, dict) else {}


def _said(result: Mapping[str, object], name: str) -> object:
    """Return what a study's result says in its specification; nothing where it says nothing."""
    spec = result.get("spec")
    return spec.get(name) if isinstance(spec, dict) else None


def _write_manifest(batch: Batch, job: Job, writing: Path, result: Mapping[str, object]) -> dict[str, object]:
    manifest = make_manifest(
        batch.loaded,
        batch.run,
        job.study,
        inputs=batch.inputs,
        parameters=job.parameters,
        declaration=_said(result, "declared"),
        command=_command(batch, job),
        engine=batch.engine,
        computed=_said(result, "computed"),
        forecasts=kept_of(writing),
    )
    (writing / "manifest.json").write_text(to_json(manifest), encoding="utf-8")
    return manifest


def _command(batch: Batch, job: Job) -> str:
    """Give the command that runs the study again in the plan's folder."""
    given = batch.loaded.study_parameters(job.study)
    parts = [
        "coroi",
        "run",
        batch.loaded.path.name,
        *(["--data", "DIR"] if batch.elsewhere else []),
        "--only",
        job.study,
    ]
    for name, parameter in job.parameters.items():
        if parameter.value != given.get(name, parameter.default):
            parts += ["-p", shlex.quote(f"{job.study}.{name}={parameter.value}")]
    return " ".join(parts)
