"""Rows of a figure's corrections: the figure, each step, its mean and its ends over all orders, and what is left."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from coroi.inference.autopsy_rows import AutopsyRows
from coroi.inference.bands import sup_t
from coroi.inference.corrections import CORRECTIONS, TO_MEAN, Specification
from coroi.inference.estimates import known, unknown
from coroi.inference.influence import influence_covariance
from coroi.inference.orders import added, all_orders, along, subsets

ROWS = "rows"
BESIDE = ("per_point", "gap", "lasting_gap", "per_promoter")
NONE_POSSIBLE = "none of the corrections is possible"


def autopsy_terms(found: AutopsyRows, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all estimates, and the influence of each cluster on those that have a standard error.

    Parameters
    ----------
    found : AutopsyRows
    level : float
        Of the intervals.

    Returns
    -------
    estimates : pandas.DataFrame
        By ``term`` and ``correction``.
    influence : pandas.DataFrame, shape (n_clusters, n_terms)
        Columns ``<term>`` or ``<term>: <correction>``, rows by cluster.
    """
    told = _Told(found, level)
    if found.slide is None or _still(found.slide.moved, found.answers.outcome):
        told.refuse("slide", "", found.reason or "the outcome does not vary within bands, so that chance is not told")
    else:
        told.tell("slide", "", found.slide.estimate, found.slide.moved)
    nothing = found.reason or ("" if found.active else NONE_POSSIBLE)
    value, of_value = _values(found)
    if not nothing and found.slide is not None and len(found.answers.outcome) < found.n_all:
        told.tell("step", ROWS, value[0] - found.slide.estimate, of_value[:, 0] - found.slide.moved)
    why = {c: nothing or found.refused.get(c, "") for c in found.asked}
    for correction in found.asked:
        if why[correction]:
            told.refuse("step", correction, why[correction])
        else:
            map_ = along(tuple(range(len(found.active))))[found.active.index(correction)]
            told.tell("step", correction, float(map_ @ value), of_value @ map_)
    beside = {} if nothing else _beside(found.specifications[-1])
    for term in ("defensible", *BESIDE):
        if term in beside:
            told.tell(term, "", beside[term][0], found.spread(beside[term][1]))
        else:
            told.refuse(term, "", nothing or found.refused.get(TO_MEAN, "regression to the mean is not asked for"))
    for correction in found.asked:
        if why[correction]:
            for term in ("shapley", "lowest", "highest"):
                told.refuse(term, correction, why[correction])
            continue
        each, share = added(len(found.active), found.active.index(correction))
        told.tell("shapley", correction, float(share @ each @ value), of_value @ (share @ each))
        told.rows += _ends(found, correction, each @ value, of_value @ each.T, level)
    return pd.DataFrame(told.rows), pd.DataFrame(told.moved, index=found.units)


class _Told:
    """Rows and influence, as they come."""

    def __init__(self, found: AutopsyRows, level: float) -> None:
        self.found, self.level = found, level
        self.rows: list[dict] = []
        self.moved: dict[str, np.ndarray] = {}

    def tell(self, term: str, correction: str, estimate: float, moved: np.ndarray) -> None:
        """Add an estimate."""
        self.moved[f"{term}: {correction}" if correction else term] = moved
        self.rows.append({"term": term, "correction": correction} | _row(self.found, estimate, moved, self.level))

    def refuse(self, term: str, correction: str, reason: str) -> None:
        """Add what is not told, with the reason."""
        self.rows.append({"term": term, "correction": correction} | unknown(reason))


def _beside(last: Specification) -> dict[str, tuple[float, np.ndarray]]:
    """Return the defensible figure, its price and points, and a promoter's answer at what lasts of it now."""
    told = {
        "defensible": (last.estimate, last.moved),
        "per_point": (last.per_point, last.per_point_moved),
        "gap": (last.gap, last.gap_moved),
    }
    if np.isfinite(last.lasting_gap):
        moved = last.per_point * last.lasting_moved + last.lasting_gap * last.per_point_moved
        told["lasting_gap"] = (last.lasting_gap, last.lasting_moved)
        told["per_promoter"] = (last.per_point * last.lasting_gap, moved)
    return told


