"""Gardner's two stages: effects of units and periods from untreated rows, then a regression of what is left."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.estimates import unknown, wald
from coroi.inference.roll_outs import RollOut, hindrance, read_roll_out
from coroi.inference.two_stage import UNTREATED, Bearable, StageRows, bearable, stage_influence, stage_rows
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand="what treatment changed in the outcome of treated units: by periods since the start, and over all of them",
    unit="outcome per unit and period",
    assumptions=(
        ("without treatment, outcomes of all units would have moved alike", "untestable here"),
        ("nobody reacts before the start, but for the periods of anticipation", "untestable here"),
        ("a unit's treatment does not touch others' outcomes", "untestable"),
        ("clusters are many and independent of each other", "clusters, in part"),
    ),
    reference="Gardner (2022), arXiv:2207.05943; Butts and Gardner (2022), The R Journal 14/3:162-173",
)
MOST_CELLS = 100_000_000
"""Rows times units and periods up to which the library's dummies fit into memory."""
FEW_CLUSTERS = 40


def simulate_two_stage_did(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw units that take up a practice one after the other.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Units, and periods observed, from 0.
    starts : sequence of int
        First treated periods.
    path : sequence of float
        Effect by periods since the start; the last one stays.
    never : float
        Share of units that are never treated.
    noise : float
        Standard deviation of the shocks, whose autocorrelation is 0.5.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``.
    truth : dict of str to float
        ``event_time: h`` and ``overall``: means of the effect over treated rows.
    """
    frame, effect = draw_roll_out(rng, n=n, periods=periods, starts=starts, path=path, never=never, noise=noise)
    since = (frame["period"] - frame["first_treated"]).to_numpy(float)
    truth = {f"event_time: {h:g}": float(effect[since == h].mean()) for h in np.unique(since[since >= 0])}
    return frame, truth | {"overall": float(effect[since >= 0].mean())}


def fit_two_stage_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    entity: str = "entity",
    period: str = "period",
    weight: str | None = None,
    cluster: str | None = None,
    anticipation: int = 0,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit both stages by pyfixest, after leaving out, counted, what its first stage cannot bear.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Column of what is explained.
    first_treated : str
        Column of the first treated period; empty for who is never treated.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    weight : str, optional
        Column of weights above zero.
    cluster : str, optional
        Column of groups of units by which treatment was assigned; the unit by default.
    anticipation : int
        Periods before the start in which the effect may already be felt; they count as treated.
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep each cluster's influence on the identified estimates.

    Returns
    -------
    Result
        ``term``: ``event_time`` by `event_time`, with ``band_low, band_high``, and ``overall``, over all treated rows
        that are kept, those of anticipation included. Tables ``band``, ``left_out``, ``lost``. Checks ``lost_cells``
        and ``clusters``. Not identified: times of which every row was left out; a panel without a comparison.

    Raises
    ------
    DataError
        If keys are missing or repeated, a unit has several starts or clusters, or the panel is too large for dummies.

    Notes
    -----
    Errors are those of the reference, which know that the first stage was estimated, times G / (G − 1); intervals are
    by t with G − 1 degrees of freedom. The mean over all times, and covariances, come from each cluster's influence,
    which the library sums up and does not give. With few clusters errors are too short; imputation has the same
    estimates with errors that hold at 8. Placebo leads of the second stage are residuals, pulled to zero, and are not
    given. The library sweeps effects out by iteration, so that unbalanced panels are exact to five digits or so.
    Assumptions: see ``INFO``.
    """
    roll_out = read_roll_out(
        data,
        outcome=outcome,
        first_treated=first_treated,
        entity=entity,
        period=period,
        weight=weight,
        cluster=cluster,
        anticipation=anticipation,
    )
    why = hindrance(roll_out)
    borne = bearable(roll_out)
    treated = borne.kept & roll_out.affected
    rows = stage_rows(roll_out, borne.kept)
    answer = partial(
        Result,
        method="two_stage_did",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "weight": weight,
            "anticipation": anticipation,
            "level": level,
            "errors": "two stages, clustered, factor G / (G - 1), t with clusters less one degrees of freedom",
        },
        n_obs=int(borne.kept.sum()),
        n_entities=rows.n_units,
        checks=(_lost_check(roll_out, borne), _cluster_check(rows.n_clusters)),
    )
    tables = {
        "left_out": pd.concat([roll_out.left_out, borne.left_out], ignore_index=True),
        "lost": borne.lost,
    }
    if not why and not treated.any():
        why = "no treated row is left once units and periods with fewer than two untreated rows are left out"
    if not why and rows.n_clusters < 2:
        why = "one cluster is left: its own shocks cannot be told from an effect"
    if why:
        return answer(estimates=_refused(why), tables=tables)
    fitted = _both_stages(rows)
    moved = stage_influence(rows, list(fitted.index))
    estimates, band = _estimates(roll_out, rows, fitted, moved, level)
    g = len(moved)
    covariance = moved.T @ moved * (g / (g - 1))
    names = [*(f"event_time: {time:g}" for time in estimates["event_time"].dropna()), "overall"]
    return answer(
        estimates=estimates,
        vcov=covariance.reindex(index=names, columns=names),
        influence=moved if keep_influence else None,
        tables=tables | {"band": band},
    )


