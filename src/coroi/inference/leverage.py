"""Which entity moves a coefficient most when it is left out."""

from __future__ import annotations

import numpy as np

from coroi.results import Check

NAME = "most_influential"
_BLOCK = 4096
_NOTHING = np.log(1e-12)


def most_influential(score: np.ndarray, information: np.ndarray, total: float, count: float = 1.0) -> tuple[int, float]:
    """Find the entity whose leaving out moves a coefficient most.

    Parameters
    ----------
    score : ndarray, shape (g,)
        By entity, the sum of the regressor times the residual, the other columns swept out of the regressor.
    information : ndarray, shape (g,)
        By entity, the sum of squares of that regressor.
    total : float
        Sum of squares over all rows, those of no entity at hand included.
    count : float
        What an entity's rows count for, where periods are swept out anew without it: n / (n − 1), see :func:`anew`.

    Returns
    -------
    entity : int
        Its number.
    shift : float
        The coefficient without it less the coefficient with it; infinite where nothing is left without it.

    Notes
    -----
    −score / (total − information), each of the entity's own times `count`, exact while other columns' coefficients stay
    as they are, so that an outlier that draws the line to itself is found by its leverage and not by its small
    residual, and one that dwarfs the others does not hide in the periods' means. Reference: Cook (1977),
    Technometrics 19:15-18; deletion of groups: Belsley, Kuh and Welsch (1980), Regression Diagnostics, section 2.1.
    """
    left = total - count * information
    some = left > 1e-12 * total
    shift = np.divide(-count * score, left, out=np.full(len(score), np.inf), where=some)
    at = int(np.argmax(np.abs(shift)))
    return at, float(shift[at])


def anew(period: np.ndarray) -> np.ndarray:
    """Return what an entity's rows count for, where periods are swept out anew without it; shape (n,).

    Parameters
    ----------
    period : ndarray of int, shape (n,)

    Notes
    -----
    n / (n − 1) with n rows in the period, exact in balanced panels: the others' swept columns each take up 1 / (n − 1)
    of the entity's. Without that an entity whose values dwarf all others hides behind the periods' means, which are its
    own.
    """
    code = np.unique(period, return_inverse=True)[1]
    rows = np.bincount(code)[code]
    return np.asarray(rows / np.maximum(rows - 1, 1))


def anew_share(rows: np.ndarray) -> float:
    """Return the same for all of an entity's rows, from the rows of the fullest period.

    Parameters
    ----------
    rows : ndarray of int, shape (n_periods,)
        Of each period.
    """
    most = float(np.max(rows))
    return most / max(most - 1, 1.0)


def shifts_without(
    weighed: np.ndarray,
    design: np.ndarray,
    residual: np.ndarray,
    entity: np.ndarray,
    count: np.ndarray | None = None,
) -> np.ndarray:
    """Return by how much coefficients move without each entity, shape (g, q).

    Parameters
    ----------
    weighed : ndarray, shape (n, q)
        What the residual is made orthogonal to: the design, or what its instruments tell of it.
    design : ndarray, shape (n, q)
    residual : ndarray, shape (n,)
    entity : ndarray of int, shape (n,)
        From 0, without gaps.
    count : ndarray, shape (n,), optional
        From :func:`anew`, where periods are swept out; 1 by default.

    Returns
    -------
    ndarray
        Infinite where nothing is left without an entity.

    Notes
    -----
    −(W'X − W_g'X_g)⁻¹ W_g'u_g, exact while entities' effects, and what instruments tell, stay as they are.
    See :func:`most_influential` for the reference.
    """
    order = np.argsort(entity, kind="stable")
    start = np.flatnonzero(np.diff(entity[order], prepend=-1))
    whole, found = weighed.T @ design, []
    own_weighed = weighed if count is None else weighed * count[:, None]
    for some in range(0, len(start), _BLOCK):
        rows = order[start[some] : start[some + _BLOCK] if some + _BLOCK < len(start) else None]
        at = start[some : some + _BLOCK] - start[some]
        pull = np.add.reduceat(own_weighed[rows] * residual[rows, None], at)
        own = np.add.reduceat(own_weighed[rows][:, :, None] * design[rows][:, None, :], at)
        found.append(_solved(whole, whole - own, -pull))
    return np.concatenate(found)


def _solved(whole: np.ndarray, left: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """Solve what is left for each entity; infinite where next to nothing of the whole is."""
    some = np.linalg.slogdet(left)[1] - np.linalg.slogdet(whole)[1] > _NOTHING
    found = np.full(pull.shape, np.inf)
    found[some] = np.linalg.solve(left[some], pull[some][:, :, None])[:, :, 0]
    return found


def influence_check(estimate: float, error: float, without: float, *, what: str = "the estimate") -> Check:
    """Say how far an estimate moves without its most influential entity.

    Parameters
    ----------
    estimate, error : float
        The estimate on all entities, and its standard error.
    without : float
        The estimate without that entity; NaN where there is none.
    what : str
        What is estimated, in words.

    Returns
    -------
    Check
        Passed where it moves by one standard error at most.
    """
    tested = f"whether one entity alone carries {what}"
    if not np.isfinite(without):
        return Check(
            name=NAME,
            tested=tested,
            passed=False,
            sentence="Without its most influential entity there is no estimate at all: it rests on that one alone.",
        )
    errors = abs(without - estimate) / error if error > 0 else float("inf")
    return Check(
        name=NAME,
        tested=tested,
        passed=bool(errors <= 1),
        sentence=(
            f"Without its most influential entity {what} is {without:.4g} instead of {estimate:.4g}: it moves by "
            f"{errors:.2g} standard {'error' if f'{errors:.2g}' == '1' else 'errors'}."
        ),
    )
