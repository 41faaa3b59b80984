"""Rows of a result for a path of responses: by horizon with the band, and where the path is no longer below zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coroi.inference.crossing import Crossing, crossing
from coroi.inference.estimates import known, unknown
from coroi.inference.influence import influence_covariance
from coroi.inference.linear import sum_by
from coroi.inference.paths import Path


def clustered_path(
    estimate: np.ndarray,
    reasons: Sequence[str],
    by_entity: np.ndarray,
    there: np.ndarray,
    code: np.ndarray,
    *,
    least: int,
) -> Path:
    """Tie horizons by the influence of clusters of entities.

    Parameters
    ----------
    estimate : ndarray, shape (H,)
    reasons : sequence of str
        Why a horizon is not identified; empty where it is.
    by_entity : ndarray, shape (n_entities, H)
        Influence.
    there : ndarray of bool, shape (n_entities, H)
        Entities with a row.
    code : ndarray of int, shape (n_entities,)
        Cluster of each entity.
    least : int
        Clusters in a horizon below which it is not told.

    Returns
    -------
    Path
        Clusters that tell nothing, not even by influence alone, are not in it.
    """
    by_cluster, rows = sum_by(by_entity, code), sum_by(there.astype(float), code) > 0
    used = rows.any(axis=1) | by_cluster.any(axis=1)
    whys = [
        why or (f"{n} clusters are too few to tell errors; it takes {least}" if n < least else "")
        for why, n in zip(reasons, rows.sum(axis=0), strict=True)
    ]
    lost = np.array([bool(why) for why in whys])
    moved = np.where(lost, 0.0, by_cluster[used])
    covariance = influence_covariance(moved) if used.sum() > 1 else np.full((len(lost), len(lost)), np.nan)
    return Path(
        estimate=np.where(lost, np.nan, estimate),
        reasons=tuple(whys),
        moved=moved,
        groups=np.flatnonzero(used),
        covariance=covariance,
        df=max(int(used.sum()) - 1, 1),
    )


def response_rows(path: Path, critical: float, level: float) -> list[dict]:
    """Return one row a horizon, with its interval and the band that holds all.

    Parameters
    ----------
    path : Path
    critical : float
        Standard errors of the band.
    level : float
        Of the intervals.
    """
    half = _half(path, critical)
    rows = []
    for h, point in enumerate(np.eye(len(path.estimate))):
        band = {"band_low": path.estimate[h] - half[h], "band_high": path.estimate[h] + half[h]}
        rows.append({"term": "response", "horizon": h} | path.combined(point, level) | band)
    return rows


def crossed(path: Path, critical: float) -> Crossing | None:
    """Project the band on the horizon of crossing; nothing where a horizon is missing."""
    if any(path.reasons):
        return None
    half = _half(path, critical)
    return crossing(path.estimate, path.estimate - half, path.estimate + half)


def crossover_row(path: Path, found: Crossing | None) -> dict:
    """Return the horizon from which the path is no longer below zero, or why there is none."""
    if found is None:
        return unknown(next(why for why in path.reasons if why))
    if not found.below:
        return unknown("the estimated path is nowhere below zero")
    if np.isinf(found.estimate):
        return unknown(f"not within {len(path.estimate) - 1} periods: the estimated path still ends below zero")
    return known(found.estimate, np.nan, found.earliest, found.latest)


def _half(path: Path, critical: float) -> np.ndarray:
    return np.asarray(np.nan_to_num(critical) * np.sqrt(np.diag(path.covariance)))
