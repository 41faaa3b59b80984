"""Who answers: the propensity to answer an occasion, and means of everybody asked, weighted by its inverse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import special

from coroi.errors import DataError
from coroi.inference.binary import fit_binary
from coroi.inference.cells import ArrayCells, count_cells
from coroi.inference.clusters import cluster_covariance, cluster_scores
from coroi.inference.design import Term, Usable, examine, fit_rows, labels_of, rows_of
from coroi.inference.estimates import known, unknown, wald
from coroi.inference.overlap import overlap_checks, unchecked
from coroi.inference.shares import width_of
from coroi.inference.totals import check_weights
from coroi.inference.weighting import Propensity, answered_mean, cluster_error, mean_influence
from coroi.metrics.totals import ALL_ALIKE, MIN_CUSTOMERS, TOO_FEW
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand="mean of an outcome over all occasions, had every one been answered",
    unit="the outcome's unit",
    assumptions=(
        (
            "answers are missing at random: given the covariates, who answers does not depend on the answer",
            "untestable",
        ),
        ("covariates are known before the occasion", "dates, by whoever builds the occasions"),
        ("every kind of customer answers with some chance", "propensities near zero, largest weight, effective size"),
        ("the log odds of answering are linear in the covariates", "balance after weighting"),
        ("occasions of one customer may depend on each other, customers may not", "untestable"),
    ),
    reference=(
        "Horvitz and Thompson (1952), JASA 47:663-685; Hajek (1971); weights that are estimated: Robins, Rotnitzky and "
        "Zhao (1994), JASA 89:846-866; Newey and McFadden (1994), section 6"
    ),
)
TERMS = ("observed", "weighted", "shift")


def simulate_response(
    rng: np.random.Generator,
    *,
    n: int,
    occasions: int,
    by_tenure: float = 0.5,
    by_trigger: float = 0.8,
    by_score: float = 0.0,
    base: float = -0.7,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers who are asked several times and answer the likelier, the happier they may be.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, occasions : int
        Customers, and occasions of each.
    by_tenure, by_trigger, by_score : float
        Log odds of answering by one standard deviation of tenure, by the event that triggered the survey, and by a
        point of the score itself; with the last at 0 answers are missing at random given the others.
    base : float
        Log odds of answering otherwise.

    Returns
    -------
    frame : pandas.DataFrame
        ``customer, occasion, tenure, triggered`` ("yes" or "no"), ``answered`` (0 or 1) and ``score``, NaN where
        silent.
    truth : dict of str to float
        ``weighted``: the mean score of everybody. ``observed`` and ``shift`` hang on who answers and are not told.
    """
    customer, occasion = np.repeat(np.arange(n), occasions), np.tile(np.arange(occasions), n)
    tenure = np.round(np.repeat(rng.normal(size=n), occasions) * 4) / 4
    triggered = rng.random(n * occasions) < 0.4
    own = np.repeat(rng.normal(scale=0.8, size=n), occasions)
    score = 7 + 0.8 * tenure - 1.0 * triggered + own + rng.normal(scale=0.7, size=n * occasions)
    odds = base + by_tenure * tenure + by_trigger * triggered + by_score * (score - 7)
    answered = rng.random(n * occasions) < special.expit(odds)
    frame = pd.DataFrame(
        {
            "customer": customer,
            "occasion": occasion,
            "tenure": tenure,
            "triggered": np.where(triggered, "yes", "no"),
            "answered": answered.astype(int),
            "score": np.where(answered, score, np.nan),
        }
    )
    return frame, {"weighted": 7 - 0.4}


