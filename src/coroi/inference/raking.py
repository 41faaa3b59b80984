"""Raking: weights moved as little as need be until they meet known margins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError, Problem, raise_together

TOLERANCE = 1e-10
SUM_TOLERANCE = 1e-6  # by which shares of a margin may miss 1
MAX_ROUNDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raked:
    """Weights that meet their margins.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        With the sum of those they started from.
    rounds : int
        Times that all margins were met in turn.
    furthest : float
        Largest distance left from a margin, a share.
    effective : float
        Rows of equal weight that would tell as much (Kish).
    """

    weights: np.ndarray
    rounds: int
    furthest: float
    effective: float


def rake(
    rows: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    *,
    weight: np.ndarray | None = None,
) -> Raked:
    """Rake weights to known margins.

    Parameters
    ----------
    rows : pandas.DataFrame, shape (n, …)
        One row an answer, with a column for each margin.
    margins : mapping of str to mapping of str to float
        By column, each level's known share of everybody; shares of a column sum to 1.
    weight : ndarray, shape (n,), optional
        Weights to start from; 1 by default.

    Returns
    -------
    Raked

    Raises
    ------
    DataError
        If shares are no shares, a level of everybody has no row, a level with rows has no share, or no weights meet all
        margins together. All problems that are seen before the first round are raised together.

    Notes
    -----
    Iterative proportional fitting; where it converges, the weights are those nearest to the ones it started from in
    relative entropy. It corrects for the margins alone: within their cells answers are taken to speak for the silent
    (untestable). References: Deming and Stephan (1940), Annals of Mathematical Statistics 11:427-444; Ireland and
    Kullback (1968), Biometrika 55:179-188.
    """
    start = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=float)
    raise_together(_problems(rows, margins, start), DataError)
    codes = {
        name: pd.Categorical(rows[name].astype(str), categories=list(shares)).codes for name, shares in margins.items()
    }
    wanted = {name: np.array(list(shares.values()), dtype=float) for name, shares in margins.items()}
    weights, furthest = start / start.sum(), np.inf
    for round_ in range(1, MAX_ROUNDS + 1):
        for name, target in wanted.items():
            had = np.bincount(codes[name], weights, minlength=len(target))
            weights = weights * np.divide(target, had, out=np.zeros_like(target), where=had > 0)[codes[name]]
        furthest = _furthest(weights, codes, wanted)
        if furthest < TOLERANCE:
            effective = float(weights.sum() ** 2 / (weights @ weights))
            return Raked(weights=weights * start.sum(), rounds=round_, furthest=furthest, effective=effective)
    raise DataError(
        Problem(
            "raking",
            f"no weights meet all margins together: after {MAX_ROUNDS:,} rounds one is still {furthest:.2g} away.",
            "Combinations that the margins need have no answer. Merge levels, or leave a margin out.",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RakedCells:
    """What raking does to the rows of each cell.

    Parameters
    ----------
    factors : ndarray, shape (n_cells,)
        By which weights are multiplied.
    explained : ndarray, shape (n_cells, n_parts)
        What the margins explain of each part, less its raked mean; its raked mean is 0.
    """

    factors: np.ndarray
    explained: np.ndarray


def rake_cells(
    cells: pd.DataFrame, margins: Mapping[str, Mapping[str, float]], *, weight: np.ndarray, sums: np.ndarray
) -> RakedCells:
    """Rake rows that are summed by combination of levels, and tell what the margins explain of what is averaged.

    Parameters
    ----------
    cells : pandas.DataFrame, shape (n_cells, …)
        Distinct combinations, with a column for each margin.
    margins : mapping of str to mapping of str to float
        As in :func:`rake`.
    weight : ndarray, shape (n_cells,)
        Sum of the rows' weights.
    sums : ndarray, shape (n_cells, n_parts)
        Sum of the rows' weights times each part.

    Raises
    ------
    DataError
        As :func:`rake`.

    Notes
    -----
    Raked weights are those of the rows times a factor that depends on the margins alone, so that cells are enough. A
    raked mean's influence at a row is its weight times the residual of the part, regressed on the margins' levels with
    the raked weights: the part less ``explained`` less the mean. That is the derivative of the mean by the row's
    weight, the weights being raked anew, and to first order its error with known margins. References: Deville and
    Särndal (1992), JASA 87:376-382; Deville, Särndal and Sautory (1993), JASA 88:1013-1020.
    """
    raked = rake(cells, margins, weight=weight).weights
    filled = np.where(weight > 0, weight, 1.0)
    levels = [
        (cells[name].astype(str) == level).to_numpy(float) - share
        for name, shares in margins.items()
        for level, share in shares.items()
    ]
    design, means = np.column_stack(levels), sums / filled[:, None]
    apart = raked[:, None] * (means - raked @ means / raked.sum())
    spread = design.T @ (raked[:, None] * design) / raked.sum()
    # Levels of a margin sum to one, so that the spread is singular: what it lacks is no direction of the weights.
    slopes = np.linalg.pinv(spread, rcond=1e-10, hermitian=True) @ (design.T @ apart / raked.sum())
    return RakedCells(factors=raked / filled, explained=design @ slopes)


def _furthest(weights: np.ndarray, codes: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> float:
    gaps = [np.abs(np.bincount(codes[n], weights, minlength=len(t)) - t).max() for n, t in wanted.items()]
    return float(max(gaps, default=0.0))


def _problems(rows: pd.DataFrame, margins: Mapping[str, Mapping[str, float]], start: np.ndarray) -> list[Problem]:
    found = []
    if len(start) != len(rows) or not (np.isfinite(start) & (start >= 0)).all() or not start.sum() > 0:
        found.append(Problem("raking", "the weights to start from are not one number of 0 or more a row."))
        return found
    for name, shares in margins.items():
        where = f"margin '{name}'"
        if name not in rows.columns:
            found.append(
                Problem(where, "the rows have no such column.", f"They have {', '.join(map(str, rows.columns))}.")
            )
            continue
        values = np.array(list(shares.values()), dtype=float)
        if not (np.isfinite(values) & (values >= 0)).all() or abs(values.sum() - 1) > SUM_TOLERANCE:
            found.append(
                Problem(where, f"its shares sum to {values.sum():g}.", "Give shares of 0 or more that sum to 1.")
            )
        weighed = pd.Series(start).groupby(rows[name].astype(str).to_numpy()).sum()
        empty = [level for level, share in shares.items() if share > 0 and not weighed.get(level, 0) > 0]
        if empty:
            said = f"{', '.join(empty)}: part of everybody, but without an answer."
            found.append(Problem(where, said, "Merge such a level with another; no weight can make up for nobody."))
        strange = [level for level in weighed.index if level not in shares]
        if strange:
            found.append(Problem(where, f"{', '.join(strange)}: with answers, but without a share.", "Give its share."))
    return found
