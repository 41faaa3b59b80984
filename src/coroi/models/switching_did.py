"""Effects of a programme that varies in intensity and may be switched off: by dose, by exposure, and after the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.inference.doses import Doses, read_doses
from coroi.inference.estimates import unknown
from coroi.inference.influence import influence_covariance
from coroi.inference.switching import Term, going_on, together, unchanged
from coroi.inference.switching_checks import switching_checks
from coroi.inference.switching_paths import (
    Asked,
    dose_terms,
    end_targets,
    end_terms,
    of_ends,
    of_starts,
    start_targets,
    start_terms,
)
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "mean effect on treated units of the doses that they received since their dose first rose, against staying "
        "with the dose of their first period: by time since then, per unit of dose, by dose, by uninterrupted "
        "exposure, and by time since it was switched off"
    ),
    unit="the outcome's unit; per unit of dose and period where said",
    assumptions=(
        ("without a change of dose, units of one first dose would have moved alike", "leads"),
        ("units that stop would otherwise have gone on as those of the same doses that do go on", "leads of the end"),
        ("doses change because of nothing that moves the outcome at the same time", "untestable"),
        ("a unit's dose moves no other unit's outcome, and is not felt before it changes", "untestable"),
        ("units that took half would have gained as much from the full dose as those that took it", "untestable"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference=(
        "de Chaisemartin and D'Haultfœuille (2024), Difference-in-Differences Estimators of Intertemporal Treatment "
        "Effects, Review of Economics and Statistics, eqs. 3 to 9; degrees of freedom: Welch (1947), Biometrika "
        "34:28-35"
    ),
)
KEYS = ("event_time", "cohort", "period", "exposure", "since_end", "dose_group")
PATHS = ("event_time", "balanced", "left_after", "stopping")
GROUPS = ("event_time", "per_dose", "exposure", "left_after", "faded", "stopping", "dose_group", "full_less_part")


def simulate_switching_did(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    lengths: Sequence[int] = (),
    doses: Sequence[float] = (1.0,),
    path: Sequence[float] = (1.0,),
    kept: float = 0.0,
    never: float = 0.3,
    persistence: float = 0.5,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw units that take up a programme at some intensity, of which some give it up again.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Units, and periods observed, from 0.
    starts : sequence of int
        First treated periods; treated units fall to them in turn.
    lengths : sequence of int
        Periods until the end, 0 for a programme that goes on; units of one start fall to them in turn.
    doses : sequence of float
        Intensities; units of one start and length fall to them in turn.
    path : sequence of float
        Effect of a dose of 1 by periods since the start; the last one stays.
    kept : float
        Share of the effect of the last treated period that is left a period after the end, and so on.
    never : float
        Share of units that are never treated, rounded.
    persistence, noise : float
        Autocorrelation and standard deviation of the shocks.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, dose, outcome``.
    effect : ndarray, shape (n_rows,)
        The true effect in each row.
    """
    order, lasting = rng.permutation(n), tuple(lengths) or (0,)
    treated = np.arange(n) >= round(never * n)
    place = np.cumsum(treated) - 1
    start = np.asarray(starts)[place % len(starts)]
    length = np.asarray(lasting)[place // len(starts) % len(lasting)]
    amount = np.asarray(doses)[place // (len(starts) * len(lasting)) % len(doses)]
    time = np.arange(periods) - start[:, None]
    last = np.where(length > 0, length, periods)[:, None]
    on = treated[:, None] & (time >= 0) & (time < last)
    height = np.asarray(path, dtype=float)
    reached = height[np.clip(np.minimum(time, last - 1), 0, len(height) - 1)]
    left = kept ** np.maximum(time - last + 1, 0)
    effect = (treated[:, None] & (time >= 0)) * amount[:, None] * reached * left
    dose = on * amount[:, None]
    shock = rng.normal(size=(n, periods))
    for t in range(1, periods):
        shock[:, t] = persistence * shock[:, t - 1] + np.sqrt(1 - persistence**2) * shock[:, t]
    outcome = 10 + 2 * rng.normal(size=(n, 1)) + rng.normal(size=periods) + effect[order] + noise * shock
    who, when = np.indices((n, periods)).reshape(2, -1)
    frame = pd.DataFrame({"entity": who, "period": when, "dose": dose[order].ravel(), "outcome": outcome.ravel()})
    return frame, effect[order].ravel()


def fit_switching_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    dose: str = "dose",
    entity: str = "entity",
    period: str = "period",
    weight: str | None = None,
    cluster: str | None = None,
    anticipation: int = 0,
    controls: Literal["not_yet", "never"] = "not_yet",
    leads: int = 3,
    horizon: int | None = None,
    full: float | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Compare units since their dose first changed with those of the same first dose that have not changed yet.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome : str
        Column of what is explained.
    dose : str
        Column of what the entity received in the period, 0 for nothing; it may fall back to 0.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    weight : str, optional
        Column of weights above zero, such as customers behind a unit's rate.
    cluster : str, optional
        Column of groups of entities by which treatment was assigned; the entity itself by default.
    anticipation : int
        Periods before a change in which its effect may already be felt.
    controls : str
        ``not_yet``: whose dose has not changed yet; ``never``: whose dose never does.
    leads : int
        Periods before the base in which units are compared, where there must be no effect.
    horizon : int, optional
        Last time since the start; all by default.
    full : float, optional
        Dose at the start from which it counts as full; the largest by default.
    level : float
        Level of intervals and bands.
    keep_influence : bool
        Keep each cluster's influence on every estimate.

    Returns
    -------
    Result
        Against units that have not changed: ``event_time`` (0 is the first period of the new dose; leads lie before
        the base), ``overall`` (every unit-period since the start alike, after an end too), ``cohort``, ``period``,
        ``balanced`` (units there at every time that half of them reach), ``per_dose`` by ``event_time`` (over the dose
        received since the start), ``per_dose_overall``, ``exposure`` (periods without a break), ``dose_path`` and
        ``dose_group`` (``part`` or ``full``, while the first dose goes on, each time alike), ``full_less_part``, the
        same per unit of dose, ``left_after`` by ``since_end`` (−1 is the last treated period) and ``faded`` (the
        same units' change since then). Against units of the same doses that go on: ``stopping`` by ``since_end``.
        Bands ``band_low`` and ``band_high`` hold a whole path of ``event_time``, ``balanced``, ``left_after`` or
        ``stopping`` at once. Not identified: fewer than two clusters on a side, nothing that changes, nobody to
        compare with. Checks: ``leads``, ``leads of the end``, ``composition``. Table ``left_out``.

    Raises
    ------
    DataError
        If keys are missing or repeated, a dose is below zero, a weight is not above zero, or a number of periods is
        below zero.

    Notes
    -----
    Units whose dose first falls are no part of the path since the start: those above 0 in their first period serve
    ``stopping``. Clustered errors with G / (G − 1) and, on either side of a comparison, n / (n − 1); t with Welch's
    degrees of freedom (column ``df``), bands with the fewest of the path, rounded down. Assumptions: see ``INFO``.
    """
    if anticipation < 0 or leads < 0 or (horizon is not None and horizon < 0):
        raise DataError("anticipation, leads and horizon count periods, 0 or more.")
    rows = read_doses(data, outcome=outcome, dose=dose, entity=entity, period=period, weight=weight, cluster=cluster)
    why = _hindrance(rows, controls)
    asked = [] if why else _ask(rows, anticipation, controls == "never", leads, horizon, full)
    present = {each.term for each in asked}
    missing = why or "no unit changes so, or nobody is there to compare with"
    asked += [Asked(term=term, keys={}, found=missing) for term in GROUPS if term not in present]
    told = {each.name: each.found for each in asked if isinstance(each.found, Term)}
    moved = pd.DataFrame(together(list(told.values())), rows.cluster_names, list(told)) if told else None
    return Result(
        method="switching_did",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "dose": dose,
            "anticipation": anticipation,
            "controls": controls,
            "leads": leads,
            "horizon": horizon,
            "full": full,
            "level": level,
            "errors": "clustered, factors G / (G - 1) and n / (n - 1) on either side, t with Welch's df",
        },
        estimates=_estimates(asked, level),
        vcov=None if moved is None else _covariance(moved),
        influence=moved if keep_influence else None,
        n_obs=int((~np.isnan(rows.outcome)).sum()),
        n_entities=len(rows.outcome),
        checks=switching_checks(asked),
        tables={"left_out": rows.left_out},
    )


def _hindrance(rows: Doses, controls: str) -> str:
    """Say why nothing is identified; empty where something is."""
    if not ((rows.first < rows.n_periods) & (rows.first > 0)).any():
        return "no unit's dose ever changes"
    if controls == "never" and (rows.first < rows.n_periods).all():
        return "every unit's dose changes, and those not changed yet were not to be compared with"
    return ""


def _ask(
    rows: Doses, anticipation: int, never: bool, leads: int, horizon: int | None, full: float | None
) -> list[Asked]:
    last = rows.n_periods if horizon is None else horizon
    pool, stays = unchanged(rows, anticipation=anticipation, never=never), going_on(rows, anticipation=anticipation)
    asked: list[Asked] = []
    since_start = start_targets(rows, leads=leads, horizon=last, anticipation=anticipation)
    if (since_start.time >= 0).any():
        found = of_starts(rows, since_start, pool)
        asked += [*start_terms(rows, found), *dose_terms(rows, found, full)]
    left, stopped = (
        end_targets(rows, leads=leads, anticipation=anticipation, since_start=each) for each in (True, False)
    )
    asked += end_terms(of_starts(rows, left, pool), of_ends(rows, stopped, stays))
    return asked


def _covariance(moved: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(influence_covariance(moved.to_numpy()), index=moved.columns, columns=moved.columns)


def _estimates(asked: Sequence[Asked], level: float) -> pd.DataFrame:
    rows = []
    critical = {name: _critical([a.found for a in asked if a.term == name], level) for name in PATHS}
    for each in asked:
        row: dict = {"term": each.term} | {key: each.keys.get(key) for key in KEYS}
        if isinstance(each.found, str):
            rows.append(row | unknown(each.found) | {"n_units": 0, "n_rows": 0, "df": np.nan})
            continue
        half = critical.get(each.term, np.nan) * each.found.error
        estimate = each.found.estimate
        rows.append(row | each.found.row(level) | {"band_low": estimate - half, "band_high": estimate + half})
    frame = pd.DataFrame(rows).reindex(
        columns=[*rows[0], "band_low", "band_high"] if "band_low" not in rows[0] else [*rows[0]]
    )
    return frame.astype(dict.fromkeys(KEYS[:-1], float))


def _critical(found: Sequence[Term | str], level: float) -> float:
    terms = [each for each in found if isinstance(each, Term)]
    if not terms:
        return float("nan")
    return sup_t(influence_covariance(together(terms)), level=level, df=max(1, int(min(t.df for t in terms))))
