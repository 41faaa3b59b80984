"""Entity and period effects swept out of columns, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Effects = Literal["none", "entity", "period", "both"]

_ALIKE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swept:
    """Columns without the effects, and what the effects cost.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Residuals of each column on the effects; exactly 0 where nothing but rounding is left.
    n_effects : int
        Parameters of the effects that can be told apart: their columns' rank, the constant included.
    """

    values: np.ndarray
    n_effects: int


def sweep(
    values: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    *,
    effects: Effects = "both",
    weight: np.ndarray | None = None,
) -> Swept:
    """Return the residuals of columns on entity and period effects, as dummies in a regression would leave them.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Columns, in units of their own.
    entity, period : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    effects : str
        ``none`` takes out the mean alone.
    weight : ndarray, shape (n,), optional
        Above zero; 1 by default.

    Returns
    -------
    Swept

    Notes
    -----
    Entities are swept out by their means; the periods' dummies, thus swept, by least squares on their cross-products,
    which come from counts alone. Nothing is iterated, so that panels in which entities and periods hardly overlap are
    as exact as balanced ones. The smaller of the two sides is solved for. Reference: Frisch and Waugh (1933),
    Econometrica 1:387-401; Wansbeek and Kapteyn (1989), Journal of Econometrics 41:341-361.
    """
    values = np.asarray(values, dtype=float)
    weight = np.ones(len(values)) if weight is None else weight
    if effects == "none":
        return _cleaned(values, values - weight @ values / weight.sum(), 1)
    if effects != "both":
        code = entity if effects == "entity" else period
        return _cleaned(values, values - _means(values, code, weight)[code], int(code.max()) + 1)
    many, few = (entity, period) if entity.max() >= period.max() else (period, entity)
    own = values - _means(values, many, weight)[many]
    counts = _crossed(many, few, weight)
    share = counts.multiply(1 / _sums(weight[:, None], many)).tocsr()
    gram = np.diag(_sums(weight[:, None], few)[:, 0]) - (counts.T @ share).toarray()
    root, vectors = np.linalg.eigh(gram)
    real = root > _ALIKE * max(root.max(), 1e-300)
    solved = (vectors[:, real] / root[real]) @ (vectors[:, real].T @ _sums(own * weight[:, None], few))
    left = own - (solved[few] - (share @ solved)[many])
    return _cleaned(values, left, int(many.max()) + 1 + int(real.sum()))


def _cleaned(before: np.ndarray, after: np.ndarray, n_effects: int) -> Swept:
    """Set columns to zero of which rounding alone is left."""
    scale = np.abs(before).max(axis=0, initial=0.0)
    gone = np.abs(after).max(axis=0, initial=0.0) <= _ALIKE * scale
    after[:, gone] = 0.0
    return Swept(values=after, n_effects=n_effects)


def _sums(values: np.ndarray, code: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(code, weights=column) for column in values.T], axis=1)


def _means(values: np.ndarray, code: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _sums(values * weight[:, None], code) / _sums(weight[:, None], code)


def _crossed(many: np.ndarray, few: np.ndarray, weight: np.ndarray) -> Any:
    from scipy import sparse

    shape = (int(many.max()) + 1, int(few.max()) + 1)
    return sparse.coo_array((weight, (many, few)), shape=shape).tocsr()
