"""Run a plan's studies: check, prepare, execute, render, and move each study's folder into place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import coroi
from coroi import storage
from coroi.studies import inputs as prepared_inputs
from coroi.studies import plan as plans
from coroi.studies import runs
from coroi.studies.execute import Status
from coroi.studies.jobs import Job, Overrides, choose_jobs
from coroi.studies.lock import locked
from coroi.studies.manifest import hash_inputs, run_name
from coroi.studies.private import check_private, write_private
from coroi.studies.produce import Batch, produce, write_failure
from coroi.studies.registry import STUDIES, notebook_of
from coroi.studies.runs import Entry
from coroi.studies.tidy import without_paths

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudyRun:
    """How one study ended, and where its page is.

    Parameters
    ----------
    study, title : str
        The study.
    status : str
        ``ok``, ``failed``, ``timeout``, ``kernel-died``, ``interrupted`` or ``skipped`` (its tables are missing).
    headline : str
        The answer in one sentence, where the status is ok.
    message : str
        What went wrong or what is missing, where it is not.
    page : pathlib.Path
        The rendered page.
    unchanged : bool
        Whether it was there already: equal data, parameters and code.
    """

    study: str
    title: str
    status: Status
    headline: str
    message: str
    page: Path
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a plan: its name, its folder, its studies, and the page that lists the plan's runs."""

    plan: str
    run: str
    folder: Path
    index: Path
    studies: tuple[StudyRun, ...]

    @property
    def done(self) -> bool:
        """Whether every study is done; one whose tables are missing is."""
        return all(study.status in runs.SETTLED for study in self.studies)


