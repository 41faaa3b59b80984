"""What a roll-out did to each cohort in each period, compared with units not treated yet, and what that comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from coroi.inference.adjusted_difference import Adjust
from coroi.inference.cell_checks import cell_checks
from coroi.inference.cohort_cells import answers
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.group_time import Base, Compared, base_time, group_time_cells, widen
from coroi.inference.roll_out_answers import examine_times, refused, told
from coroi.inference.roll_outs import RollOut, hindrance, read_roll_out
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "average effect of treatment on treated units, by time since the start, by cohort, by period and over all "
        "treated unit-periods; the change since the last period before it, beyond that of units which are not treated "
        "in either period"
    ),
    unit="outcome a unit and period",
    assumptions=(
        ("without treatment, treated and compared units alike in covariates would have changed alike", "pre_trends"),
        ("no effect before the start, or before the periods of anticipation that were named", "pre_trends"),
        ("every treated unit has others alike in covariates to be compared with", "told"),
        ("one unit's treatment does not touch another's outcome", "untestable"),
        ("units that are seen in both periods of a comparison are like the others", "untestable"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference=(
        "Callaway and Sant'Anna (2021), Journal of Econometrics 225:200-230, eqs. 2.2-2.4, 3.4-3.10, theorem 2; "
        "Sant'Anna and Zhao (2020), Journal of Econometrics 219:101-122"
    ),
)
Errors = Literal["corrected", "published"]
Shares = Literal["given", "drawn"]


def simulate_group_time(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    later_cohorts: float = 0.0,
    confounding: float = 0.0,
    trend: float = 0.0,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw a roll-out in which treated units differ in a covariate that moves the outcome's growth.

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
    confounding : float
        What a unit of the covariate, which is higher by 0.5 for treated units, adds to the outcome each period.
    trend : float
        Growth by period of treated units over the others that no covariate tells.
    noise : float
        Standard deviation of the shocks.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, size, outcome``; ``size`` is the covariate.
    truth : dict of str to float
        ``overall``, ``event_time: e`` from 0 and ``cohort: g``: means of the effect over treated rows.
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
    size = rng.normal(size=n)[frame["entity"]] + 0.5 * frame["first_treated"].notna()
    frame = frame.assign(size=size, outcome=frame["outcome"] + confounding * size * frame["period"])
    since = frame["period"] - frame["first_treated"]
    after = pd.Series(effect)[since >= 0]
    truth = {"overall": float(after.mean())}
    truth |= {f"event_time: {e:g}": float(v) for e, v in after.groupby(since[since >= 0]).mean().items()}
    by_cohort = after.groupby(frame.loc[since >= 0, "first_treated"]).mean()
    return frame, truth | {f"cohort: {g:g}": float(v) for g, v in by_cohort.items()}


def fit_group_time(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    controls: Sequence[str] = (),
    compared_with: Compared = "not_yet",
    base: Base = "universal",
    adjust: Adjust = "both",
    anticipation: int = 0,
    leads: int | None = None,
    horizon: int | None = None,
    balanced: int | None = None,
    weight: str | None = None,
    errors: Errors = "corrected",
    shares: Shares = "given",
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit one difference in differences a cohort and period, and average them.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, first_treated : str
        Columns; the second holds the first treated period, empty for who is never treated.
    controls : sequence of str
        Covariates, taken from the base period of each comparison and therefore never after a start.
    compared_with : str
        ``not_yet``: units not treated in either period, nor soon to be, and those never treated; ``never``: the latter.
    base : str
        ``universal``: every period is compared with the last one before the effect may begin, so that effects before
        it add up; ``varying``: a period before that is compared with the one before it.
    adjust : str
        With covariates: ``outcome`` (regression), ``weighting`` (odds of treatment) or ``both`` (doubly robust).
    anticipation : int
        Periods before the first treated one in which the effect may already be felt.
    leads, horizon : int, optional
        First and last time since the start that get a figure of their own; all by default. Averages take in later ones.
    balanced : int, optional
        Last event time of the balanced path; by default the last that every cohort told at its start reaches.
    weight : str, optional
        Column of weights above zero; a unit counts with the mean of its own.
    errors : str
        ``corrected``: each side's residuals are made larger by the root of m / (m − 1) for m clusters, which makes the
        variance unbiased without covariates; ``published``: as in the paper, too small with few units.
    shares : str
        Whether the sizes of cohorts are ``given``, as by a plan, or ``drawn``, as in a sample of units.
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
        :func:`coroi.inference.cohort_cells.answers`), with ``n_units`` and ``n_rows`` behind each, ``share`` (of the
        treated rows it is about, those told) and ``df``. Tables: ``cells`` (each cohort in each period, or why not),
        ``band``, ``left_out``. Checks ``pre_trends`` and ``told``. Not identified: cells with nobody to compare with,
        one unit alone on a side, or covariates without overlap; terms with fewer than five clusters on a side.

    Raises
    ------
    DataError
        As :func:`coroi.inference.roll_outs.read_roll_out`; or if `leads`, `horizon` or `balanced` is below zero.

    Notes
    -----
    In an unbalanced panel each comparison takes the units seen in both its periods; ``cells`` counts the rest. Errors
    come from each cluster's influence, with G / (G − 1), and t with Satterthwaite's degrees of freedom over cohorts. In
    2,000 simulated roll-outs of 8 units, 6 of them treated, the interval of the overall effect held the truth in 97 %,
    of 20 units in 96 %; published errors by t with G − 1 degrees of freedom did so in 87 and 93 %, and in 85 % with 6
    units treated out of 60. Assumptions: see ``INFO``.
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
    spec = {
        "outcome": outcome,
        "controls": list(controls),
        "compared_with": compared_with,
        "base": base,
        "adjust": adjust if controls else "none",
        "anticipation": anticipation,
        "leads": leads,
        "horizon": horizon,
        "weight": weight,
        "shares": shares,
        "level": level,
        "overall": "every treated unit-period alike, cohorts by their size",
        "errors": f"{errors}, clustered, factor G / (G - 1), t with Satterthwaite's degrees of freedom over cohorts",
    }
    why = hindrance(roll_out, controls=compared_with)
    if why:
        return _result(roll_out, spec, estimates=refused(why), vcov=None)
    wide = widen(roll_out, roll_out.panel.frame[list(controls)].to_numpy(dtype=float, na_value=np.nan))
    cells = group_time_cells(
        wide,
        len(roll_out.cluster_names),
        base=base,
        compared_with=compared_with,
        adjust=adjust,
        corrected=errors == "corrected",
        drawn=shares == "drawn",
        leads=leads,
    )
    found = answers(cells, base=base_time(wide, base), horizon=horizon, balanced_until=balanced)
    table = told(found, roll_out, level=level)
    return _result(
        roll_out,
        spec,
        estimates=table.estimates,
        vcov=table.vcov,
        influence=table.influence if keep_influence else None,
        checks=cell_checks(cells, found, anticipation),
        tables={"cells": cells.table(), "band": table.bands},
    )


def _result(
    roll_out: RollOut,
    spec: dict[str, object],
    *,
    estimates: pd.DataFrame,
    vcov: pd.DataFrame | None,
    influence: pd.DataFrame | None = None,
    checks: tuple[Check, ...] = (),
    tables: dict[str, pd.DataFrame] | None = None,
) -> Result:
    return Result(
        method="group_time",
        estimand=INFO.estimand,
        spec=spec,
        estimates=estimates,
        vcov=vcov,
        influence=influence,
        n_obs=len(roll_out.outcome),
        n_entities=len(roll_out.panel.names),
        checks=checks,
        tables=(tables or {}) | {"left_out": roll_out.left_out},
    )
