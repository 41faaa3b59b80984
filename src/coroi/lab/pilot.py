"""Design a pilot: read and prepare a plan, simulate, and put the page and its numbers in their place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

from coroi import storage
from coroi.lab.pilot_answer import Pilot, simulate_pilot
from coroi.lab.pilot_options import PilotOptions, check_options
from coroi.lab.pilot_page import render_shown, shown
from coroi.lab.pilot_result import as_result
from coroi.lab.pilot_words import sentence
from coroi.studies import plan as plans
from coroi.studies import runs
from coroi.studies.anonymous import Anonymiser
from coroi.studies.inputs import Inputs, prepare_plan
from coroi.studies.lock import locked
from coroi.studies.manifest import Parameter, hash_inputs, make_manifest, run_name, to_json
from coroi.studies.registry import STUDIES, notebook_of

NAME = "design"
_PAGE, _RESULT = "index.html", "result.json"


@dataclass(frozen=True, slots=True)
class PilotRun:
    """A pilot's design as it was stored: plan, name, headline, page, and whether it was there already."""

    plan: str
    run: str
    headline: str
    page: Path
    unchanged: bool


def design_pilot(
    plan: Path | str,
    *,
    data: Path | str | None = None,
    options: PilotOptions | None = None,
    output: Path | str = "reports",
    jobs: int = 1,
    again: bool = False,
    progress: Callable[[str], None] | None = None,
) -> PilotRun:
    """Say what a pilot on a plan's customers would detect and cost, and write the page.

    Parameters
    ----------
    plan : pathlib.Path or str
        The plan file.
    data : pathlib.Path or str, optional
        Folder that the tables' paths are relative to; the plan's own by default.
    options : PilotOptions, optional
        What is asked.
    output : pathlib.Path or str
        Folder of the reports; the page goes to ``<plan>/design-<hash>/index.html`` in it.
    jobs : int
        Processes that share the simulations.
    again : bool
        Whether to simulate again what is done with equal data, options and code.
    progress : callable, optional
        Called with a few words on what is being done.

    Raises
    ------
    PlanError, DataError, StudyError
        If the plan, the data or the options cannot be used; with every problem found.
    ReportError
        If a customer's identifier stands in the page or in a file beside it.
    """
    say = progress or (lambda _words: None)
    asked = options or PilotOptions()
    loaded = plans.read_plan(plan, data=data, known_studies={name: notebook_of(name) for name in STUDIES})
    check_options(asked, loaded.plan)
    say("hashing the data")
    hashed = hash_inputs(loaded)
    parameters = parameters_of(asked)
    run = f"{NAME}-{run_name(loaded.plan, hashed, {NAME: parameters}, {})}"
    folder = Path(output).resolve() / loaded.plan.name / run
    if (folder / _PAGE).is_file() and not again:
        return PilotRun(loaded.plan.name, run, _headline(folder), folder / _PAGE, unchanged=True)
    command = command_of(loaded.path.name, parameters, elsewhere=data is not None)
    with _opened(loaded, say) as (inputs, nobody):
        pilot = simulate_pilot(inputs, asked, jobs=jobs, progress=say)
        engine = inputs.connection.version
        meta = make_manifest(
            loaded, run, NAME, inputs=hashed, parameters=parameters, declaration=None, command=command, engine=engine
        ) | {"seed": pilot.options.seed}
        with locked(folder), runs.staged(folder, NAME) as writing:
            _write(pilot, meta, replace(inputs, output=writing), nobody)
            for path in sorted(
                writing.iterdir(), key=lambda p: p.name == _PAGE
            ):  # the page last: it says that all is there
                path.replace(folder / path.name)
    runs.write_indices(folder.parents[1], loaded.plan.name)
    return PilotRun(loaded.plan.name, run, _headline(folder), folder / _PAGE, unchanged=False)


def parameters_of(options: PilotOptions) -> dict[str, Parameter]:
    """Return the options as a manifest keeps them, each beside its default."""
    default = PilotOptions()
    return {f.name: Parameter(getattr(options, f.name), getattr(default, f.name)) for f in fields(options)}


def command_of(plan: str, parameters: dict[str, Parameter], *, elsewhere: bool) -> str:
    """Give the command that makes the page again in the plan's folder."""
    parts = ["coroi", "design", plan, *(["--data", "DIR"] if elsewhere else [])]
    for name, parameter in parameters.items():
        if parameter.changed:
            parts += [f"--{name.replace('_', '-')}", shlex.quote(str(parameter.value))]
    return " ".join(parts)


@contextmanager
def _opened(loaded: plans.LoadedPlan, say: Callable[[str], None]) -> Iterator[tuple[Inputs, Anonymiser]]:
    """Prepare a plan's tables, and what looks up their identifiers; let both go at the end."""
    with storage.scratch_folder(loaded.engine) as scratch:
        prepared = prepare_plan(loaded, scratch, say)
        try:
            inputs = Inputs(
                plan=loaded.plan,
                connection=prepared.connection,
                tables=prepared.tables,
                panel=prepared.panel,
                ledger=prepared.ledger,
                flags=prepared.flags,
                output=None,
            )
            yield inputs, Anonymiser.of(scratch)
        finally:
            prepared.connection.disconnect()


def _write(pilot: Pilot, meta: dict[str, object], inputs: Inputs, nobody: Anonymiser) -> None:
    """Write the numbers, the manifest and the page, through the gates that every study passes."""
    assert inputs.output is not None
    page = shown(pilot)
    inputs.save(as_result(pilot), headline=sentence(pilot))
    (inputs.output / "manifest.json").write_text(to_json(meta), encoding="utf-8")
    nobody.refuse_names(page, inputs.output, part="page, part")
    crumbs = (("Reports", "../../index.html"), (inputs.plan.name, "../index.html"))
    (inputs.output / _PAGE).write_text(render_shown(page, meta, breadcrumbs=crumbs), encoding="utf-8")


def _headline(folder: Path) -> str:
    words = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    return str(words["headline"])