def _still(moved: np.ndarray, outcome: np.ndarray) -> bool:
    """Say whether influence is nothing but rounding."""
    return bool(np.abs(moved).max() * len(moved) <= 1e-10 * np.abs(outcome).max())


def _values(found: AutopsyRows) -> tuple[np.ndarray, np.ndarray]:
    """Return the figure of each specification and the influence of all clusters, shapes (s,) and (n_clusters, s)."""
    if not found.specifications:
        return np.zeros(0), np.zeros((len(found.units), 0))
    value = np.array([each.estimate for each in found.specifications])
    return value, found.spread(np.stack([each.moved for each in found.specifications], axis=1))


def _row(found: AutopsyRows, estimate: float, moved: np.ndarray, level: float) -> dict:
    error = float(np.sqrt(influence_covariance(moved[:, None])[0, 0]))
    half = float(special.stdtrit(_df(found), 0.5 + level / 2)) * error
    return known(estimate, error, estimate - half, estimate + half)


def _df(found: AutopsyRows) -> int:
    return max(len(found.at) - 1, 1)


def _ends(found: AutopsyRows, correction: str, value: np.ndarray, moved: np.ndarray, level: float) -> list[dict]:
    """Return the least and the most that a correction is in any order, with intervals by projecting a band.

    Notes
    -----
    Where a band holds all values at once, the least of its lower ends and the least of its upper ends hold the least of
    the values.
    """
    covariance = influence_covariance(moved)
    critical = sup_t(covariance, level=level, df=_df(found))
    half = np.nan_to_num(critical) * np.sqrt(np.diag(covariance))
    low, high, nan = value - half, value + half, float("nan")
    return [
        {"term": "lowest", "correction": correction} | known(value.min(), nan, low.min(), high.min()),
        {"term": "highest", "correction": correction} | known(value.max(), nan, low.max(), high.max()),
    ]


def specifications_table(found: AutopsyRows, level: float) -> pd.DataFrame:
    """Return every subset of the corrections with its figure.

    Returns
    -------
    pandas.DataFrame
        A column for each correction (whether it is on), ``estimate, std_error, conf_low, conf_high``, ``gap`` (points
        between the bands), ``per_point`` and ``first_stage_f`` (of the earlier answer; NaN where it is not used).
    """
    shown = ["estimate", "std_error", "conf_low", "conf_high"]
    rows = []
    for on, each in zip(subsets(len(found.active)), found.specifications, strict=False):
        told = _row(found, each.estimate, found.spread(each.moved), level)
        flags = dict.fromkeys(CORRECTIONS, False) | dict(zip(found.active, map(bool, on), strict=True))
        more = {"gap": each.gap, "per_point": each.per_point, "first_stage_f": each.strength}
        rows.append(flags | {name: told[name] for name in shown} | more)
    return pd.DataFrame(rows, columns=[*CORRECTIONS, *shown, "gap", "per_point", "first_stage_f"])


def orders_table(found: AutopsyRows, level: float) -> pd.DataFrame:
    """Return what each correction adds in each order.

    Returns
    -------
    pandas.DataFrame
        ``order`` (corrections in words, first to last), ``position`` (from 1), ``correction, estimate, std_error,
        conf_low, conf_high``.
    """
    value, moved = _values(found)
    shown = ["estimate", "std_error", "conf_low", "conf_high"]
    known_rows: dict[tuple[int, ...], dict] = {}
    rows = []
    for order in all_orders(len(found.active)) if len(value) else []:
        named = ", ".join(found.active[factor] for factor in order)
        for at, map_ in enumerate(along(order)):
            key = tuple(np.flatnonzero(map_).tolist())
            if key not in known_rows:
                told = _row(found, float(map_ @ value), moved @ map_, level)
                known_rows[key] = {name: told[name] for name in shown}
            keys = {"order": named, "position": at + 1, "correction": found.active[order[at]]}
            rows.append(keys | known_rows[key])
    return pd.DataFrame(rows, columns=["order", "position", "correction", *shown])