def run_plan(
    plan: Path | str,
    *,
    data: Path | str | None = None,
    only: Iterable[str] | None = None,
    parameters: Overrides | None = None,
    output: Path | str = "reports",
    timeout: float | None = None,
    again: bool = False,
    private: Path | str | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a plan's studies and render their pages.

    Parameters
    ----------
    plan : pathlib.Path or str
        The plan file.
    data : pathlib.Path or str, optional
        Folder that the tables' paths are relative to; the plan's own by default.
    only : iterable of str, optional
        Studies to run; all of the plan's by default.
    parameters : Mapping of str to Mapping, optional
        Parameters by study; they go before the plan's.
    output : pathlib.Path or str
        Folder of the reports.
    timeout : float, optional
        Seconds after which a study is stopped.
    again : bool
        Whether to run studies again that are done with equal data, parameters and code.
    private : pathlib.Path or str, optional
        Folder that takes the customer-level tables; it may not lie among the reports. None are written without it.
    progress : callable, optional
        Called with a few words on what is being done.

    Raises
    ------
    PlanError, DataError
        If the plan or the data cannot be used; with every problem found, before any kernel starts.
    """
    say = progress or (lambda _words: None)
    only = tuple(only or ())
    apart = None if private is None else check_private(private, output)
    loaded = plans.read_plan(plan, data=data, known_studies={name: notebook_of(name) for name in STUDIES})
    jobs = choose_jobs(loaded, only, parameters or {})
    say("hashing the data")
    inputs = hash_inputs(loaded)
    run = run_name(loaded.plan, inputs, {j.study: j.parameters for j in jobs}, {j.study: j.notebook for j in jobs})
    folder = Path(output).resolve() / loaded.plan.name / run
    batch = Batch(loaded, run, folder, inputs, data is not None, timeout, apart)
    chosen = [job for job in jobs if not only or job.study in only]
    with locked(folder):
        studies = _run_jobs(batch, jobs, chosen, again=again, say=say)
    return Run(loaded.plan.name, run, folder, folder.parent / "index.html", studies)


def run_study(
    study: str,
    plan: Path | str,
    *,
    data: Path | str | None = None,
    parameters: Mapping[str, object] | None = None,
    output: Path | str = "reports",
) -> StudyRun:
    """Run one study of a plan and render its page.

    Parameters
    ----------
    study : str
        Name of the study, as ``coroi studies`` lists it or as the plan calls a notebook of its own.
    plan : pathlib.Path or str
        The plan file.
    data : pathlib.Path or str, optional
        Folder that the tables' paths are relative to; the plan's own by default.
    parameters : Mapping, optional
        The study's parameters; they go before the plan's.
    output : pathlib.Path or str
        Folder of the reports.

    Raises
    ------
    PlanError, DataError
        If the plan or the data cannot be used. A study that fails does not raise: see its status.
    """
    run = run_plan(plan, data=data, only=(study,), parameters={study: parameters or {}}, output=output)
    return run.studies[0]


def _run_jobs(
    batch: Batch, jobs: Sequence[Job], chosen: Sequence[Job], *, again: bool, say: Progress
) -> tuple[StudyRun, ...]:
    """Run the chosen studies that are not done yet, keeping the run's record true after each."""
    entries = runs.read_entries(batch.folder)
    ended = {} if again else {j.study: e for j in chosen if (e := entries.get(j.study)) and e.status in runs.SETTLED}
    unchanged = set(ended)
    waiting = [job for job in chosen if job.study not in unchanged]
    if waiting or batch.private:
        started = _now()
        with storage.scratch_folder(batch.loaded.engine) as folder:
            missing, private, engine = _prepare(batch, folder, say)
            batch = replace(batch, engine=engine)
            for job in waiting:
                say(f"running {job.study}")
                entry, kept = _run_job(batch, job, folder, missing.get(job.study, ""), entries.get(job.study))
                ended[job.study], entries[job.study] = entry, kept
                in_order = [entries[j.study] for j in jobs if j.study in entries]
                runs.write_record(batch.folder, _facts(batch, started), in_order)
                if entry.status == "interrupted":
                    runs.write_indices(batch.folder.parents[1], batch.loaded.plan.name)
                    raise KeyboardInterrupt
        if private:
            runs.note_private(batch.folder, private)
    runs.write_indices(batch.folder.parents[1], batch.loaded.plan.name)
    return tuple(_study_run(batch, ended[job.study], job.study in unchanged) for job in chosen)


def _prepare(batch: Batch, folder: Path, say: Progress) -> tuple[dict[str, str], dict[str, int], dict[str, str]]:
    """Write the prepared tables; return what they lack by study, the rows written apart by table, and the engine.

    Their memory is free before a kernel starts.
    """
    prepared = prepared_inputs.prepare_plan(batch.loaded, folder, say)
    try:
        missing = prepared_inputs.study_availability(prepared)
        written: dict[str, int] = {}
        if batch.private:
            say("writing customer-level tables")
            tables = prepared.tables | ({} if prepared.panel is None else {"panel": prepared.panel.data})
            facts = {"plan": batch.loaded.plan.name, "run": batch.run}
            written = write_private(prepared.connection, tables, batch.private, facts)
        return missing, written, prepared.connection.version
    finally:
        prepared.connection.disconnect()


def _run_job(batch: Batch, job: Job, prepared: Path, missing: str, before: Entry | None) -> tuple[Entry, Entry]:
    """Run one study; return how it ended, and what is to be said of the folder that is now in its place."""
    with runs.staged(batch.folder, job.study) as writing:
        try:
            entry = produce(batch, job, writing, prepared=prepared, missing=missing)
        except KeyboardInterrupt:
            entry = write_failure(batch, job, writing, "interrupted", "It was stopped before it ended.")
        except Exception as unforeseen:  # noqa: BLE001  whatever one study does, the others still run
            message = without_paths(f"Its page could not be made: {type(unforeseen).__name__}: {unforeseen}")
            entry = write_failure(batch, job, writing, "failed", message)
        worse = before and (entry.status == "interrupted" or (before.status == "ok" and entry.status != "ok"))
        if before and worse:
            return entry, before
        runs.publish(writing, batch.folder / job.study)
        return entry, entry


def _facts(batch: Batch, started: str) -> dict[str, object]:
    return {
        "plan": batch.loaded.plan.name,
        "run": batch.run,
        "coroi": coroi.__version__,
        "started": started,
        "finished": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _study_run(batch: Batch, entry: Entry, unchanged: bool) -> StudyRun:
    page = batch.folder / entry.href
    return StudyRun(entry.study, entry.title, entry.status, entry.headline, entry.message, page, unchanged)
