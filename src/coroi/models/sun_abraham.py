"""What a roll-out did, from one regression with an effect for every cohort at every time since its start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.inference.cell_checks import cell_checks
from coroi.inference.cohort_cells import answers
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.roll_out_answers import examine_times, refused, told
from coroi.inference.roll_outs import NEVER, RollOut, hindrance, read_roll_out
from coroi.inference.saturated import Errors, saturated_cells
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "average effect of treatment on treated units, by time since the start, by cohort, by period and over all "
        "treated unit-periods; each cohort's change since its base period, beyond that of units never treated, or, "
        "where there is none, of the cohort treated last while it is not"
    ),
    unit="outcome a unit and period",
    assumptions=(
        ("without treatment, every cohort would have changed as the units compared with", "pre_trends"),
        ("no effect before the start, or before the periods of anticipation that were named", "pre_trends"),
        ("every treated row has units to be compared with", "told"),
        ("covariates move the outcome by a straight line, alike for all", "untestable"),
        ("one unit's treatment does not touch another's outcome", "untestable"),
        ("rows that are missing are like the others", "untestable"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference="Sun and Abraham (2021), Journal of Econometrics 225:175-199, section 4, eqs. 26-28",
)


def simulate_sun_abraham(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    later_cohorts: float = 0.0,
    trend: float = 0.0,
    attrition: float = 0.0,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw a roll-out whose cohorts differ in their effect, and rows of which some are lost.

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
    attrition : float
        Share of rows that are lost by chance.
    noise : float
        Standard deviation of the shocks.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``.
    truth : dict of str to float
        ``overall``, ``event_time: e`` from 0 and ``cohort: g``: means of the effect over treated rows.
    """
    whole, effect = draw_roll_out(
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
    stays = rng.random(len(whole)) >= attrition
    frame, effect = whole[stays].reset_index(drop=True), effect[stays]
    since = frame["period"] - frame["first_treated"]
    after = pd.Series(effect)[since >= 0]
    truth = {"overall": float(after.mean())}
    truth |= {f"event_time: {e:g}": float(v) for e, v in after.groupby(since[since >= 0]).mean().items()}
    by_cohort = after.groupby(frame.loc[since >= 0, "first_treated"]).mean()
    return frame, truth | {f"cohort: {g:g}": float(v) for g, v in by_cohort.items()}


def fit_sun_abraham(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    controls: Sequence[str] = (),
    anticipation: int = 0,
    leads: int | None = None,
    horizon: int | None = None,
    balanced: int | None = None,
    weight: str | None = None,
    errors: Errors = "corrected",
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit the outcome on dummies of unit, period, and cohort by time since the start, and average these.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, first_treated : str
        Columns; the second holds the first treated period, empty for who is never treated.
    controls : sequence of str
        Covariates of the same period: of use only where treatment does not move them. Rows without one are left out.
    anticipation : int
        Periods before the first treated one in which the effect may already be felt; the base period is the one before.
    leads, horizon : int, optional
        First and last time since the start that get a figure of their own; all by default. Averages take in later ones.
    balanced : int, optional
        Last event time of the balanced path; by default the last that every cohort told at its start reaches.
    weight : str, optional
        Column of weights above zero.
    errors : str
        ``corrected``: residuals of each cohort are made larger by the root of m / (m − 1) for its m clusters;
        ``clusters``: as they are; ``fixest``: as they are, with (N − 1) / (N − K) besides G / (G − 1).
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
        Terms ``event_time``, ``overall``, ``cohort``, ``balanced``, ``period`` and means over these paths (see
        :func:`coroi.inference.cohort_cells.answers`), averages weighted by rows, with ``n_units`` and ``n_rows`` behind
        each, ``share`` (of the treated rows it is about, those told) and ``df``. Tables: ``cells`` (each cohort at each
        time, or why not), ``band``, ``covariates``, ``left_out``. Checks ``pre_trends`` and ``told``. Not identified:
        cells that no regression tells, cohorts of one unit; terms with fewer than five clusters on a side.

    Raises
    ------
    DataError
        As :func:`coroi.inference.roll_outs.read_roll_out`; or if `leads`, `horizon` or `balanced` is below zero.

    Notes
    -----
    Shares of cohorts are taken as given. Rows from the last cohort's start on are left out where nobody is never
    treated. Errors come from each cluster's influence, with G / (G − 1), and t with Satterthwaite's degrees of freedom
    over cohorts; with 20 units the interval of the overall effect held the truth in 96 % of 2,000 simulated roll-outs.
    In a balanced panel without covariates it is the group-time effect beside the never treated, errors included.
    Assumptions: see ``INFO``.
    """
    examine_times(leads, horizon, balanced)
    complete = data.dropna(subset=[c for c in controls if c in data.columns])
    roll_out = read_roll_out(
        complete,
        outcome=outcome,
        first_treated=first_treated,
        entity=entity,
        period=period,
        controls=controls,
        weight=weight,
        cluster=cluster,
        anticipation=anticipation,
    )
    spec = {
        "outcome": outcome,
        "controls": list(controls),
        "compared_with": "never" if (roll_out.first == NEVER).any() else "the cohort treated last",
        "anticipation": anticipation,
        "leads": leads,
        "horizon": horizon,
        "weight": weight,
        "level": level,
        "overall": "every treated row alike",
        "errors": f"{errors}, clustered, factor G / (G - 1), t with Satterthwaite's degrees of freedom over cohorts",
    }
    why = hindrance(roll_out)
    lost = len(data) - len(complete)
    if why:
        return Result(
            method="sun_abraham",
            estimand=INFO.estimand,
            spec=spec,
            estimates=refused(why),
            n_obs=len(roll_out.outcome),
            n_entities=len(roll_out.panel.names),
            tables={"left_out": _left_out(roll_out, lost, 0)},
        )
    values = roll_out.panel.frame[list(controls)].to_numpy(dtype=float)
    fit = saturated_cells(roll_out, values, errors=errors)
    cells = fit.cells.since_lead(leads)
    found = answers(cells, base=-1 - anticipation, horizon=horizon, balanced_until=balanced)
    table = told(found, roll_out, level=level)
    slopes = {"covariate": list(controls), "estimate": fit.slopes, "std_error": fit.slope_errors}
    return Result(
        method="sun_abraham",
        estimand=INFO.estimand,
        spec=spec,
        estimates=table.estimates,
        vcov=table.vcov,
        influence=table.influence if keep_influence else None,
        n_obs=fit.n_obs,
        n_entities=len(roll_out.panel.names),
        checks=cell_checks(cells, found, anticipation),
        tables={
            "cells": cells.table(),
            "band": table.bands,
            "covariates": pd.DataFrame(slopes),
            "left_out": _left_out(roll_out, lost, fit.n_left_out),
        },
    )


def _left_out(roll_out: RollOut, lacking: int, late: int) -> pd.DataFrame:
    """Add the rows that a covariate or the cohort compared with takes away; their entities are not counted."""
    rows = [
        {"what": "rows without a covariate", "n_rows": lacking, "reason": "they cannot be held alike"},
        {"what": "rows from the last start on", "n_rows": late, "reason": "nobody is left to compare with"},
    ]
    more = pd.DataFrame([row for row in rows if row["n_rows"]], columns=["what", "n_rows", "reason"])
    return pd.concat([roll_out.left_out, more], ignore_index=True)[["what", "n_rows", "n_entities", "reason"]]
