"""What a point of the metric goes with in money: within the same entities, between them, and in all rows alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.errors import DataError, Problem, did_you_mean
from coroi.inference.blocks import MOST_ROWS, ArrayBlocks, fits_in_memory, read_blocks
from coroi.inference.computed import COMPUTED
from coroi.inference.effects import ESTIMATORS, WITHIN, EffectsFit, Estimator, fit_effects
from coroi.inference.effects_rows import CLUSTER, Asked, influence_of, rows_of
from coroi.inference.effects_stream import stream_effects
from coroi.inference.leverage import anew_share, influence_check
from coroi.inference.mundlak import difference_check
from coroi.models.info import Info
from coroi.results import Check, Result
from coroi.schemas import EntityBlocks

_CONVENTIONS = {
    "cluster_errors": "factor G / (G - 1), t with as many degrees of freedom as clusters that tell something, less one",
    "driscoll_kraay_errors": "Bartlett, floor(4 (T / 100)^(2/9)) lags, factor T / (T - 1), t with T - 1",
    "between": "means of entities, each once, shares of rows by period held",
}

INFO = Info(
    estimand="difference in the outcome of a period that one unit more of the metric known in it goes with",
    unit="unit of the outcome a unit of the metric, by period",
    assumptions=(
        ("the metric does not answer to earlier, present or later shocks of the outcome", "direction test"),
        ("what else differs between entities does not change over time", "untestable"),
        ("periods move all entities alike", "untestable"),
        ("no effect on later periods", "lag profile"),
        ("a straight line, alike for all entities", "untestable"),
        ("clusters are independent of each other; with Driscoll–Kraay, distant periods are", "untestable"),
        ("no entity alone carries the estimate", "most_influential"),
        ("for means of entities: entities do not differ but in the metric", "within_equals_between"),
    ),
    reference=(
        "Baltagi (2021), Econometric Analysis of Panel Data, sections 2.2 and 3.2; clusters: Arellano (1987), Oxford "
        "Bulletin 49:431-434; Driscoll and Kraay (1998), Review of Economics and Statistics 80:549-560; within against "
        "between: Mundlak (1978), Econometrica 46:69-85"
    ),
)


def simulate_fixed_effects(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    slope: float,
    confounding: float = 0.0,
    reverse: float = 0.0,
    persistence: float = 0.5,
    attrition: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome follows the metric of the period, a level of their own, and the period.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods observed.
    slope : float
        Effect of one point of the metric on the outcome of its period.
    confounding : float
        What a unit of the entity's level of the outcome adds to its metric.
    reverse : float
        What a unit of the last period's shock to the outcome adds to the metric.
    persistence : float
        Autocorrelation of the metric's and of the outcome's shocks.
    attrition : float
        Chance to leave for good after each period.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome``.
    truth : dict of str to float
        ``metric``: the slope.
    """
    level, season = rng.normal(size=n), rng.normal(size=periods)
    keep = np.sqrt(1 - persistence**2)
    noise, error = rng.normal(size=(2, n, periods))
    for t in range(1, periods):
        noise[:, t] = persistence * noise[:, t - 1] + keep * noise[:, t]
        error[:, t] = persistence * error[:, t - 1] + keep * error[:, t]
    metric = 7 + confounding * level[:, None] + rng.normal(size=n)[:, None] + noise + 0.3 * season
    metric[:, 1:] += reverse * error[:, :-1]
    outcome = 20 + slope * metric + 2 * level[:, None] + season + error
    stays = np.cumsum(rng.random((n, periods)) < attrition, axis=1) == 0
    who, when = np.nonzero(np.hstack([np.ones((n, 1), dtype=bool), stays[:, :-1]]))
    columns = {"entity": who, "period": when, "metric": metric[who, when], "outcome": outcome[who, when]}
    return pd.DataFrame(columns), {"metric": slope}


