"""Run the lab: replicate what is missing, sum up, and write the page, the numbers and the table."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import coroi
from coroi.errors import CoroiError, Problem
from coroi.lab.bar import reason_for, standing
from coroi.lab.experiments import EXPERIMENTS
from coroi.lab.profiles import Profile, choose_profile, first_seed
from coroi.lab.replicate import chunks_left, run_chunk, run_parallel
from coroi.lab.store import Store, replace_text
from coroi.lab.summary import Row, summarise, summarise_verdicts
from coroi.lab.truths import truths_of
from coroi.studies.lock import locked
from coroi.studies.manifest import to_json, versions

PAGE, NUMBERS, TABLE = "index.html", "validity.json", "validity.md"
_ROOMS = ("claims", "company", "inference", "metrics", "models", "prepare", "results.py", "schemas", "sources.py")
_VALUED = ("programme/parts.py", "roi/parts.py", "roi/question.py", "roi/valued.py")
_STUDIES = ("roi", "studies/firms", "studies/retention", *(f"studies/{name}" for name in _VALUED))
_OURS = ("company_data.py", "experiments", "months.py", "replicate.py", "truths.py")
COMPUTES = (*_ROOMS, *(f"lab/{name}" for name in _OURS), "report/words.py", *_STUDIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a run of the lab left behind.

    Parameters
    ----------
    page, numbers, table : Path
        The page, the JSON and the Markdown with the table.
    replications, failed, short : int
        Replications in the summary, those that failed, and rows that fall short of the bar.
    """

    page: Path
    numbers: Path
    table: Path
    replications: int
    failed: int
    short: int


