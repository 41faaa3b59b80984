"""Discrete-time hazard of exit from counts: what a point of the metric goes with, and who is left at the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from coroi.inference.binary import Link, fit_binary, log_complement, mean_and_slope
from coroi.inference.clusters import cluster_covariance, cluster_scores
from coroi.inference.design import Term, Usable, design_matrix, examine, fit_rows, labels_of, strange_rows
from coroi.inference.estimates import log_log_share, unknown, wald
from coroi.inference.survivors import Survivors, mean_survivors
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
        Keep the influence of each cluster by its name, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        A term for the constant and each column. Not identified: levels in which nobody or everybody leaves,
        columns that are combinations of others, and everything where no maximum exists (separation), the fit
        does not converge, or the clusters are no more than the terms.

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
    fitted, why = _fit(cells, usable, link)
    labels = labels_of(usable.terms)
    rows = [unknown(reason or why) for reason in usable.reasons]
    vcov = influence = None
    if fitted is not None:
        coef, covariance, moved = fitted
        free = np.flatnonzero(usable.free)
        for at, value, error in zip(free, coef, np.sqrt(np.diag(covariance)), strict=True):
            rows[at] = wald(value, error, level)
        names = [labels[i] for i in free]
        vcov = pd.DataFrame(covariance, index=names, columns=names)
        influence = pd.DataFrame(moved, index=cells.cluster_names, columns=names) if keep_influence else None
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
        (weight of the profile, the same in all its periods) and the column `groups`; a profile's rows in the
        order of time; ``at_risk``, if it is there, is 0 in periods in which nobody can leave.
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
    terms = [Term(**t | {"levels": tuple(t["levels"])}) for t in result.spec["terms"]]  # type: ignore[attr-defined]
    link: Link = result.spec["link"]  # type: ignore[assignment]
    known = result.estimates["identified"].to_numpy(bool)
    strange = strange_rows(profiles, terms)
    design = np.zeros((len(profiles), len(known)))
    design[~strange] = design_matrix(profiles[~strange], terms)
    eta = design[:, known] @ result.estimates["estimate"].to_numpy(float)[known]
    open_to_leave = profiles["at_risk"].to_numpy(float) if "at_risk" in profiles else np.ones(len(profiles))
    log_stay, pull = (open_to_leave * part for part in log_complement(eta, link))
    rows, told, whys = [], {}, {}
    for group, at in profiles.groupby(groups, sort=False, observed=True).indices.items():
        asked = at[open_to_leave[at] > 0]
        whys[group] = _why_not(result, design[asked], strange[asked])
        if whys[group]:
            rows += [{"term": term, "band": group} | unknown(whys[group]) for term in ("retention", "periods_stayed")]
            continue
        profile, customers = (profiles[c].to_numpy()[at] for c in ("profile", "customers"))
        told[group] = mean = mean_survivors(profile, customers, log_stay[at], pull[at], design[at][:, known])
        error, stay_error = _error(mean.share_gradient, result), _error(mean.stay_gradient, result)
        rows.append({"term": "retention", "band": group} | log_log_share(mean.share, error, level))
        rows.append({"term": "periods_stayed", "band": group} | wald(mean.stay, stay_error, level))
    if contrast is not None:
        rows += _differences(contrast, told, whys, result, level)
    return Result(
        method="hazard",
        estimand="mean share still there at the horizon, the score held where it was, by group",
        spec=dict(result.spec) | {"groups": groups, "level": level},
        estimates=pd.DataFrame(rows),
        n_obs=result.n_obs,
        n_entities=result.n_entities,
    )


def _why_not(result: Result, design: np.ndarray, strange: np.ndarray) -> str:
    """Say why a group's retention cannot be told; empty where it can."""
    reasons = result.estimates["reason"].to_numpy(str)
    if not result.estimates["identified"].any():
        return str(reasons[0])
    if strange.any():
        return "some of its customers have a level that no row at risk has"
    missing = np.flatnonzero((design != 0).any(axis=0) & (reasons != ""))
    return f"{reasons[missing[0]]} ({result.estimates['term'].iloc[missing[0]]})" if len(missing) else ""


def _fit(cells: CellCounts, usable: Usable, link: Link) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray] | None, str]:
    """Return coefficients, their covariance and the influence of each cluster; or none, and why."""
    if usable.hindrance:
        return None, usable.hindrance
    start = np.zeros(int(usable.free.sum()))
    rate = usable.events / usable.n
    start[0] = np.log(-np.log1p(-rate)) if link == "cloglog" else np.log(rate / (1 - rate))
    fit = fit_binary(lambda: fit_rows(cells, usable), start, link=link)
    if fit.separated:
        return None, "the covariates separate those who leave from those who stay, so no estimate exists"
    if not fit.converged or not np.isfinite(fit.bread).all():
        return None, f"the fit did not converge in {fit.n_iterations} steps"
    scores, n_clusters = cluster_scores(cells, usable, fit.coef, link)
    if n_clusters == 1:
        return None, "there is but one customer"
    if n_clusters <= len(fit.coef):
        return None, f"{n_clusters} customers are too few to tell the errors of {len(fit.coef)} terms"
    return (fit.coef, cluster_covariance(scores, fit.bread, n_clusters), scores @ fit.bread), ""


def _differences(
    contrast: tuple[str, str], told: dict[str, Survivors], whys: dict[str, str], result: Result, level: float
) -> list[dict]:
    name = f"{contrast[0]} less {contrast[1]}"
    terms = ("difference", "difference_periods_stayed")
    why = next((whys.get(group, "it has no customers") for group in contrast if group not in told), "")
    if why:
        return [{"term": term, "band": name} | unknown(why) for term in terms]
    first, second = (told[group] for group in contrast)
    error = _error(first.share_gradient - second.share_gradient, result)
    stay_error = _error(first.stay_gradient - second.stay_gradient, result)
    return [
        {"term": terms[0], "band": name} | wald(first.share - second.share, error, level),
        {"term": terms[1], "band": name} | wald(first.stay - second.stay, stay_error, level),
    ]


def _error(gradient: np.ndarray, result: Result) -> float:
    assert result.vcov is not None
    return float(np.sqrt(gradient @ result.vcov.to_numpy() @ gradient))
