"""Discrete-time hazard of exit from counts: what a point of the metric goes with, and who is left at the horizon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from coroi.inference.binary import (
    BinaryFit,
    Link,
    cluster_covariance,
    fit_binary,
    mean_and_slope,
    score_factor,
    sum_by_cluster,
)
from coroi.inference.design import Term, Usable, design_matrix, examine, fit_rows, labels_of, rows_of
from coroi.inference.estimates import log_log_share, unknown, wald
from coroi.models.info import Info
from coroi.results import Result
from coroi.schemas import CellCounts

INFO = Info(
    estimand="log hazard ratio (cloglog) or log odds ratio (logit) of exit in a period, given survival to it, per unit",
    unit="log ratio",
    assumptions=(
        ("covariates are known before the period whose exit they explain", "dates, proved when the panel is built"),
        ("the score acts linearly on the link's scale, alike at every tenure", "Kaplan–Meier by band beside it"),
        ("periods of one customer may depend on each other, customers may not", "untestable"),
        ("follow-up that ends early says nothing of the hazard", "untestable"),
    ),
    reference=(
        "Prentice and Gloeckler (1978), Biometrics 34:57-67; Singer and Willett (1993), Journal of Educational "
        "Statistics 18:155-195; clusters: Liang and Zeger (1986), Biometrika 73:13-22"
    ),
)


def simulate_hazard(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    slope: float,
    base: float = -3.0,
    persistence: float = 0.6,
    link: Link = "cloglog",
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers whose score wanders and whose exit in a period follows the score before it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Customers, and periods followed at most.
    slope : float
        Effect of one point on the link's scale.
    base : float
        Linear predictor at a score of zero.
    persistence : float
        Autocorrelation of the score.
    link : str
        ``cloglog`` or ``logit``.

    Returns
    -------
    frame : pandas.DataFrame
        ``customer, period, score, exited``, one row a customer and period at risk.
    truth : dict of str to float
        ``score``: the slope.
    """
    score = np.empty((n, periods))
    score[:, 0] = rng.normal(size=n)
    for t in range(1, periods):
        score[:, t] = persistence * score[:, t - 1] + np.sqrt(1 - persistence**2) * rng.normal(size=n)
    score = np.round(score * 2) / 2
    hazard, _ = mean_and_slope(base + slope * score, link)
    leaves = rng.random((n, periods)) < hazard
    stays = np.cumsum(leaves, axis=1) == leaves  # until the first exit, that period included
    customer, period = np.nonzero(stays)
    frame = pd.DataFrame(
        {
            "customer": customer,
            "period": period,
            "score": score[customer, period],
            "exited": leaves[customer, period].astype(int),
        }
    )
    return frame, {"score": slope}