def _both_stages(rows: StageRows) -> pd.DataFrame:
    """Run the library: estimate and error by time since the start."""
    import pyfixest

    cells = len(rows.outcome) * (rows.n_units + int(rows.period.max()) + 1)
    if cells > MOST_CELLS:
        raise DataError(
            f"{len(rows.outcome):,} rows of {rows.n_units:,} units are too many for the dummies of two stages. Use "
            "imputation, which has the same estimates."
        )
    frame = pd.DataFrame(
        {
            "outcome": rows.outcome,
            "unit": rows.unit,
            "period": rows.period,
            "treated": rows.treated,
            "time": rows.time,
            "cluster": rows.cluster,
            "weight": rows.weight,
        }
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pyfixest")  # what pandas will change
        fit = pyfixest.did2s(
            frame,
            yname="outcome",
            first_stage="~0|unit+period",
            second_stage=f"~i(time, ref={UNTREATED})",
            treatment="treated",
            cluster="cluster",
            weights=None if (rows.weight == 1).all() else "weight",
        )
    table = fit.tidy()
    times = [int(str(each).rpartition("::")[2]) for each in table.index]
    numbers = table[["Estimate", "Std. Error"]].to_numpy(float)
    return pd.DataFrame(numbers, index=times, columns=["estimate", "error"]).sort_index()


def _estimates(
    roll_out: RollOut, kept: StageRows, fitted: pd.DataFrame, moved: pd.DataFrame, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    g = len(moved)
    values = moved.to_numpy(float) * np.sqrt(g / (g - 1))
    critical = sup_t(values[:, :-1].T @ values[:, :-1], level=level, df=g - 1)
    lost = unknown("all its rows were left out, for units or periods with fewer than two untreated rows")
    rows: list[dict] = []
    for time in np.unique(roll_out.event_time[roll_out.affected & roll_out.ever]).astype(int):
        key, none = {"term": "event_time", "event_time": float(time)}, {"band_low": np.nan, "band_high": np.nan}
        if time not in fitted.index:
            rows.append(key | lost | none)
            continue
        estimate, error = fitted.loc[time] * [1, np.sqrt(g / (g - 1))]
        band = {"band_low": estimate - critical * error, "band_high": estimate + critical * error}
        rows.append(key | wald(estimate, error, level, g - 1) | band)
    share = np.array([kept.weight[kept.time == time].sum() for time in fitted.index])
    mean, error = float(share @ fitted["estimate"] / share.sum()), float(np.sqrt(values[:, -1] @ values[:, -1]))
    rows.append({"term": "overall", "event_time": np.nan} | wald(mean, error, level, g - 1))
    band = {"critical": critical, "df": g - 1, "level": level, "n_estimates": values.shape[1] - 1}
    return pd.DataFrame(rows), pd.DataFrame([band])


def _refused(why: str) -> pd.DataFrame:
    row = {"term": "overall", "event_time": np.nan, **unknown(why), "band_low": np.nan, "band_high": np.nan}
    return pd.DataFrame([row])


def _lost_check(roll_out: RollOut, borne: Bearable) -> Check:
    n, every = int(borne.lost["n_units"].sum()), int(roll_out.affected.sum())
    return Check(
        name="lost_cells",
        tested="whether both stages take every treated row",
        passed=n == 0,
        sentence=(
            f"All {every:,} treated rows are in the fit."
            if n == 0
            else f"{n:,} of {every:,} treated rows, in {len(borne.lost):,} cells of cohort and period, were left out: "
            "averages speak of the others."
        ),
        table=borne.lost,
    )


def _cluster_check(n_clusters: int) -> Check:
    enough = n_clusters >= FEW_CLUSTERS
    return Check(
        name="clusters",
        tested="whether clusters are many enough for these errors",
        passed=enough,
        sentence=(
            f"{n_clusters:,} clusters: enough for errors that rest on many."
            if enough
            else f"{n_clusters:,} clusters, fewer than {FEW_CLUSTERS}: these errors are too short. Read imputation's."
        ),
    )
