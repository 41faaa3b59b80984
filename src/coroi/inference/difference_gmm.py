"""A fit by difference GMM from its moments, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coroi.inference.binary import aliased
from coroi.inference.dynamics import GmmTests
from coroi.inference.gmm import (
    Moments,
    Step,
    correlation,
    first_weight,
    fit_second,
    fit_step,
    identified,
    overidentification,
    second_weight,
)

_EXACT = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GmmFit:
    """A fit by difference GMM.

    Parameters
    ----------
    moments : Moments
        With the columns of the design that are in the fit, q of them.
    kept : ndarray of bool, shape (k,)
        Which these are.
    step : Step
        The estimate.
    tests : GmmTests
    """

    moments: Moments
    kept: np.ndarray
    step: Step
    tests: GmmTests


def fit_differences(
    moments: Moments, needed: np.ndarray, *, steps: int, correct: bool
) -> tuple[GmmFit | None, np.ndarray, str]:
    """Fit in one step or two.

    Parameters
    ----------
    moments : Moments
    needed : ndarray of bool, shape (k,)
        Columns of the design without which the others mean nothing.
    steps : int
        1 or 2.
    correct : bool
        Carry the first step's error into the second.

    Returns
    -------
    fit : GmmFit or None
    collinear : ndarray of bool, shape (k,)
        Columns that those before them make up; they are left out.
    why : str
        Why there is no fit; empty where there is one.
    """
    collinear = aliased(moments.design.T @ moments.design)
    if (collinear & needed).any():
        return None, collinear, "lags of the outcome never change, or change as the other columns do"
    weight, n_instruments = first_weight(moments)
    some = replace(moments, design=moments.design[:, ~collinear])
    q, n_clusters = some.design.shape[1], int(moments.cluster.max()) + 1
    if n_clusters <= q:
        return None, collinear, f"{n_clusters:,} clusters are too few for {q:,} coefficients"
    if not identified(some, weight).all():
        return None, collinear, "the instruments are too few, or do not move what they stand for"
    first = fit_step(some, weight)
    if np.abs(first.residual).max() <= _EXACT * np.abs(some.outcome).max():
        return None, collinear, "the outcome follows from the rest without error"
    efficient, rank = second_weight(some, first.residual)
    enough = rank == n_instruments
    if steps == 2 and not enough:
        return None, collinear, _unweighed(n_clusters, n_instruments)
    second = fit_second(some, first, efficient, correct=correct) if enough else None
    step = first if second is None or steps == 1 else second
    tests = _tests(some, first, step, second, n_instruments)
    return GmmFit(moments=some, kept=~collinear, step=step, tests=tests), collinear, ""


def _tests(moments: Moments, first: Step, step: Step, second: Step | None, n_instruments: int) -> GmmTests:
    n, q = moments.design.shape
    variance = float(first.residual @ first.residual) / (2 * max(n - q, 1))
    return GmmTests(
        hansen=float("nan") if second is None else overidentification(moments, second),
        sargan=overidentification(moments, first) / variance,
        df=n_instruments - q,
        m1=correlation(moments, step, 1),
        m2=correlation(moments, step, 2),
        n_instruments=n_instruments,
        n_clusters=int(moments.cluster.max()) + 1,
    )


def _unweighed(n_clusters: int, n_instruments: int) -> str:
    if n_clusters > n_instruments:
        return f"a few clusters outweigh all others, so that {n_instruments:,} instruments cannot be weighed"
    return f"{n_clusters:,} clusters are too few to weigh {n_instruments:,} instruments: take fewer lags, or one step"
