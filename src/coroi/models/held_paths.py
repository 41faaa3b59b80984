"""What a rise of the metric that fades as it does goes with in the outcome, before and after, its later values held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.inference.estimates import unknown, wald
from coroi.inference.held_paths import Fading, Held, Rises, fade, respond
from coroi.inference.leverage import influence_check
from coroi.inference.panels import cluster_codes, read_panel, shifted
from coroi.inference.variants import Told, check_variant
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "what a rise of the metric by one point in a period, fading afterwards as the metric's rises do, goes with in "
        "the outcome's change from the period before to some periods later"
    ),
    unit="outcome per point of the metric",
    assumptions=(
        (
            "levels and trends that differ between entities for good, and what moves all in a period, are out",
            "by design",
        ),
        ("what moves the outcome does not move the metric of later periods", "a direction test beside it"),
        ("nothing else moves both at that time", "untestable"),
        ("the outcome answers to no earlier values of the metric than are held", "past"),
        ("the response, and how the metric's rises fade, is the same for all entities and at all times", "untestable"),
        ("clusters are independent of each other", "untestable"),
        ("no entity alone carries the estimate", "most_influential"),
    ),
    reference=(
        "Jorda (2005), American Economic Review 95:161-182; later values held: Teulings and Zubanov (2014), Journal of "
        "Applied Econometrics 29:497-514; fading: Dhaene and Jochmans (2016), Economics Letters 145:98-103"
    ),
)
LEAST_CLUSTERS = 10


def simulate_held_paths(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    now: float,
    slope: float,
    persistence: float,
    sorting: float = 0.1,
    noise: float = 0.5,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome answers to the metric at once, and grows with the metric of the period before.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods of each.
    now, slope : float
        What a point of the metric adds to the outcome of its period for as long as it is there, and to the outcome's
        growth in the next period for good.
    persistence : float
        Autocorrelation of what moves in the metric.
    sorting : float
        How much faster the outcome grows for an entity whose metric lies one point higher for good: no effect.
    noise : float
        Standard deviation of what else moves the outcome's growth.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome``.
    truth : dict of str to float
        ``response[h]`` for horizons from 0 to 5.
    """
    level = rng.normal(size=(n, 1))
    moving = rng.normal(size=(n, periods))
    for t in range(1, periods):
        moving[:, t] = persistence * moving[:, t - 1] + np.sqrt(1 - persistence**2) * moving[:, t]
    before = np.hstack([np.zeros((n, 1)), moving[:, :-1]])
    season = rng.normal(size=periods)
    growth = slope * before + sorting * level + season + noise * rng.normal(size=(n, periods))
    frame = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(periods), n),
            "metric": (level + moving).ravel(),
            "outcome": (now * moving + np.cumsum(growth, axis=1) + 3 * level).ravel(),
        }
    )
    kept = persistence ** np.arange(6)
    return frame, {f"response[{h}]": float(now * kept[h] + slope * kept[:h].sum()) for h in range(6)}


