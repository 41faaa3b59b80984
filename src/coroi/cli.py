"""The commands: they read arguments, call the package and print what it says. Heavy libraries load when needed."""

from __future__ import annotations

import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coroi import __version__
from coroi.console import STUDY_FAILED, UNUSABLE, needs_words, say, show_check, show_run, working
from coroi.errors import CoroiError

app = typer.Typer(
    help="Does customer obsession pay here, how much, when, and how sure are we? Answers from a company's own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file.", show_default=False)]
DataFolder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of the data, if it is not the plan's own.")
]
ReportsFolder = Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder of the reports.")]
NewFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.", show_default=False)]


class TableFormat(StrEnum):
    """Formats in which a company's tables can be written."""

    CSV = "csv"
    PARQUET = "parquet"


def main() -> None:
    """Run the command line; end with 0 done, 1 a study failed, 2 plan or data unusable, 130 stopped."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    try:
        app(prog_name="coroi")
    except CoroiError as problem:
        say(str(problem), error=True)
        sys.exit(UNUSABLE)
    except OSError as problem:
        say(f"{problem.filename or 'coroi'}: {problem.strerror or problem}.", error=True)
        sys.exit(UNUSABLE)
    except Exception as bug:
        if sys.flags.dev_mode:
            raise
        say(
            f"coroi itself failed: {type(bug).__name__}: {bug}\n"
            "Please report it with the output of `python -X dev -m coroi` and the same arguments.",
            error=True,
        )
        sys.exit(STUDY_FAILED)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.", is_eager=True)] = False,
) -> None:
    if version:
        say(f"coroi {__version__}")
        raise typer.Exit


@app.command()
def demo(output: ReportsFolder = Path("reports")) -> None:
    """Run the studies on a small synthetic company that comes with coroi."""
    from coroi.studies.bundled import sample_folder
    from coroi.studies.runner import run_plan

    with working() as progress:
        finished = run_plan(sample_folder() / "plan.yaml", output=output, progress=progress)
    show_run(finished)


@app.command()
def init(
    folder: NewFolder,
    exports: Annotated[
        Path | None, typer.Option("--from", metavar="EXPORTS", help="Folder of exports to draft the plan from.")
    ] = None,
) -> None:
    """Write a commented plan and table templates; with exports, a plan drafted from looking at them."""
    from coroi.studies.draft import write_project

    for path in write_project(folder, exports):
        say(f"wrote {path}")
    say(f"Read {folder / 'plan.yaml'}, correct it, then: coroi check {folder / 'plan.yaml'}")


@app.command()
def check(plan: PlanFile, data: DataFolder = None) -> None:
    """Say which tables are there, what is wrong with them, and which studies can run."""
    from coroi.studies.check import check_plan

    with working() as progress:
        checked = check_plan(plan, data=data, progress=progress)
    show_check(checked)


@app.command()
def run(
    plan: PlanFile,
    data: DataFolder = None,
    only: Annotated[list[str] | None, typer.Option(metavar="STUDY", help="Run this study; may be repeated.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", metavar="STUDY.NAME=VALUE", help="Set a parameter; may be repeated.")
    ] = None,
    output: ReportsFolder = Path("reports"),
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=1, help="Stop a study that takes longer.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Run even what is done and unchanged.")] = False,
    private: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the customer-level tables there; never among the reports."),
    ] = None,
) -> None:
    """Run a plan's studies and render their pages."""
    from coroi.studies.jobs import parse_overrides
    from coroi.studies.runner import run_plan

    with working() as progress:
        finished = run_plan(
            plan,
            data=data,
            only=only,
            parameters=parse_overrides(parameter or ()),
            output=output,
            timeout=timeout,
            again=again,
            private=private,
            progress=progress,
        )
    show_run(finished)
    if private is not None:
        say(f"Customer-level tables: {private}")


