"""What a point of the metric goes with in the outcome, period by period after it: early, late, and when they cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.crossing import Crossing, crossing
from coroi.inference.estimates import known, unknown
from coroi.inference.panels import cluster_codes, read_panel
from coroi.inference.paths import Errors, Path, early_and_late, tie
from coroi.inference.projection import projection_columns
from coroi.inference.projections import most_influential_check, project_all, row_table
from coroi.inference.reach_checks import length_check, settled_check
from coroi.inference.within import Effects
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "what a point of the metric now, beyond what is held, goes with in the outcome some periods later; early and "
        "late means of it, and the horizon from which it is no longer below zero"
    ),
    unit="outcome per point of the metric",
    assumptions=(
        ("given what is held, nothing that moves the metric now moves the outcome later by another way", "untestable"),
        ("the response is the same for all entities and at all times", "untestable"),
        (
            "with entity effects, metric and errors are tied over few periods beside those of the panel",
            "length, settled",
        ),
        ("no entity alone carries a response", "most_influential"),
        ("clusters are independent of each other; with serial errors periods far apart are", "untestable"),
        ("rows whose later outcome is missing are like the others", "untestable"),
    ),
    reference=(
        "Jorda (2005), American Economic Review 95:161-182; bands: Montiel Olea and Plagborg-Moller (2019), Journal of "
        "Applied Econometrics 34:1-17; short panels: Mei, Sheng and Shi (2026), Journal of International Economics 160"
    ),
)
LEAST_CLUSTERS = 10


def simulate_local_projections(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    path: Sequence[float],
    persistence: float = 0.0,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome follows the metric over some periods.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods of each.
    path : sequence of float
        What a point of the metric adds to the outcome of the same period, of the next, and so on.
    persistence : float
        Autocorrelation of the metric.
    noise : float
        Standard deviation of what else moves the outcome.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, outcome, metric``.
    truth : dict of str to float
        ``response[h]``: what a point of the metric beyond its last value goes with h periods later, for as many
        horizons as `path` has.
    """
    new = rng.normal(size=(n, periods + 60))
    metric = np.zeros_like(new)
    for t in range(1, new.shape[1]):
        metric[:, t] = persistence * metric[:, t - 1] + new[:, t]
    outcome = noise * rng.normal(size=new.shape) + rng.normal(size=(n, 1)) + rng.normal(size=new.shape[1])
    for h, effect in enumerate(path):
        outcome[:, h:] += effect * metric[:, : new.shape[1] - h]
    frame = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(periods), n),
            "outcome": outcome[:, 60:].ravel(),
            "metric": (metric + rng.normal(size=(n, 1)))[:, 60:].ravel(),
        }
    )
    truth = {
        f"response[{h}]": float(sum(path[j] * persistence ** (h - j) for j in range(h + 1))) for h in range(len(path))
    }
    return frame, truth


