"""Intervals for trials of few units: lots drawn again, and the wild cluster bootstrap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from coroi.inference.estimates import known, unknown
from coroi.inference.inversion import Inversion
from coroi.inference.linear import sum_by
from coroi.inference.randomisation import draw_lots_again
from coroi.inference.trials import Trial
from coroi.inference.wild_bootstrap import wild_bootstrap

ENOUGH_UNITS = 40
RANDOMISATION, WILD = "randomisation", "wild bootstrap"


def lots_row(
    trial: Trial, treatment: int, *, adjusted: bool, estimate: float, error: float, how: Mapping[str, float]
) -> dict:
    """Return an effect with the interval of randomisation inference.

    Parameters
    ----------
    trial : Trial
        Customers whose outcome is known.
    treatment : int
        Arm set against the control; lots of these two arms are drawn again.
    adjusted : bool
        Whether outcomes are taken as residuals of what was known before, which no lot can move.
    estimate, error : float
        The estimate and its error by large-sample theory, which stand beside the interval.
    how : Mapping of str to float
        ``level``, ``draws`` and ``seed``.
    """
    pair = trial.keep((trial.arm == 0) | (trial.arm == treatment))
    on = (pair.arm == treatment).astype(float)
    values = np.column_stack([pair.outcome, on, np.ones(len(on))])
    if adjusted:
        columns = np.column_stack([np.ones(len(on)), pair.covariates(adjusted=True)])
        values[:, :2] -= columns @ np.linalg.lstsq(columns, values[:, :2], rcond=None)[0]
    sums, first = sum_by(values, pair.unit), pair.first_of_units()
    found = draw_lots_again(
        sums[:, 0],
        sums[:, 2],
        on[first] == 1,
        pair.stratum[first],
        moved=sums[:, 1],
        draws=int(how["draws"]),
        seed=int(how["seed"]),
    )
    return _row(found, estimate, error, how["level"])


def wild_row(
    trial: Trial, treatment: int, *, adjusted: bool, estimate: float, error: float, how: Mapping[str, float]
) -> dict:
    """Return an effect with the interval of the wild cluster bootstrap, all arms in one regression with interactions.

    Parameters
    ----------
    trial, treatment, adjusted, estimate, error, how
        As in :func:`lots_row`.
    """
    arms = (trial.arm[:, None] == np.arange(1, len(trial.labels))).astype(float)
    covariates = trial.covariates(adjusted=adjusted)
    centred = covariates - covariates.mean(axis=0)
    crossed = [arms[:, [k]] * centred for k in range(arms.shape[1])]
    design = np.column_stack([arms, np.ones(len(arms)), centred, *crossed])
    own = design[:, treatment - 1]
    others = np.delete(design, treatment - 1, axis=1)
    left = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
    if left @ left <= 1e-9 * (own @ own):
        return unknown("the arm is a combination of strata and what was known before")
    found = wild_bootstrap(
        design, trial.outcome, trial.unit, at=treatment - 1, draws=int(how["draws"]), seed=int(how["seed"])
    )
    return _row(found, estimate, error, how["level"])


def _row(found: Inversion, estimate: float, error: float, level: float) -> dict:
    low, high = found.limits(level)
    return known(estimate, error, low, high) | {"p_value": found.p_value(0.0)}
