"""Look at a plan and its data without running anything: what came in, what is wrong, which studies can run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coroi import storage
from coroi.errors import Problem
from coroi.studies import inputs as prepared_inputs
from coroi.studies import plan as plans
from coroi.studies.jobs import choose_jobs
from coroi.studies.registry import STUDIES, notebook_of


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What a look at the data found.

    Parameters
    ----------
    plan : str
        Name of the plan.
    ledger : pandas.DataFrame
        Every row that came in and where it went: ``table, step, rule, rows, examples, sentence``.
    problems : tuple of Problem
        What keeps a table from being used.
    studies : dict of str to str
        What the data lack for each study; empty where it can run.
    """

    plan: str
    ledger: pd.DataFrame
    problems: tuple[Problem, ...]
    studies: dict[str, str]


def check_plan(
    plan: Path | str, *, data: Path | str | None = None, progress: Callable[[str], None] | None = None
) -> Checked:
    """Read a plan, clean its tables, and say which studies they can bear.

    Parameters
    ----------
    plan : pathlib.Path or str
        The plan file.
    data : pathlib.Path or str, optional
        Folder that the tables' paths are relative to; the plan's own by default.
    progress : callable, optional
        Called with a few words on what is being done.

    Raises
    ------
    PlanError
        If the plan cannot be used; with every problem found. Problems of the data are returned.
    """
    loaded = plans.read_plan(plan, data=data, known_studies={name: notebook_of(name) for name in STUDIES})
    asked_for = [job.study for job in choose_jobs(loaded, (), {})]
    with storage.scratch_folder(loaded.engine) as folder:
        prepared = prepared_inputs.prepare_plan(loaded, folder, progress, strict=False)
        missing = prepared_inputs.study_availability(prepared)
        prepared.connection.disconnect()
    studies = {study: missing.get(study, "") for study in dict.fromkeys([*asked_for, *STUDIES])}
    return Checked(loaded.plan.name, prepared.ledger, tuple(prepared.problems), studies)
