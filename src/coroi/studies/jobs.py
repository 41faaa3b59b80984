"""Choose the studies of a run, and check their parameters before any kernel starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from coroi.errors import PlanError, Problem, did_you_mean, raise_together
from coroi.studies import parameters as declared
from coroi.studies.manifest import Parameter
from coroi.studies.plan import LoadedPlan
from coroi.studies.registry import STUDIES, notebook_of

Overrides = Mapping[str, Mapping[str, object]]
BY_HAND = "plan"  # tells a notebook that is run by hand where its tables are; a run knows


@dataclass(frozen=True, slots=True)
class Job:
    """One study that a plan asks for: its notebook and the parameters to run it with."""

    study: str
    title: str
    question: str
    notebook: Path
    parameters: Mapping[str, Parameter]

    @property
    def values(self) -> dict[str, object]:
        """The parameters' values."""
        return {name: parameter.value for name, parameter in self.parameters.items()}


def parameters_of(notebook: Path) -> dict[str, declared.Parameter]:
    """Return the parameters of a notebook that a run may set."""
    return {name: p for name, p in declared.read_parameters(notebook).items() if name != BY_HAND}


def parse_overrides(assignments: Iterable[str]) -> dict[str, dict[str, object]]:
    """Read ``study.name=value`` texts into parameters by study.

    Raises
    ------
    PlanError
        With every text that is not of that form.
    """
    overrides: dict[str, dict[str, object]] = {}
    problems: list[Problem] = []
    for text in assignments:
        try:
            study, name, value = declared.parse_assignment(text)
        except PlanError as error:
            problems += error.problems
        else:
            overrides.setdefault(study, {})[name] = value
    raise_together(problems, PlanError)
    return overrides


def choose_jobs(loaded: LoadedPlan, only: Iterable[str], overrides: Overrides) -> tuple[Job, ...]:
    """List the plan's studies (all known ones, where it names none) and those of `only`, parameters checked.

    Parameters
    ----------
    loaded : LoadedPlan
        The plan.
    only : iterable of str
        Studies that were asked for by name; one that the plan does not name joins with its default parameters.
    overrides : Mapping of str to Mapping
        Parameters by study that go before the plan's.

    Raises
    ------
    PlanError
        With every unknown study and every parameter that cannot be used.
    """
    wanted = list(loaded.plan.studies or STUDIES)
    wanted += [study for study in dict.fromkeys(only) if study not in wanted]
    known = [study for study in wanted if study in STUDIES or loaded.own_notebook(study)]
    problems = [
        Problem(f"study '{study}'", "there is no such study.", did_you_mean(study, {*known, *STUDIES}))
        for study in wanted
        if study not in known
    ]
    problems += [
        Problem(f"parameters of '{study}'", "this run has no such study.", did_you_mean(study, known))
        for study in overrides
        if study not in wanted
    ]
    made = [_make_job(loaded, study, overrides.get(study, {})) for study in known]
    problems += [problem for _, found in made for problem in found]
    raise_together(problems, PlanError)
    return tuple(job for job, _ in made if job is not None)


def _make_job(loaded: LoadedPlan, study: str, overrides: Mapping[str, object]) -> tuple[Job | None, list[Problem]]:
    own = loaded.own_notebook(study)
    notebook = own or notebook_of(study)
    given = {**loaded.study_parameters(study), **overrides}
    if BY_HAND in given:
        return None, [Problem(f"-p {study}.{BY_HAND}", "a run reads the plan that it was given.", "Leave it out.")]
    values, problems = declared.check_parameters(notebook, given, f"-p {study}", metrics=loaded.plan.metrics)
    if problems:
        return None, problems
    parameters = {
        name: Parameter(values[name], parameter.default) for name, parameter in parameters_of(notebook).items()
    }
    if own:
        return Job(study, _heading(own, study), "", own, parameters), []
    return Job(study, STUDIES[study].title, STUDIES[study].question, notebook, parameters), []


def _heading(notebook: Path, otherwise: str) -> str:
    try:
        cells = nbformat.read(notebook, as_version=4).cells
        lines = [line for cell in cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    except Exception as error:  # a damaged notebook makes its reader stumble anywhere
        problem = Problem(notebook.name, "the file is not a notebook of format 4.", "Save it again as .ipynb.")
        raise PlanError(problem) from error
    return next((line[2:].strip() for line in lines if line.startswith("# ")), otherwise)
