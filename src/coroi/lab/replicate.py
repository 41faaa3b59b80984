"""One replication after the other, on several cores: what is drawn by a seed, fitted, and written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

import numpy as np

from coroi.company.history import draw_history
from coroi.company.scenario import SCENARIOS, World
from coroi.lab.experiments import EXPERIMENTS, OWN, Experiment, Findings, Found
from coroi.lab.months import Months, months_of
from coroi.lab.profiles import Profile, Sizes
from coroi.lab.store import Record, Store

CHUNK = 20
DIGITS = 10  # beyond them the order of sums may show


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Replications done in one go.

    Parameters
    ----------
    scenario : str
        Where.
    experiments : tuple of str
        What is fitted to each draw.
    seeds : tuple of int
        One a replication.
    """

    scenario: str
    experiments: tuple[str, ...]
    seeds: tuple[int, ...]


def chunks_left(profile: Profile, store: Store) -> list[Chunk]:
    """Return what is still to be done, scenario by scenario, a company being drawn once for all experiments."""
    missing: dict[tuple[str, int], list[str]] = {}
    for name in profile.replications:
        for scenario in profile.scenarios_of(EXPERIMENTS[name]):
            done = store.records(name, scenario)
            for seed in profile.seeds(name, scenario):
                if seed not in done:
                    missing.setdefault((scenario, seed), []).append(name)
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for (scenario, seed), names in missing.items():
        alike.setdefault((scenario, tuple(names)), []).append(seed)
    return [
        Chunk(scenario=scenario, experiments=names, seeds=tuple(seeds[i : i + CHUNK]))
        for (scenario, names), seeds in sorted(alike.items())
        for i in range(0, len(seeds), CHUNK)
    ]


def run_chunk(chunk: Chunk, sizes: Sizes) -> list[tuple[str, Record]]:
    """Run replications and return the record of each, with the name of its experiment.

    Notes
    -----
    A replication that raises is recorded as failed, with the error; it is never dropped or drawn again.
    """
    return [(experiment, record) for seed in chunk.seeds for experiment, record in _one(chunk, seed, sizes)]


def draw_company(scenario: str, seed: int, *, customers: int, months: int) -> Months:
    """Draw a company of a scenario and lay it out by customer and month."""
    world = World(scenario=SCENARIOS[scenario])
    return months_of(draw_history(customers=customers, months=months, seed=seed, world=world))


def own_stream(experiment: str, seed: int) -> np.random.Generator:
    """Return the chance of a replication in an experiment's own world."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(experiment.encode()),)))


def found_of(record: Mapping[str, Any]) -> dict[str, Found]:
    """Read what a record holds; nothing for a failed replication."""
    return {name: Found(**values) for name, values in record.get("found", {}).items()}


def _one(chunk: Chunk, seed: int, sizes: Sizes) -> Iterator[tuple[str, Record]]:
    try:
        company = None
        if chunk.scenario != OWN:
            company = draw_company(chunk.scenario, seed, customers=sizes.customers, months=sizes.months)
    except Exception as error:  # noqa: BLE001 (a failure is a finding)
        yield from ((name, _failed(seed, error)) for name in chunk.experiments)
        return
    for name in chunk.experiments:
        try:
            yield name, _record(seed, _fit(EXPERIMENTS[name], company, seed))
        except Exception as error:  # noqa: BLE001 (a failure is a finding)
            yield name, _failed(seed, error)


def _fit(experiment: Experiment, company: Months | None, seed: int) -> Findings:
    if company is not None:
        return experiment.fit(company)
    assert experiment.own_fit is not None
    return experiment.own_fit(own_stream(experiment.name, seed))


def _record(seed: int, found: Findings) -> Record:
    return {"seed": seed, "found": {name: _values(each) for name, each in found.items()}}


def _failed(seed: int, error: Exception) -> Record:
    return {"seed": seed, "failed": f"{type(error).__name__}: {error}"}


def _values(found: Found) -> dict[str, Any]:
    """Write what differs from nothing, numbers to ten significant digits."""
    kept = {name: value for name, value in asdict(found).items() if value not in ("", None) and value == value}
    return {name: float(f"{v:.{DIGITS}g}") if isinstance(v, float) else v for name, v in kept.items()}


def run_parallel(work: Sequence[Any], jobs: int) -> Iterator[Any]:
    """Run delayed calls on some cores and yield each answer as it comes; on one core, in this process."""
    from joblib import Parallel

    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(work)
