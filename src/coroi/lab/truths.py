"""What is true in a scenario: each estimand's value in a population of companies, and how finely that is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coroi.company.truth import TRUTH_SEED
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.profiles import Sizes
from coroi.lab.replicate import DIGITS, draw_company

GROUPS = 10
Truth = dict[str, dict[str, float | None]]


def truths_of(scenario: str, experiments: Sequence[str], sizes: Sizes) -> dict[str, Truth]:
    """Compute the truth of several experiments in one scenario.

    Parameters
    ----------
    scenario : str
        ``own`` for what the method's own simulator states.
    experiments : sequence of str
        Their names.
    sizes : Sizes
        Companies that stand for the population, and their size.

    Returns
    -------
    dict
        By experiment and estimand, ``value`` and Monte Carlo ``error``; a value that the population does not have is
        ``None``.

    Notes
    -----
    Companies are drawn with seeds of their own, far from those of replications, each with its own roll-out: the
    population is one of customers of all such companies. Errors are those of the jackknife over groups of companies.
    """
    if scenario == OWN:
        return {name: _exact(_own_values(name)) for name in experiments}
    parts: dict[str, list[Any]] = {name: [] for name in experiments}
    for i in range(sizes.truth_companies):
        company = draw_company(scenario, TRUTH_SEED + i, customers=sizes.truth_customers, months=sizes.months)
        for name in experiments:
            parts[name].append(EXPERIMENTS[name].reduce(company))
    return {name: pooled_truth(name, parts[name]) for name in experiments}


def pooled_truth(experiment: str, parts: Sequence[Any]) -> Truth:
    """Pool companies, and again without each of ten groups of them, for the error."""
    pool = EXPERIMENTS[experiment].pool
    values = pool(parts)
    groups = min(GROUPS, len(parts))
    without = [pool([p for i, p in enumerate(parts) if i % groups != g]) for g in range(groups)] if groups > 1 else []
    return {name: _entry(value, [each[name] for each in without]) for name, value in values.items()}


def _own_values(name: str) -> Mapping[str, float]:
    known = EXPERIMENTS[name].own_truth
    assert known is not None
    return known()


def _exact(values: Mapping[str, float]) -> Truth:
    return {name: {"value": _round(value), "error": 0.0} for name, value in values.items()}


def _entry(value: float, without: Sequence[float]) -> dict[str, float | None]:
    if not math.isfinite(value):
        return {"value": None, "error": None}
    error = math.sqrt((len(without) - 1) * float(np.var(without))) if without else math.nan
    return {"value": _round(value), "error": _round(error) if math.isfinite(error) else None}


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