def fit_held_paths(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    base: str | None = None,
    horizons: Sequence[int] = (0, 1, 2, 3),
    past: int = 1,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Regress the outcome's change on the metric now, before and until then, and weigh by how rises fade.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, metric : str
        Columns.
    base : str, optional
        Column by whose value in the period before the change is divided; where it is not above zero there is none.
    horizons : sequence of int
        Periods from the rise; −1, where the change is zero by construction, is none of them.
    past : int
        Earlier values of the metric that are held, from 1.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of groups of entities whose errors may depend on each other; the entity by default.
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep the influence of each cluster on the responses, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        ``response`` by ``horizon``, with ``band_low`` and ``band_high``, which hold all horizons at once; and ``kept``
        by ``horizon``: the share of a rise that is left. Tables: ``rows`` by horizon, ``band`` (the critical value).
        Checks, both of the last horizon: ``most_influential``, and ``past``, with one more earlier value held. Not
        identified: fewer than 10 clusters seen twice with all that it takes, a metric or an outcome that never varies
        beyond the effects, no more rows than parameters.

    Raises
    ------
    DataError
        If keys are missing or repeated, a column is missing, an entity has several clusters, there is no horizon or −1
        among them, or `past` is below 1.

    Notes
    -----
    Entity and period effects are swept out of each regression, which takes out an entity's trend in the outcome and its
    level of the metric. Errors are clustered, with the factor G / (G − 1) · (N − 1) / (N − K), where K counts columns
    and periods and no entities, and t quantiles with G − 1 degrees of freedom; they carry how well the fading is known.
    Later values are held, so that an outcome that moves the metric of the next period would bias this, in any number of
    periods. Assumptions: see ``INFO``.
    """
    if past < 1 or not len(horizons) or -1 in horizons:
        raise DataError(f"horizons {list(horizons)} with {past} earlier values: give some but −1, and hold 1 or more.")
    names = [outcome, metric, *([base] if base else [])]
    panel = read_panel(data, [*names, *([cluster] if cluster else [])], entity=entity, period=period)
    group, labels = cluster_codes(panel, cluster)
    columns = {name: panel.frame[name].to_numpy(float) for name in names}
    rises = Rises(
        metric=columns[metric], entity=panel.entity, period=panel.period, group=group, past=past, least=LEAST_CLUSTERS
    )
    later = {h: _change(columns[outcome], columns[base] if base else None, rises, h) for h in horizons}
    fading = fade(rises, max(horizons))
    found = {h: respond(rises, change, h, fading) for h, change in later.items()}
    last = list(horizons)[-1]
    terms = {f"response[{h}]": f for h, f in found.items() if not f.reason}
    moved = pd.DataFrame({term: f.moved * np.sqrt(f.factor) for term, f in terms.items()}, index=labels)
    critical = _critical(moved, terms, level)
    rows = [
        {"horizon": h, "rows": len(f.rows), "entities": np.unique(panel.entity[f.rows]).size} for h, f in found.items()
    ]
    used = np.unique(np.concatenate([f.rows for f in found.values()]))
    g = len(labels)
    return Result(
        method="held_paths",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "metric": metric,
            "base": base,
            "horizons": list(horizons),
            "past": past,
            "level": level,
            "effects": "entity and period",
            "errors": "clustered, factor G / (G - 1) (N - 1) / (N - K), t with G - 1 degrees of freedom",
        },
        estimates=_estimates(found, fading, critical, level),
        vcov=moved.T @ moved if terms else None,
        influence=moved * np.sqrt((g - 1) / g) if keep_influence and terms else None,
        n_obs=len(used),
        n_entities=int(np.unique(panel.entity[used]).size),
        checks=_checks(rises, later[last], last, found[last], fading),
        tables={"rows": pd.DataFrame(rows), "band": pd.DataFrame([{"critical": critical, "level": level}])},
    )


def _change(outcome: np.ndarray, base: np.ndarray | None, rises: Rises, horizon: int) -> np.ndarray:
    """Return how much the outcome at a horizon differs from that of the period before, in units of the base."""

    def at(values: np.ndarray, by: int) -> np.ndarray:
        return shifted(values, rises.entity, rises.period, by)

    difference = at(outcome, -horizon) - at(outcome, 1)
    if base is None:
        return difference
    before = at(base, 1)
    return np.asarray(difference / np.where(before > 0, before, np.nan))


def _critical(moved: pd.DataFrame, terms: dict[str, Held], level: float) -> float:
    """Return how many standard errors the band takes that holds every estimated horizon at once."""
    if not terms:
        return float("nan")
    df = min(int(f.told.sum()) for f in terms.values()) - 1
    return sup_t((moved.T @ moved).to_numpy(), level=level, df=df)


def _estimates(found: dict[int, Held], fading: Fading, critical: float, level: float) -> pd.DataFrame:
    rows = []
    for h, f in found.items():
        half = critical * f.error if not f.reason else np.nan
        told = unknown(f.reason) if f.reason else wald(f.estimate, f.error, level, int(f.told.sum()) - 1)
        rows.append({"term": "response", "horizon": h} | told)
        rows[-1] |= {"band_low": f.estimate - half, "band_high": f.estimate + half}
    g = int(fading.told.sum())
    for j in range(1, len(fading.kept)):
        error = float(np.sqrt(g / max(g - 1, 1) * fading.moved[:, j] @ fading.moved[:, j]))
        told = unknown(fading.reason) if fading.reason else wald(float(fading.kept[j]), error, level, g - 1)
        rows.append({"term": "kept", "horizon": j} | told)
    return pd.DataFrame(rows)


def _checks(rises: Rises, change: np.ndarray, horizon: int, found: Held, fading: Fading) -> tuple[Check, ...]:
    """Estimate the last horizon without the group of most influence, and with one more earlier value held."""
    usual = Told(reason=found.reason) if found.reason else Told(estimate=found.estimate, std_error=found.error)
    past = check_variant(
        name="past",
        tested="whether the outcome answers to earlier values of the metric than are held",
        lead=f"{rises.past + 1} earlier values were held instead of {rises.past}.",
        what=f"the response at horizon {horizon}",
        usual=usual,
        other=usual if usual.reason else _again(replace(rises, past=rises.past + 1), change, horizon, fading),
        labels=(f"{rises.past} held", f"{rises.past + 1} held"),
    )
    if found.reason:
        return (past,)
    most = int(np.abs(found.moved).argmax())
    rest = rises.group != most
    code = np.unique(rises.group[rest], return_inverse=True)[1]
    parts = {name: getattr(rises, name)[rest] for name in ("metric", "entity", "period")}
    left = replace(rises, **parts, group=code, least=2)
    other = _again(left, change[rest], horizon, fade(left, horizon))
    return (influence_check(found.estimate, found.error, other.estimate), past)


def _again(rises: Rises, change: np.ndarray, horizon: int, fading: Fading) -> Told:
    found = respond(rises, change, horizon, fading)
    return Told(estimate=found.estimate, std_error=found.error, reason=found.reason)