def fit_hazard(
    cells: CellCounts,
    *,
    terms: Sequence[Term],
    link: Link = "cloglog",
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit the hazard of exit with errors clustered by customer.

    Parameters
    ----------
    cells : CellCounts
        Rows at risk, reduced exactly.
    terms : sequence of Term
        The linear predictor beside the constant.
    link : str
        ``cloglog`` (log hazard ratios) or ``logit`` (log odds ratios).
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        A term for the constant and each column. Not identified: levels in which nobody or everybody leaves,
        columns that are combinations of others, and everything where no maximum exists (separation), the fit
        does not converge, or there is but one cluster.

    Raises
    ------
    DataError
        If a covariate is missing or holds an unknown level.

    Notes
    -----
    Estimates and clustered covariance equal those of the row-level fit. Rows of a level in which nobody or
    everybody leaves are set aside, since they would send its coefficient to infinity and tell nothing of the
    others; where that level is a reference, another takes its place, as ``spec`` tells. Assumptions: see
    ``INFO``.
    """
    usable = examine(cells, terms)
    fit, why = _fit(cells, usable, link)
    labels = labels_of(usable.terms)
    reasons = [r or why for r in usable.reasons]
    vcov = influence = None
    rows = [unknown(reason) for reason in reasons]
    if fit is not None and not why:
        scores = _cluster_scores(cells, usable, fit, link)
        covariance = cluster_covariance(scores, fit.bread)
        free = np.flatnonzero(usable.free)
        for at, coef, error in zip(free, fit.coef, np.sqrt(np.diag(covariance)), strict=True):
            rows[at] = wald(coef, error, level)
        names = [labels[i] for i in free]
        vcov = pd.DataFrame(covariance, index=names, columns=names)
        influence = pd.DataFrame(scores @ fit.bread, columns=names) if keep_influence else None
    return Result(
        method="hazard",
        estimand=INFO.estimand,
        spec={
            "link": link,
            "level": level,
            "terms": [asdict(t) | {"levels": list(t.levels)} for t in usable.terms],
            "errors": "clustered, factor G / (G - 1)",
        },
        estimates=pd.DataFrame([{"term": label} | row for label, row in zip(labels, rows, strict=True)]),
        vcov=vcov,
        influence=influence,
        n_obs=int(cells.n_rows),
        n_entities=int(cells.n_clusters),
    )


def predict_retention(
    result: Result,
    profiles: pd.DataFrame,
    *,
    groups: str,
    contrast: tuple[str, str] | None = None,
    level: float = 0.95,
) -> Result:
    """Predict the share still there at a horizon for profiles that hold the score where it was.

    Parameters
    ----------
    result : Result
        From :func:`fit_hazard`.
    profiles : pandas.DataFrame
        One row for each profile and period ahead: the terms' columns, ``profile`` (its number), ``customers``
        (weight of the profile, the same in all its periods) and the column `groups`; ``at_risk``, if it is
        there, is 0 in periods in which nobody can leave.
    groups : str
        Column of the groups whose mean retention is wanted.
    contrast : (str, str), optional
        Adds the first group's retention less the second's, and the same of periods stayed.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        ``retention`` (share still there) and ``periods_stayed`` (expected periods begun within the horizon) by
        group, and their differences; delta-method intervals, those of shares on the log(−log) scale. Not
        identified where a coefficient that a group needs is not.

    Notes
    -----
    Retention of a profile is the product of one less its hazards; a group's is the mean over its customers
    (g-computation). Assumptions as for the hazard, and that the score would stay where it was.
    """
    terms = [Term(t["name"], tuple(t["levels"]), t["centre"]) for t in result.spec["terms"]]  # type: ignore[attr-defined]
    known = result.estimates["identified"].to_numpy(bool)
    coef = np.where(known, result.estimates["estimate"].to_numpy(float), 0.0)
    design = design_matrix(profiles, terms)
    lacking = (np.abs(design[:, ~known]).sum(axis=1) > 0) | (not known.any())
    hazard, slope = mean_and_slope(design @ coef, result.spec["link"])  # type: ignore[arg-type]
    open_to_leave = profiles["at_risk"].to_numpy(float) if "at_risk" in profiles else 1.0
    hazard, slope = hazard * open_to_leave, slope * open_to_leave
    why = next((r for r in result.estimates["reason"] if r), "")
    rows, told = [], {}
    for group, at in profiles.groupby(groups, sort=False).indices.items():
        if lacking[at].any():
            rows += [{"term": term, "band": group} | unknown(why) for term in ("retention", "periods_stayed")]
            continue
        told[group] = _group_means(profiles.iloc[at], hazard[at], slope[at], design[at][:, known])
        (share, gradient), (stay, stay_gradient) = told[group]
        rows.append({"term": "retention", "band": group} | log_log_share(share, _error(gradient, result), level))
        rows.append({"term": "periods_stayed", "band": group} | wald(stay, _error(stay_gradient, result), level))
    if contrast is not None:
        rows += _differences(contrast, told, result, level, why)
    return Result(
        method="hazard",
        estimand="mean share still there at the horizon, the score held where it was, by group",
        spec=dict(result.spec) | {"groups": groups, "level": level},
        estimates=pd.DataFrame(rows),
        n_obs=result.n_obs,
        n_entities=result.n_entities,
    )


def _fit(cells: CellCounts, usable: Usable, link: Link) -> tuple[BinaryFit | None, str]:
    if usable.hindrance:
        return None, usable.hindrance
    if cells.n_clusters < 2:
        return None, "there is but one customer"
    start = np.zeros(int(usable.free.sum()))
    rate = usable.events / usable.n
    start[0] = np.log(-np.log1p(-rate)) if link == "cloglog" else np.log(rate / (1 - rate))
    fit = fit_binary(lambda: fit_rows(cells, usable), start, link=link)
    if fit.separated:
        return fit, "the covariates separate those who leave from those who stay, so no estimate exists"
    if not fit.converged or not np.isfinite(fit.bread).all():
        return fit, f"the fit did not converge in {fit.n_iterations} steps"
    return fit, ""


def _cluster_scores(cells: CellCounts, usable: Usable, fit: BinaryFit, link: Link) -> np.ndarray:
    def parts() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        for block in cells.blocks():
            design, keep, _, _ = rows_of(block, usable.terms, usable.set_aside)
            design = design[:, usable.free]
            mean, factor, _ = score_factor(design @ fit.coef, link)
            factor = np.where(keep, factor, 0.0)
            for cluster, cell, n, events in block.clusters():
                yield cluster, cell, factor[cell] * (events - n * mean[cell]), design

    return sum_by_cluster(parts(), cells.n_clusters, len(fit.coef))


def _group_means(
    rows: pd.DataFrame, hazard: np.ndarray, slope: np.ndarray, design: np.ndarray
) -> tuple[tuple[float, np.ndarray], tuple[float, np.ndarray]]:
    """Return mean retention and mean periods stayed over the profiles of a group, with their gradients."""
    order = np.argsort(rows["profile"].to_numpy(), kind="stable")
    profile = rows["profile"].to_numpy()[order]
    starts = np.flatnonzero(np.r_[True, profile[1:] != profile[:-1]])
    counts = np.diff(np.r_[starts, len(profile)])
    weight = rows["customers"].to_numpy(float)[order][starts]
    weight = weight / weight.sum()
    share = stay = 0.0
    p = design.shape[1]
    share_gradient, stay_gradient = np.zeros(p), np.zeros(p)
    for first, count, w in zip(starts, counts, weight, strict=True):
        at = order[first : first + count]
        kept = np.cumprod(1 - hazard[at])
        pull = np.cumsum((slope[at] / (1 - hazard[at]))[:, None] * design[at], axis=0)
        share += w * kept[-1]
        share_gradient -= w * kept[-1] * pull[-1]
        stay += w * (1 + kept[:-1].sum())
        stay_gradient -= w * (kept[:-1, None] * pull[:-1]).sum(axis=0)
    return (float(share), share_gradient), (float(stay), stay_gradient)


def _differences(
    contrast: tuple[str, str],
    told: dict[str, tuple[tuple[float, np.ndarray], tuple[float, np.ndarray]]],
    result: Result,
    level: float,
    why: str,
) -> list[dict]:
    name = f"{contrast[0]} less {contrast[1]}"
    terms = ("difference", "difference_periods_stayed")
    if not set(contrast) <= set(told):
        return [{"term": term, "band": name} | unknown(why or "a group has no customers") for term in terms]
    rows = []
    for term, first, second in zip(terms, told[contrast[0]], told[contrast[1]], strict=True):
        error = _error(first[1] - second[1], result)
        rows.append({"term": term, "band": name} | wald(first[0] - second[0], error, level))
    return rows


def _error(gradient: np.ndarray, result: Result) -> float:
    assert result.vcov is not None
    return float(np.sqrt(gradient @ result.vcov.to_numpy() @ gradient))