def fit_response(
    data: pd.DataFrame,
    *,
    terms: Sequence[Term],
    outcomes: Sequence[str],
    answered: str = "answered",
    customer: str = "customer",
    occasion: str = "occasion",
    weight: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit the propensity to answer and weight the answers by its inverse.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a customer and occasion on which an answer could have been given.
    terms : sequence of Term
        What answering is explained by beside the constant: known before the occasion, the event that triggered it among
        them.
    outcomes : sequence of str
        Columns whose mean is wanted; read in rows that were answered only.
    answered, customer, occasion : str
        Columns of 0/1, of the cluster and of the occasion.
    weight : str, optional
        Column of survey weights; 1 by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each customer on the weighted means, shape (n_customers, n_outcomes).

    Returns
    -------
    Result
        By ``outcome``: ``observed`` (mean of the answers), ``weighted`` (mean of everybody asked) and ``shift`` (the
        second less the first). Not identified: all of them with fewer than 10 customers who answered; the weighted
        where nobody of some level answers, where the covariates separate those who answer, or where the fit does not
        converge. Checks: effective size, largest weight, propensities near zero, balance. Table ``propensity``: the
        log odds ratios.

    Raises
    ------
    DataError
        If a row lacks its customer or repeats its customer and occasion, an answer lacks its outcome, or a weight is
        bad.

    Notes
    -----
    Hajek's ratio with a logit. The errors come from each customer's influence, which carries the estimation of the
    weights: to first order the same as refitting the weights in every resample of customers, and it never resamples
    rows or cells. Assumptions: see ``INFO``. Missing at random cannot be tested: ``metrics.silent`` tells what the
    silent would have to think for a conclusion to turn.
    """
    rows = _checked(data, outcomes, answered, customer, occasion, weight)
    cells = count_cells(rows, [t.name for t in terms], event=answered, cluster=customer, weight=weight, time=occasion)
    usable = examine(cells, terms)
    sample = _Sample(
        spoke=rows[answered].to_numpy(float),
        base=np.ones(len(rows)) if weight is None else rows[weight].to_numpy(float),
        code=pd.factorize(rows[customer])[0],
    )
    propensity, log_odds, why = _propensity(cells, usable, sample, level)
    estimates, moved = [], {}
    for name in outcomes:
        found, influence = _means(rows[name].to_numpy(float), sample, propensity, why, level)
        estimates += [{"term": t, "outcome": name} | row for t, row in zip(TERMS, found, strict=True)]
        moved[name] = influence
    whole = keep_influence and all(influence is not None for influence in moved.values())
    return Result(
        method="response",
        estimand=INFO.estimand,
        spec={
            "level": level,
            "outcomes": list(outcomes),
            "terms": [asdict(t) | {"levels": list(t.levels)} for t in usable.terms],
            "errors": "influence by customer, weights' estimation within, factor G / (G - 1)",
        },
        estimates=pd.DataFrame(estimates),
        influence=pd.DataFrame(moved, index=cells.cluster_names) if whole else None,
        n_obs=len(rows),
        n_entities=cells.n_clusters,
        checks=_checks(usable, propensity, sample, why),
        tables={"propensity": log_odds},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    """Who spoke, survey weights and customers, by occasion."""

    spoke: np.ndarray
    base: np.ndarray
    code: np.ndarray

    @property
    def n_speaking(self) -> int:
        """Customers with an answer that counts."""
        return int(np.unique(self.code[(self.spoke > 0) & (self.base > 0)]).size)


def _checked(
    data: pd.DataFrame, outcomes: Sequence[str], answered: str, customer: str, occasion: str, weight: str | None
) -> pd.DataFrame:
    """Return the rows in an order of their own, so that sums do not hang on the one they came in."""
    lacking = int(data[[customer, occasion]].isna().any(axis=1).sum())
    if lacking:
        raise DataError(f"{lacking:,} rows lack '{customer}' or '{occasion}'. Leave them out, and say so.")
    silent = data[answered].to_numpy(float) == 0
    if not (silent | (data[answered].to_numpy(float) == 1)).all():
        raise DataError(f"'{answered}' holds more than 0 and 1.")
    for name in outcomes:
        without = int((~np.isfinite(data[name].to_numpy(float)) & ~silent).sum())
        if without:
            raise DataError(f"{without:,} answers have no '{name}'. An occasion without it is one without an answer.")
    if weight is not None:
        check_weights(data[weight].to_numpy(float))
    return data.sort_values([customer, occasion], kind="stable", ignore_index=True)


def _propensity(
    cells: ArrayCells, usable: Usable, sample: _Sample, level: float
) -> tuple[Propensity | None, pd.DataFrame, str]:
    """Return the chance to answer, the log odds ratios, and why there is none."""
    labels, free = labels_of(usable.terms), usable.free
    nothing = pd.DataFrame(
        [{"term": t} | unknown(r or "nothing was fitted") for t, r in zip(labels, usable.reasons, strict=True)]
    )
    if sample.spoke.all():
        certain = Propensity(np.ones(cells.n_rows), np.zeros((cells.n_rows, 0)), np.zeros((cells.n_clusters, 0)))
        return certain, nothing, ""
    design, keep, _, _ = rows_of(cells.block, usable.terms, usable.set_aside)
    place = cells.block.rows[1]
    if not keep[place][sample.spoke == 0].all():
        gone = [f"{name}[{level}]" for name, levels in usable.set_aside.items() for level in sorted(levels)]
        return None, nothing, f"of some kinds nobody answers, so nothing tells what they think ({', '.join(gone)})"
    if usable.hindrance:
        return None, nothing, "nobody answers"
    rate = usable.events / usable.n
    start = np.zeros(int(free.sum()))
    start[0] = np.log(rate / (1 - rate))
    fit = fit_binary(lambda: fit_rows(cells, usable), start, link="logit")
    if fit.separated or not fit.converged:
        how = (
            "the covariates separate those who answer from the silent" if fit.separated else "the fit does not converge"
        )
        return None, nothing, how
    scores, n_clusters = cluster_scores(cells, usable, fit.coef, "logit")
    if n_clusters <= len(fit.coef):
        return None, nothing, f"{n_clusters} customers are too few for {len(fit.coef)} terms"
    errors = np.sqrt(np.diag(cluster_covariance(scores, fit.bread, n_clusters)))
    found = iter(zip(fit.coef, errors, strict=True))
    table = [
        {"term": t} | (unknown(why) if why else wald(*next(found), level))
        for t, why in zip(labels, usable.reasons, strict=True)
    ]
    columns = design[:, free]
    chance = np.where(keep, special.expit(columns @ fit.coef), 1.0)
    return Propensity(chance[place], columns[place], scores @ fit.bread), pd.DataFrame(table), ""


def _means(
    value: np.ndarray, sample: _Sample, propensity: Propensity | None, why: str, level: float
) -> tuple[list[dict], np.ndarray | None]:
    """Return the observed, the weighted and the difference, and the influence on the weighted."""
    if sample.n_speaking < MIN_CUSTOMERS:
        return [unknown(TOO_FEW)] * 3, None
    n_clusters = int(sample.code.max()) + 1
    plain, of_plain = mean_influence(value, sample.base * sample.spoke, sample.code, n_clusters)
    if np.ptp(value[(sample.spoke > 0) & (sample.base > 0)]) == 0:
        return [unknown(ALL_ALIKE)] * 3, None
    width = width_of(level, sample.n_speaking)
    observed = _row(plain, of_plain, width)
    if propensity is None:
        return [observed, unknown(why), unknown(why)], None
    mean, influence = answered_mean(value, sample.spoke, sample.base, sample.code, propensity)
    return [observed, _row(mean, influence, width), _row(mean - plain, influence - of_plain, width)], influence


def _row(estimate: float, influence: np.ndarray, width: float) -> dict:
    error = cluster_error(influence)
    return known(estimate, error, estimate - width * error, estimate + width * error)


def _checks(usable: Usable, propensity: Propensity | None, sample: _Sample, why: str) -> tuple[Check, ...]:
    if sample.n_speaking < MIN_CUSTOMERS:
        return unchecked(TOO_FEW)
    if propensity is None:
        return unchecked(why)
    labels = [label for label, reason in zip(labels_of(usable.terms), usable.reasons, strict=True) if not reason]
    covariates = propensity.design[:, 1:]
    return overlap_checks(
        sample.base * sample.spoke / propensity.chance,
        propensity.chance,
        sample.code,
        sample.base,
        pd.DataFrame(covariates, columns=labels[1 : 1 + covariates.shape[1]]),
    )
