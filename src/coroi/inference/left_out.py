"""A regression on lags without the entity that moves its answer most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.lagged import Sample
from coroi.inference.leverage import anew, influence_check, shifts_without
from coroi.inference.within import Effects, sweep
from coroi.results import Check


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A number that follows from a regression's coefficients, and how to get it again.

    Parameters
    ----------
    what : str
        What it is, in words.
    estimate, error : float
    weighed : ndarray, shape (n, q)
        What the residual is made orthogonal to: the design, or what its instruments tell of it.
    design : ndarray, shape (n, q)
    coef : ndarray, shape (q,)
    of : callable
        From coefficients, shape (g, q), to the number, shape (g,); not finite where they make none.
    again : callable
        From some of the rows to the number, NaN where they make none.
    """

    what: str
    estimate: float
    error: float
    weighed: np.ndarray
    design: np.ndarray
    coef: np.ndarray
    of: Callable[[np.ndarray], np.ndarray]
    again: Callable[[Sample], float]


def most_influential_check(sample: Sample, answer: Answer, effects: Effects) -> tuple[Check, ...]:
    """Say how far an answer is off without the entity that moves it most; nothing where there is but one entity.

    Parameters
    ----------
    sample : Sample
        Its first column is the outcome.
    answer : Answer
    effects : str
        What was swept out.

    Notes
    -----
    The entity is found as in :func:`coroi.inference.leverage.shifts_without`, with the effects as they are; without it
    they are swept out anew and all is fitted again.
    """
    if sample.n_entities < 2 or not np.isfinite([answer.estimate, answer.error]).all():
        return ()
    residual = sample.values[:, 0] - answer.design @ answer.coef
    count = anew(sample.period) if effects in ("both", "period") else None
    shift = shifts_without(answer.weighed, answer.design, residual, sample.entity, count)
    with np.errstate(invalid="ignore"):
        moves = np.abs(answer.of(answer.coef + shift) - answer.estimate)
    who = int(np.argmax(np.where(np.isfinite(moves), moves, np.inf)))
    without = answer.again(sample_without(sample, who, effects))
    return (influence_check(answer.estimate, answer.error, without, what=answer.what),)


def sample_without(sample: Sample, who: int, effects: Effects) -> Sample:
    """Return the rows of all entities but one, effects swept out of them anew.

    Parameters
    ----------
    sample : Sample
    who : int
        Code of the entity.
    effects : str
        What is swept out.
    """
    rest = sample.entity != who
    entity, when = (pd.factorize(code[rest], sort=True)[0] for code in (sample.entity, sample.period))
    swept = sweep(sample.values[rest], entity, when, effects=effects)
    cluster, kept = pd.factorize(sample.cluster[rest], sort=True)
    return replace(
        sample,
        values=swept.values,
        entity=entity,
        period=sample.period[rest],
        cluster=cluster,
        cluster_names=sample.cluster_names[kept],
        n_effects=swept.n_effects,
    )
