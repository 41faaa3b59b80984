"""Which entity moves a coefficient most when it is left out."""

from __future__ import annotations

import numpy as np

from coroi.results import Check

NAME = "most_influential"
_TESTED = "whether one entity alone carries the estimate"


def most_influential(score: np.ndarray, information: np.ndarray, total: float) -> tuple[int, float]:
    """Find the entity whose leaving out moves a coefficient most.

    Parameters
    ----------
    score : ndarray, shape (g,)
        By entity, the sum of the regressor times the residual, the other columns swept out of the regressor.
    information : ndarray, shape (g,)
        By entity, the sum of squares of that regressor.
    total : float
        Sum of squares over all rows, those of no entity at hand included.

    Returns
    -------
    entity : int
        Its number.
    shift : float
        The coefficient without it less the coefficient with it; infinite where nothing is left without it.

    Notes
    -----
    −score / (total − information), exact while other columns' coefficients stay as they are, so that an outlier that
    draws the line to itself is found by its leverage and not by its small residual. Reference: Cook (1977),
    Technometrics 19:15-18; deletion of groups: Belsley, Kuh and Welsch (1980), Regression Diagnostics, section 2.1.
    """
    left = total - information
    some = left > 1e-12 * total
    shift = np.divide(-score, left, out=np.full(len(score), np.inf), where=some)
    at = int(np.argmax(np.abs(shift)))
    return at, float(shift[at])


def influence_check(estimate: float, error: float, without: float) -> Check:
    """Say how far an estimate moves without its most influential entity.

    Parameters
    ----------
    estimate, error : float
        The estimate on all entities, and its standard error.
    without : float
        The estimate without that entity; NaN where there is none.

    Returns
    -------
    Check
        Passed where it moves by one standard error at most.
    """
    if not np.isfinite(without):
        return Check(
            name=NAME,
            tested=_TESTED,
            passed=False,
            sentence="Without its most influential entity there is no estimate at all: it rests on that one alone.",
        )
    errors = abs(without - estimate) / error if error > 0 else float("inf")
    return Check(
        name=NAME,
        tested=_TESTED,
        passed=bool(errors <= 1),
        sentence=(
            f"Without its most influential entity the estimate is {without:.4g} instead of {estimate:.4g}: it moves by "
            f"{errors:.2g} standard {'error' if f'{errors:.2g}' == '1' else 'errors'}."
        ),
    )
