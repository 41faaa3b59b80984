"""What a roll-out did, one local projection a horizon beside units that stay untreated until then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.inference.cell_checks import path_before, pre_trend_check, told_check
from coroi.inference.clean_controls import Compared, Projections, Weighting
from coroi.inference.clean_paths import clean_answers
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.panels import shifted
from coroi.inference.roll_out_answers import Answer, examine_times, refused, told
from coroi.inference.roll_outs import hindrance, read_roll_out
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "average effect of treatment on treated units, by time since the start and over all treated unit-periods; the "
        "change of newly treated units since the period before, beyond that of units which stay untreated throughout"
    ),
    unit="outcome a unit and period",
    assumptions=(
        ("without treatment, newly treated units would have changed as those that stay untreated did", "pre_trends"),
        ("no effect before the start, or before the periods of anticipation that were named", "pre_trends"),
        ("some units stay untreated until every horizon", "told"),
        ("with weights by variance: the effect is the same for all starts", "untestable"),
        ("covariates move all changes alike", "untestable"),
        ("one unit's treatment does not touch another's outcome", "untestable"),
        ("units that are seen at a horizon are like the others", "untestable"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference=(
        "Dube, Girardi, Jorda and Taylor (2023), A Local Projections Approach to Difference-in-Differences, NBER "
        "Working Paper 31184, sections 3 and 4"
    ),
)
ERRORS = "clustered, scores {} leverage, factor G / (G - 1), t with Satterthwaite's degrees of freedom over cohorts"


def simulate_lp_did(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    later_cohorts: float = 0.0,
    trend: float = 0.0,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw a roll-out whose effect by time since the start is known.

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
    later_cohorts : float
        What is added to the effect for each place that a unit's start has in the list.
    trend : float
        Growth by period of units that are ever treated, over the others.
    noise : float
        Standard deviation of the shocks.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``.
    truth : dict of str to float
        ``overall`` and ``event_time: e`` from 0: means of the effect over treated rows.
    """
    frame, effect = draw_roll_out(
        rng,
        n=n,
        periods=periods,
        starts=starts,
        path=path,
        never=never,
        later_cohorts=later_cohorts,
        trend=trend,
        noise=noise,
    )
    since = frame["period"] - frame["first_treated"]
    after = pd.Series(effect)[since >= 0]
    by_time = after.groupby(since[since >= 0]).mean()
    return frame, {"overall": float(after.mean())} | {f"event_time: {e:g}": float(v) for e, v in by_time.items()}


def fit_lp_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    controls: Sequence[str] = (),
    compared_with: Compared = "not_yet",
    weighting: Weighting = "equal",
    anticipation: int = 0,
    leads: int | None = None,
    horizon: int | None = None,
    balanced: int | None = None,
    weight: str | None = None,
    corrected: bool = True,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit one regression a horizon of the change since the period before the start on starting now.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, first_treated : str
        Columns; the second holds the first treated period, empty for who is never treated.
    controls : sequence of str
        Covariates, taken from the base period, the last before the effect may begin.
    compared_with : str
        ``not_yet``: units that stay untreated until the horizon, and are so now; ``never``: those never treated alone.
    weighting : str
        ``equal``: every treated unit counts alike, the estimand; ``variance``: as least squares weigh starts, more
        precise and the same estimand only if the effect is.
    anticipation : int
        Periods before the first treated one in which the effect may already be felt.
    leads, horizon : int, optional
        First and last time since the start that get a figure of their own; all by default. Averages but ``pooled`` take
        in later ones.
    balanced : int, optional
        Last event time of the balanced path; by default the last that every cohort reaches.
    weight : str, optional
        Column of weights above zero.
    corrected : bool
        Make each row's score larger by the root of 1 / (1 − leverage), as it takes with few units.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of groups of entities by which treatment was assigned; the entity by default.
    level : float
        Level of intervals and bands.
    keep_influence : bool
        Keep the influence of each cluster on every term that is identified, columns such as ``event_time: 2``.

    Returns
    -------
    Result
        ``event_time`` with a band over the path; ``overall``: these from 0 on, weighted by treated rows; ``pooled``:
        the mean change up to the horizon, of units seen at all of its times; ``cohort``: each start's own projections
        over its treated rows; ``balanced``: units seen at all its times; ``mean_event_time`` and ``mean_balanced``:
        each time of the path alike. Columns and tables ``band`` and ``left_out`` as of `group_time`; ``horizons``: rows
        behind each event time, or why not. Checks ``pre_trends`` and ``told``. There is no effect by period. Not
        identified: horizons until which nobody stays untreated; terms with fewer than five clusters on a side.

    Raises
    ------
    DataError
        As :func:`coroi.inference.roll_outs.read_roll_out`; or if `leads`, `horizon` or `balanced` is below zero.

    Notes
    -----
    Weights that make starts count alike take the share of newly treated rows in each period's sample as given. Errors
    come from each cluster's influence on all projections, with G / (G − 1), and t with Satterthwaite's degrees of
    freedom over cohorts; with 20 units the interval of the overall effect held the truth in 95 % of 2,000 simulated
    roll-outs, with 8 in 96 %. Without covariates, equal weights give the group-time effects beside those not treated
    yet. Assumptions: see ``INFO``.
    """
    examine_times(leads, horizon, balanced)
    roll_out = read_roll_out(
        data,
        outcome=outcome,
        first_treated=first_treated,
        entity=entity,
        period=period,
        controls=controls,
        weight=weight,
        cluster=cluster,
        anticipation=anticipation,
    )
    why = hindrance(roll_out, controls=compared_with)
    found: list[Answer] = []
    horizons = pd.DataFrame()
    if not why:
        held = roll_out.panel.frame[list(controls)].to_numpy(dtype=float, na_value=np.nan)
        projections = Projections(
            roll_out=roll_out,
            covariates=shifted(held, roll_out.entity, roll_out.period, 1),
            weighting=weighting,
            compared_with=compared_with,
            corrected=corrected,
        )
        found, horizons = clean_answers(projections, leads=leads, horizon=horizon, balanced_until=balanced)
    table = told(found, roll_out, level=level)
    return Result(
        method="lp_did",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "controls": list(controls),
            "compared_with": compared_with,
            "weighting": weighting,
            "anticipation": anticipation,
            "leads": leads,
            "horizon": horizon,
            "weight": weight,
            "level": level,
            "overall": "event times from the start on, weighted by their treated rows",
            "errors": ERRORS.format("grown by" if corrected else "without regard to"),
        },
        estimates=refused(why) if why else table.estimates,
        vcov=table.vcov,
        influence=table.influence if keep_influence else None,
        n_obs=len(roll_out.outcome),
        n_entities=len(roll_out.panel.names),
        checks=() if why else _checks(found, horizons, anticipation),
        tables={"horizons": horizons, "band": table.bands, "left_out": roll_out.left_out},
    )


def _checks(found: Sequence[Answer], horizons: pd.DataFrame, anticipation: int) -> tuple[Check, Check]:
    late = horizons[horizons["event_time"] >= 0]
    told_of = told_check(list(late["reason"]), late["n_seen"].to_numpy(), late["n_treated"].to_numpy())
    return pre_trend_check([path_before(found, anticipation)]), told_of