def fit_fixed_effects(
    data: pd.DataFrame | EntityBlocks,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    estimators: Sequence[Estimator] = ESTIMATORS,
    level: float = 0.95,
    keep_influence: bool = False,
    most_rows: int = MOST_ROWS,
) -> Result:
    """Fit within, between and pooled regressions side by side.

    Parameters
    ----------
    data : pandas.DataFrame or EntityBlocks
        One row an entity and period; or the same in blocks of whole entities, whose columns are the outcome, the
        metric and the controls in this order.
    outcome, metric : str
        Columns of what is explained and of what explains it.
    controls : sequence of str
        Further columns.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time, 4,000 at most from first to last.
    cluster : str, optional
        Column of clusters of whole entities; each entity its own by default. Blocks bring their own.
    estimators : sequence of str
        Of ``two_way`` (entity and period effects), ``entity`` (entity effects alone), ``between`` (means of entities)
        and ``pooled`` (all rows, no effects).
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster by its name, shape (n_clusters, n_terms), columns ``<estimator>: <term>``.
    most_rows : int
        With more rows than that, sums are taken block by block instead of holding swept copies of all rows.

    Returns
    -------
    Result
        Rows by ``estimator``, ``term`` and ``errors``: ``cluster``, and ``driscoll_kraay`` where there is time. Not
        identified: a column that does not vary where the estimator looks, or that others make up; fewer than 10
        clusters that tell something; Driscoll–Kraay with fewer than 10 periods. Checks: within against between, the
        most influential entity.

    Raises
    ------
    DataError
        If columns or keys are missing or named twice, a key repeats, an entity changes its cluster, periods are not
        numbered one by one, no row is complete, or there is no such estimator.

    Notes
    -----
    Blocks give the same numbers as rows in memory; ``spec`` says which were used. Rows that lack a column are left
    out and counted in ``tables["rows"]``. Assumptions: see ``INFO``.
    """
    names = (outcome, metric, *controls)
    _examine(names, estimators)
    panel: EntityBlocks
    if isinstance(data, pd.DataFrame):
        panel = read_blocks(data, names, entity=entity, period=period, cluster=cluster)
    else:
        panel = data
    if tuple(panel.names) != names:
        raise DataError(f"the blocks hold {', '.join(panel.names)} and not {', '.join(names)}, in this order.")
    by_blocks = not fits_in_memory(panel, most_rows) or not isinstance(panel, ArrayBlocks)
    fits, without, length = _fits(panel, estimators, by_blocks)
    code, clusters = np.arange(len(panel.entities)), panel.entities
    if panel.clusters is not None:
        code, clusters = pd.factorize(panel.clusters)
    asked = Asked(terms=names[1:], cluster=code, n_periods=panel.n_periods, level=level)
    estimates = pd.DataFrame([row for name, fit in fits.items() for row in rows_of(name, fit, asked)])
    influence = influence_of(fits, estimates, asked, clusters)
    covariance = influence.T @ influence * (len(clusters) / max(len(clusters) - 1, 1))
    said: dict[str, object] = {"outcome": outcome, "metric": metric, "controls": list(controls), "entity": entity}
    said |= {"period": period, "cluster": cluster or entity, "estimators": list(estimators), "level": level}
    return Result(
        method="fixed_effects",
        estimand=INFO.estimand,
        spec=said | {"driscoll_kraay_lags": asked.n_lags, "computed": COMPUTED[by_blocks]} | _CONVENTIONS,
        estimates=estimates,
        vcov=covariance if len(covariance) else None,
        influence=influence if keep_influence and len(covariance) else None,
        n_obs=panel.n_rows,
        n_entities=len(panel.entities),
        checks=_checks(estimates, covariance, without, asked),
        tables={"rows": _counts(panel, length)},
    )


def _examine(names: tuple[str, ...], estimators: Sequence[str]) -> None:
    """Refuse columns named twice and estimators that are not there."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{', '.join(twice)}: named twice among outcome, metric and controls.")
    for name in estimators:
        if name not in ESTIMATORS:
            raise DataError(Problem("estimators", f"there is no '{name}'.", did_you_mean(name, ESTIMATORS)))
    if not estimators or len(set(estimators)) < len(estimators):
        raise DataError("name one estimator or more, and each once.")


def _fits(
    panel: EntityBlocks, estimators: Sequence[Estimator], by_blocks: bool
) -> tuple[dict[Estimator, EffectsFit], float, np.ndarray]:
    """Return fits, the first slope without its most influential entity, and rows by entity."""
    if by_blocks or not isinstance(panel, ArrayBlocks):
        found = stream_effects(panel, estimators)
        return found.fits, found.without, found.length
    values, entity, period = panel.columns.T, panel.entity, panel.period - panel.first_period
    fits = {name: fit_effects(values, entity, period, name) for name in estimators}
    first, length = estimators[0], np.bincount(entity)
    if first not in WITHIN or not fits[first].kept[0]:
        return fits, float("nan"), length
    count = anew_share(np.bincount(period)) if first == "two_way" else 1.0
    rest = entity != fits[first].furthest(count)
    codes = np.unique(entity[rest], return_inverse=True)[1]
    without = fit_effects(values[rest], codes, period[rest], first).coef[0] if rest.any() else np.nan
    return fits, float(without), length


def _checks(estimates: pd.DataFrame, covariance: pd.DataFrame, without: float, asked: Asked) -> tuple[Check, ...]:
    rows = estimates[estimates["errors"] == CLUSTER].set_index(["estimator", "term"])
    checks, first = [], rows.iloc[0]
    within = next((name for name in rows.index.get_level_values("estimator") if name in WITHIN), "")
    if within and "between" in rows.index:
        checks.append(difference_check(asked.terms[0], rows, covariance, within=within, level=asked.level))
    if first.name[0] in WITHIN and first["identified"]:
        checks.append(influence_check(first["estimate"], first["std_error"], without))
    return tuple(checks)


def _counts(panel: EntityBlocks, length: np.ndarray) -> pd.DataFrame:
    counted = {
        "rows in the fit": panel.n_rows,
        "rows left out, a column missing": panel.n_omitted,
        "entities": len(length),
        "entities with one period, which tell nothing within": int((length == 1).sum()),
    }
    return pd.DataFrame({"what": list(counted), "n": list(counted.values())})