@app.command()
def design(
    plan: PlanFile,
    data: DataFolder = None,
    horizon: Annotated[
        int, typer.Option(metavar="PERIODS", help="Periods until the answer is read.", show_default="the plan's")
    ] = 0,
    metric: Annotated[
        str,
        typer.Option(metavar="NAME", help="Metric whose mean score may move.", show_default="the first with answers"),
    ] = "",
    response_rate: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Customers who answer within the horizon.", show_default="as in the data"),
    ] = None,
    holdout_share: Annotated[float, typer.Option(metavar="SHARE", help="Customers held out by lot.")] = 0.5,
    waves: Annotated[int, typer.Option(metavar="N", help="Waves of the staged roll-out.")] = 4,
    power: Annotated[float, typer.Option(metavar="SHARE", help="Power with which the effect is to be detected.")] = 0.8,
    alpha: Annotated[float, typer.Option(metavar="SHARE", help="Two-sided level of the tests.")] = 0.05,
    cost_per_customer: Annotated[
        float | None, typer.Option(metavar="AMOUNT", help="A customer's treatment per month; else the plan's costs.")
    ] = None,
    fixed_cost: Annotated[float, typer.Option(metavar="AMOUNT", help="What a pilot costs once.")] = 0.0,
    replications: Annotated[int, typer.Option(metavar="N", help="Simulated pilots per design and effect.")] = 2000,
    seed: Annotated[int | None, typer.Option(metavar="S", help="The plan's seed if left out.")] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Processes; the answer does not depend on them.")] = 1,
    output: ReportsFolder = Path("reports"),
    again: Annotated[bool, typer.Option("--again", help="Simulate even what is done and unchanged.")] = False,
) -> None:
    """Say what a pilot with these customers would detect, by simulation from their data, and what it would cost."""
    from coroi.lab.pilot import design_pilot
    from coroi.lab.pilot_options import PilotOptions

    options = PilotOptions(
        horizon=horizon,
        metric=metric,
        response_rate=response_rate,
        holdout_share=holdout_share,
        waves=waves,
        power=power,
        alpha=alpha,
        cost_per_customer=cost_per_customer,
        fixed_cost=fixed_cost,
        replications=replications,
        seed=seed,
    )
    with working() as progress:
        designed = design_pilot(
            plan, data=data, options=options, output=output, jobs=jobs, again=again, progress=progress
        )
    say(designed.headline + (" (unchanged, not simulated again)" if designed.unchanged else ""))
    say(f"Page: {designed.page}")


@app.command()
def studies() -> None:
    """List the studies: what each asks, what it needs, and its parameters."""
    from coroi.studies.jobs import parameters_of
    from coroi.studies.registry import STUDIES, notebook_of

    for study in STUDIES.values():
        say(study.name, style="bold")
        say(f"  {study.question}")
        say(f"  needs: {needs_words(study.need)}")
        for name, parameter in parameters_of(notebook_of(study.name)).items():
            say(f"  -p {study.name}.{name}={parameter.default}  {parameter.sentence}")


@app.command()
def simulate(
    folder: NewFolder,
    customers: Annotated[int, typer.Option(min=1, metavar="N", help="Customers ever.")] = 1500,
    months: Annotated[int, typer.Option(min=2, metavar="M", help="Months observed.")] = 36,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Equal seeds give equal companies.")] = 1,
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="baseline, null, dip, overspend, confounded or small.")
    ] = "baseline",
    format: Annotated[TableFormat, typer.Option(help="Format of the tables.")] = TableFormat.CSV,
    dirty: Annotated[bool, typer.Option("--dirty", help="Put in the dirt of real exports, and record it.")] = False,
) -> None:
    """Write the tables of a synthetic company, a plan that runs them, and the truth in them."""
    from coroi.company import simulate_company, write_company

    with working() as progress:
        progress("simulating")
        company = simulate_company(customers=customers, months=months, seed=seed, scenario=scenario)
        written = write_company(company, folder, format=format.value, dirty=dirty)
    for path in written:
        say(f"wrote {path}")
    say(f"Now: coroi run {folder / 'plan.yaml'}")


@app.command()
def lab(
    profile: Annotated[str, typer.Option(metavar="NAME", help="How much is run: fast, trial or full.")] = "full",
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the lab; it goes on where it stopped.")] = Path(
        "lab"
    ),
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one for each core by default.")
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Run this experiment alone.")] = None,
    cleaning: Annotated[
        int, typer.Option(min=0, metavar="N", help="Try the cleaning on N dirty companies instead.")
    ] = 0,
) -> None:
    """Run each estimator on many simulated companies and say how well it does."""
    if cleaning:
        _try_cleaning(cleaning, output, jobs)
        return
    from coroi.lab.run import run_lab

    stopped = "Stopped. What is done is kept; the same command goes on from there."
    with working(stopped) as progress:
        finished = run_lab(profile=profile, output=output, jobs=jobs, only=only, progress=progress)
    for path in (finished.numbers, finished.table):
        say(f"wrote {path}")
    say(f"{finished.short:,} rows fall short of the bar, {finished.failed:,} replications failed.")
    say(f"Report: {finished.page}")


def _try_cleaning(companies: int, output: Path, jobs: int | None) -> None:
    from coroi.lab.cleaning import write_scores

    with working() as progress:
        table, written = write_scores(companies, output, jobs=jobs, progress=progress)
    say(table.to_string(index=False))
    for path in written:
        say(f"wrote {path}")


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