def run_lab(
    *,
    profile: str = "full",
    output: Path,
    jobs: int | None = None,
    only: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Run every estimator on many simulated companies and say how well it does.

    Parameters
    ----------
    profile : str
        A key of ``PROFILES``: how many replications, of what size.
    output : Path
        Folder of the lab; a later call goes on where an earlier one stopped.
    jobs : int, optional
        Processes; one for each core by default. The results do not depend on them.
    only : str, optional
        Run this experiment alone.
    progress : callable
        Told what is being done.

    Raises
    ------
    CoroiError
        If profile, experiment or jobs are not known, the folder belongs to something else, or another process works
        in it.
    """
    chosen = choose_profile(profile, only)
    cores = _cores(jobs)
    store = Store(output, settings_of(chosen))
    with locked(output):
        _compute_truths(chosen, store, cores, progress)
        _replicate(chosen, store, cores, progress)
        progress("summing up")
        summary = sum_up(chosen, store)
        _write(output, summary, _command(profile, only))
    return _finished(output, summary)


def _cores(jobs: int | None) -> int:
    if jobs is not None and jobs < 1:
        raise CoroiError(Problem("lab", f"--jobs is {jobs}.", "Give 1 or more."))
    return jobs or os.cpu_count() or 1


def _finished(output: Path, summary: dict[str, Any]) -> Finished:
    rows = (*summary["rows"], *summary["verdicts"])
    return Finished(
        page=output / PAGE,
        numbers=output / NUMBERS,
        table=output / TABLE,
        replications=sum({(row["experiment"], row["scenario"]): row["replications"] for row in rows}.values()),
        failed=sum(row["failed"] for row in rows),
        short=sum(row["bar"] == "short" for row in summary["rows"]),
    )


def _write(output: Path, summary: dict[str, Any], command: str) -> None:
    from coroi.lab.page import lab_page
    from coroi.lab.validity import validity_words

    replace_text(output / NUMBERS, to_json(summary))
    replace_text(output / TABLE, validity_words(summary))
    replace_text(output / PAGE, lab_page(summary, command=command))


def settings_of(profile: Profile) -> dict[str, Any]:
    """Return what replications rest on: sizes, code and versions; not how many there are."""
    return {"sizes": asdict(profile.sizes), "code": _code_hash(), "coroi": coroi.__version__, "versions": versions()}


def sum_up(profile: Profile, store: Store) -> dict[str, Any]:
    """Sum up the replications of a profile; the same ones give the same summary, whatever else is in the folder."""
    rows: list[Row] = []
    verdicts: list[Row] = []
    for name in profile.replications:
        for scenario in profile.scenarios_of(EXPERIMENTS[name]):
            told = _rows(profile, store, name, scenario)
            (verdicts if name == "verdicts" else rows).extend(told)
    return {
        "coroi": coroi.__version__,
        "versions": versions(),
        "profile": {
            "name": profile.name,
            "sizes": asdict(profile.sizes),
            "first_seeds": {scenario: first_seed(scenario) for scenario in _tried(profile)},
            "replications": dict(profile.replications),
        },
        "experiments": {
            name: {
                "method": EXPERIMENTS[name].method,
                "estimands": {e.name: {"words": e.words, "level": e.level} for e in EXPERIMENTS[name].estimands},
            }
            for name in profile.replications
        },
        "rows": rows,
        "verdicts": verdicts,
    }


def _tried(profile: Profile) -> list[str]:
    """Return the scenarios tried, in the order of their seeds."""
    found = {scenario for name in profile.replications for scenario in profile.scenarios_of(EXPERIMENTS[name])}
    return sorted(found, key=first_seed)


def _rows(profile: Profile, store: Store, name: str, scenario: str) -> Iterator[Row]:
    done, truth = store.records(name, scenario), store.truth(name, scenario) or {}
    records = [done[seed] for seed in profile.seeds(name, scenario)]
    for estimand in EXPERIMENTS[name].estimands:
        row: Row = {"experiment": name, "estimand": estimand.name, "scenario": scenario}
        if name == "verdicts":
            yield row | summarise_verdicts(estimand, records)
            continue
        row |= {"headline": estimand.headline, "zero": scenario in estimand.zero_in}
        row |= summarise(estimand, records, truth.get(estimand.name))
        row |= {} if estimand.at_most is None else {"at_most": estimand.at_most}
        row["bar"] = standing(row)
        row["reason"] = reason_for(name, estimand.name, scenario) if row["bar"] == "short" else ""
        yield row


def _compute_truths(profile: Profile, store: Store, jobs: int, progress: Callable[[str], None]) -> None:
    wanted: dict[str, list[str]] = {}
    for name in profile.replications:
        for scenario in profile.scenarios_of(EXPERIMENTS[name]):
            if store.truth(name, scenario) is None:
                wanted.setdefault(scenario, []).append(name)
    progress(f"computing what is true in {len(wanted)} scenarios")
    from joblib import delayed

    def of(scenario: str, names: list[str]) -> Any:
        return delayed(_truths)(scenario, names, profile)

    for scenario, found in run_parallel([of(*each) for each in wanted.items()], jobs):
        progress(f"computed what is true in {scenario}")
        for name, truth in found.items():
            store.keep_truth(name, scenario, truth)


def _truths(scenario: str, names: list[str], profile: Profile) -> tuple[str, Any]:
    return scenario, truths_of(scenario, names, profile.sizes)


def _replicate(profile: Profile, store: Store, jobs: int, progress: Callable[[str], None]) -> None:
    from joblib import delayed

    chunks = chunks_left(profile, store)
    left = sum(len(chunk.seeds) for chunk in chunks)
    total, work = left, [delayed(_chunk)(chunk, profile) for chunk in chunks]
    progress(f"replicating: {total:,} to go")
    for chunk, records in run_parallel(work, jobs):
        for name in chunk.experiments:
            store.append(name, chunk.scenario, [record for theirs, record in records if theirs == name])
        left -= len(chunk.seeds)
        progress(f"replicating: {total - left:,} of {total:,} done, the last of them in {chunk.scenario}")


def _chunk(chunk: Any, profile: Profile) -> tuple[Any, Any]:
    return chunk, run_chunk(chunk, profile.sizes)


def _command(profile: str, only: str | None) -> str:
    return f"coroi lab --profile {profile}" + (f" --only {only}" if only else "")


def _code_hash() -> str:
    """Hash the code that replications are computed by."""
    root = Path(coroi.__file__).parent
    paths = [root / name for name in COMPUTES]
    files = sorted(p for path in paths for p in (path.rglob("*.py") if path.is_dir() else [path]))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