def fit_local_projections(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    past: Sequence[str] = (),
    horizons: int = 6,
    lags: int = 0,
    cumulative: bool = False,
    change: bool = False,
    early: int = 3,
    sample: Literal["own", "common"] = "own",
    effects: Effects = "both",
    correct: bool = True,
    errors: Errors = "cluster",
    n_lags: int | None = None,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit one regression a horizon of the later outcome on the metric now, and tie them by what they share.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns.
    controls, past : sequence of str
        Columns held as they are now, and columns of which the last values are held.
    horizons : int
        Last horizon; the first is 0, the same period.
    lags : int
        Last values of outcome, metric and `past` that are held; 0 for none.
    cumulative : bool
        Whether the outcome is its sum from now to the horizon, instead of its level there.
    change : bool
        Whether the metric is its change since the period before.
    early : int
        Horizons, from 0, that count as early; those after are late.
    sample : str
        ``own``: each horizon uses every row that has its outcome, so that later horizons have fewer; ``common``: all
        use the rows that have all of them.
    effects : str
        ``both``, ``entity``, ``period`` or ``none``, for a single series.
    correct : bool
        Take out the bias that sweeping out entities leaves in short panels; of use with entity effects only.
    errors : str
        ``cluster``, or ``serial``: dependent over some periods and across entities, for few entities and many periods
        (Newey–West for a single series, Driscoll–Kraay for a panel).
    n_lags : int, optional
        Periods of dependence with ``serial``; the last horizon by default.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of groups of entities whose errors may depend on each other; the entity by default.
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep the influence of each cluster on the responses, shape (n_clusters, n_horizons).

    Returns
    -------
    Result
        ``response`` by ``horizon``, with ``band_low`` and ``band_high``, which hold all horizons at once; ``early`` and
        ``late``: mean response a period over these horizons, from levels or sums alike; ``crossover``: the horizon from
        which the path is no longer below zero, its interval the band projected, infinite where that is not within the
        horizons. ``horizon`` of the last three is the last one that they take in. Tables: ``band`` (the critical
        value), ``rows`` by horizon, ``crossover``. Checks ``length``, ``settled`` and
        ``most_influential``. Not identified: fewer than 10
        clusters (or periods), a metric or outcome that never varies beyond the effects, a horizon without rows, or at
        which entities have too few of them to take out the bias of sweeping out their level.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, an entity has several clusters, or a number of horizons
        or lags is below zero.

    Notes
    -----
    The covariance across horizons comes from each cluster's influence on all of them, and the band from that
    covariance, so that a horizon that repeats another costs nothing. Sweeping out entities biases each horizon by the
    order of one over the periods, even without a lag of the outcome, since a later metric is part of the error (Mei,
    Sheng and Shi). :func:`coroi.inference.reach.balance` takes that out: within a reach exactly, at whatever length, so
    that no more is left than ties between periods further apart. Intervals use t with one degree of freedom less than
    there are clusters (or periods).
    Assumptions: see ``INFO``.
    """
    if horizons < 0 or lags < 0 or early < 1:
        asked = f"{horizons}, {lags} and {early} were asked for"
        raise DataError(f"horizons and lags count from 0 and early horizons from 1; {asked}.")
    names = list(dict.fromkeys((outcome, metric, *controls, *past)))
    panel = read_panel(data, [*names, *([cluster] if cluster else [])], entity=entity, period=period)
    columns = projection_columns(
        panel.frame[names].to_numpy(float),
        panel.entity,
        panel.period,
        metric=names.index(metric),
        controls=[names.index(c) for c in controls],
        past=[names.index(c) for c in dict.fromkeys((outcome, metric, *past))],
        lags=lags,
        horizons=horizons,
        cumulative=cumulative,
        change=change,
        common=sample == "common",
    )
    correct = correct and effects in ("entity", "both")
    found = project_all(columns, panel, effects=effects, correct=correct)
    steps = found.steps
    groups, labels = cluster_codes(panel, cluster)
    n_lags = horizons if n_lags is None else n_lags
    if errors == "serial":
        groups = panel.period - panel.period.min()
    path = tie(steps, groups, errors=errors, n_lags=n_lags, least=LEAST_CLUSTERS)
    critical = path.critical(level)
    crossed = _crossed(path, critical)
    told = f"clustered, factor G / (G - 1), t with {path.df} degrees of freedom, clusters less one"
    serial = f"serial over {n_lags} periods, no factor, t with {path.df} degrees of freedom, periods less one"
    spec = {
        "outcome": outcome,
        "metric": metric,
        "controls": list(controls),
        "past": list(past),
        "horizons": horizons,
        "lags": lags,
        "cumulative": cumulative,
        "change": change,
        "early": early,
        "sample": sample,
        "effects": effects,
        "correct": correct,
        "level": level,
        "errors": told if errors == "cluster" else serial,
    }
    terms = [f"response[{h}]" for h in range(horizons + 1)]
    whole = not any(path.reasons)
    keep = keep_influence and whole and errors == "cluster"
    used = np.unique(np.concatenate([step.rows for step in steps]))
    return Result(
        method="local_projections",
        estimand=INFO.estimand,
        spec=spec,
        estimates=_estimates(path, critical, crossed, early, level, cumulative=cumulative),
        vcov=pd.DataFrame(path.covariance, index=terms, columns=terms) if whole else None,
        influence=pd.DataFrame(path.moved, index=labels[path.groups], columns=terms) if keep else None,
        n_obs=len(used),
        n_entities=int(np.unique(panel.entity[used]).size),
        checks=(
            length_check(found.rows, effects=effects, correct=correct),
            settled_check(steps, found.other, groups, effects=effects, correct=correct),
            *most_influential_check(found, path, columns, panel, effects=effects),
        ),
        tables={
            "band": pd.DataFrame([{"critical": critical, "level": level, "df": path.df, "horizons": horizons + 1}]),
            "rows": row_table(found, panel),
        }
        | ({} if crossed is None else {"crossover": pd.DataFrame([asdict(crossed)])}),
    )


def _crossed(path: Path, critical: float) -> Crossing | None:
    """Project the band on the horizon of crossing; nothing where a horizon is missing."""
    if any(path.reasons):
        return None
    half = np.nan_to_num(critical) * np.sqrt(np.diag(path.covariance))
    return crossing(path.estimate, path.estimate - half, path.estimate + half)


def _estimates(
    path: Path, critical: float, crossed: Crossing | None, early: int, level: float, *, cumulative: bool
) -> pd.DataFrame:
    last = len(path.estimate) - 1
    half = np.nan_to_num(critical) * np.sqrt(np.diag(path.covariance))
    rows = []
    for h, point in enumerate(np.eye(last + 1)):
        band = {"band_low": path.estimate[h] - half[h], "band_high": path.estimate[h] + half[h]}
        rows.append({"term": "response", "horizon": h} | path.combined(point, level) | band)
    for term, until, weights in early_and_late(last, early, cumulative=cumulative):
        short = unknown(f"there are {last + 1} horizons, so none is left after the {early} early ones")
        found = short if weights is None else path.combined(weights, level)
        rows.append({"term": term, "horizon": until} | found)
    rows.append({"term": "crossover", "horizon": last} | _crossover(path, crossed, last))
    return pd.DataFrame(rows)


def _crossover(path: Path, crossed: Crossing | None, last: int) -> dict:
    if crossed is None:
        return unknown(next(why for why in path.reasons if why))
    if not crossed.below:
        return unknown("the estimated path is nowhere below zero")
    if np.isinf(crossed.estimate):
        return unknown(f"not within {last} periods: the estimated path still ends below zero")
    return known(crossed.estimate, np.nan, crossed.earliest, crossed.latest)
