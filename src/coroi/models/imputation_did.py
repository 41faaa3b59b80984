"""What a roll-out changed: outcomes beside what untreated rows foretell, by time since the start, cohort and group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.effect_terms import KEYS, effect_terms
from coroi.inference.group_time import Compared
from coroi.inference.imputed import impute
from coroi.inference.imputed_effects import imputed_effects
from coroi.inference.roll_out_checks import lead_check, lost_check
from coroi.inference.roll_out_rows import effect_rows, names_of, refused_rows
from coroi.inference.roll_outs import RollOut, hindrance, read_roll_out
from coroi.inference.untreated_leads import untreated_leads
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "what treatment changed in the outcome of treated units: by periods since the start, by cohort, period and "
        "group, and over all their treated periods"
    ),
    unit="outcome per unit and period",
    assumptions=(
        ("without treatment, outcomes of all units would have moved alike", "pre_trends, in part"),
        ("nobody reacts before the start, but for the periods of anticipation", "pre_trends, in part"),
        ("a unit's treatment does not touch others' outcomes", "untestable"),
        ("clusters are independent of each other, and those of one cohort vary alike", "untestable"),
    ),
    reference=(
        "Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91:3253-3285, eq. 6, theorem 3 and section "
        "4.4; errors within cohorts: Bell and McCaffrey (2002), Survey Methodology 28:169-181"
    ),
)
_NO_KEYS = {**dict.fromkeys(KEYS[:3], np.nan), "group": "", "n_units": 0, "n_rows": 0, "n_lost": 0}


def simulate_imputation_did(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    later_cohorts: float = 0.0,
    sponsored: float = 0.0,
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
    later_cohorts : float
        What is added to the effect for each place that a unit's start has in the list.
    sponsored : float
        What is added to the effect in units whose leader sponsors the practice, every other one.
    noise : float
        Standard deviation of the shocks, whose autocorrelation is 0.5.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, sponsored, outcome``.
    truth : dict of str to float
        ``event_time: h``, ``cohort: f``, ``overall``, ``group: yes``, ``group: no`` and ``difference: yes less no``:
        means of the effect over treated rows.
    """
    frame, effect = draw_roll_out(
        rng, n=n, periods=periods, starts=starts, path=path, never=never, later_cohorts=later_cohorts, noise=noise
    )
    treated = frame["period"] >= frame["first_treated"]
    yes = (frame["entity"] + frame["first_treated"].fillna(0)) % 2 == 0
    more = sponsored * (treated & yes)
    frame = frame.assign(outcome=frame["outcome"] + more, sponsored=np.where(yes, "yes", "no"))
    rows = frame[treated].assign(effect=(effect + more)[treated])
    rows["event_time"] = rows["period"] - rows["first_treated"]
    truth = {"overall": float(rows["effect"].mean())}
    for key, column in (("event_time", "event_time"), ("cohort", "first_treated"), ("group", "sponsored")):
        means = rows.groupby(column)["effect"].mean()
        truth |= {f"{key}: {at if column == 'sponsored' else int(at)}": float(mean) for at, mean in means.items()}
    if {"group: yes", "group: no"} <= set(truth):
        truth["difference: yes less no"] = truth["group: yes"] - truth["group: no"]
    return frame, truth


def fit_imputation_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    entity: str = "entity",
    period: str = "period",
    weight: str | None = None,
    cluster: str | None = None,
    compared_with: Compared = "not_yet",
    anticipation: int = 0,
    leads: int = 3,
    horizon: int | None = None,
    balanced: int | None = None,
    by: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Impute what treated rows would have been from effects of units and periods, and average the differences.

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
        Column of weights above zero, for the fit and for the averages.
    cluster : str, optional
        Column of groups of units by which treatment was assigned; the unit by default.
    compared_with : str
        ``not_yet``: all untreated rows tell what a period brought; ``never``: those of units never treated alone, while
        rows of treated units before their start tell nothing but their own unit's level.
    anticipation : int
        Periods before the start in which the effect may already be felt; they get effects, event times below zero.
    leads : int
        Periods before those that get a lead, out of sample; 0 for none.
    horizon : int, optional
        Last time since the start that gets a figure of its own; all by default. Averages take in later ones.
    balanced : int, optional
        Last time of the path over units that can be told at all its times; by default the last that half of them reach.
    by : str, optional
        Column of groups of units, one value a unit, whose effects are told apart.
    level : float
        Level of intervals and bands.
    keep_influence : bool
        Keep each cluster's influence on the identified estimates.

    Returns
    -------
    Result
        ``term``: ``event_time`` (leads, anticipation and effects), ``overall``, ``cohort``, ``balanced``, ``period``,
        and with `by` ``group`` and ``difference``, each less the first; keys ``event_time, cohort, period, group``;
        ``n_units, n_rows`` behind each and ``n_lost`` rows that belong to it and cannot be told; ``df``; ``band_low,
        band_high``, which hold the whole path at once, leads included. Tables ``band``, ``left_out``, ``lost``. Checks
        ``pre_trends`` and ``lost_cells``. Not identified: rows that no untreated row reaches; one cluster alone behind
        a figure; fewer than 6 clusters; a variance of which one cluster alone in its cohort carries over a quarter.

    Raises
    ------
    DataError
        If keys are missing or repeated, a unit has several starts, clusters or groups, or a number of periods is below
        zero.

    Notes
    -----
    Errors are of theorem 3 in the reference with two changes for few clusters: treatment effects are centred at the
    mean of their cohort and time since the start, and each cluster's sum is compared with its cohort's mean, times n /
    (n − 1). With up to 60 clusters and 2,000 rows of which those of a cohort are not alike (gaps, weights, joined
    cohorts), what the fit took out of residuals is put back as if shocks were independent. Degrees of freedom are
    Satterthwaite's, of shocks that vary alike in all cohorts. A cohort of one cluster joins the next one, so that
    differences between the two count as noise. For groups, cohorts are told apart by group. Leads come from a
    regression on untreated rows alone, each against all earlier ones: residuals of the imputation itself would be
    pulled to zero; they compare with all untreated rows whatever the effects are compared with. A band takes the fewest
    degrees of freedom on its path. Assumptions: see ``INFO``.
    """
    for name, asked in (("leads", leads), ("balanced", balanced), ("horizon", horizon)):
        if asked is not None and asked < 0:
            raise DataError(f"{name} is {asked}; it counts periods, 0 or more.")
    roll_out = read_roll_out(
        data,
        outcome=outcome,
        first_treated=first_treated,
        entity=entity,
        period=period,
        controls=[by] if by else [],
        weight=weight,
        cluster=cluster,
        anticipation=anticipation,
    )
    group = _groups(roll_out, by)
    spec = {
        "outcome": outcome,
        "weight": weight,
        "compared_with": compared_with,
        "anticipation": anticipation,
        "leads": leads,
        "horizon": horizon,
        "by": by,
        "level": level,
        "errors": "clusters compared within cohorts, factor n / (n - 1) in each; t, Satterthwaite's degrees of freedom",
        "averages": "each treated unit-period alike" if weight is None else f"by '{weight}'",
    }
    answer = partial(
        Result,
        method="imputation_did",
        estimand=INFO.estimand,
        spec=spec,
        n_obs=len(roll_out.outcome),
        n_entities=len(roll_out.panel.names),
    )
    why = hindrance(roll_out, controls=compared_with)
    if why:
        return answer(estimates=refused_rows(_NO_KEYS, why), tables={"left_out": roll_out.left_out})
    when = np.unique(roll_out.period, return_inverse=True)[1]
    tells = None if compared_with == "not_yet" else ~roll_out.ever
    found = impute(roll_out.outcome, roll_out.weight, roll_out.entity, when, ~roll_out.affected, tells)
    terms = effect_terms(roll_out, found.estimable, horizon=horizon, balanced=balanced, group=group)
    before = untreated_leads(
        roll_out.outcome,
        roll_out.weight,
        roll_out.entity,
        when,
        roll_out.event_time,
        ~roll_out.affected,
        roll_out.cluster,
        leads=leads,
        last=-1 - anticipation,
    )
    effects = imputed_effects(roll_out, found, terms, before, group)
    moved, names = effects.moved, names_of(effects.keys)
    estimates, bands = effect_rows(effects.keys, effects.estimate, moved, effects.reasons, level=level)
    told = estimates["identified"].to_numpy(bool)
    covariance = np.where(told[:, None] & told, moved.covariance, np.nan)
    influence = pd.DataFrame(moved.influence, index=roll_out.cluster_names, columns=names).loc[:, told]
    lost = lost_check(roll_out, found)
    return answer(
        estimates=estimates,
        vcov=pd.DataFrame(covariance, index=names, columns=names),
        influence=influence if keep_influence else None,
        checks=(lead_check(estimates, moved, level=level, last=-1 - anticipation), lost),
        tables={"band": bands, "left_out": roll_out.left_out, "lost": lost.table},
    )


def _groups(roll_out: RollOut, by: str | None) -> np.ndarray | None:
    """Return the group of each row's unit as text; one value a unit."""
    if by is None:
        return None
    column = roll_out.panel.frame[by]
    missing = int((column.isna() & roll_out.ever).sum())
    if missing:
        raise DataError(f"{missing:,} rows of treated units lack '{by}'. Leave them out, and say so.")
    several = int((column.groupby(roll_out.entity).nunique() > 1).sum())
    if several:
        raise DataError(
            f"{several:,} entities have more than one '{by}'. Give each the value that it had at the start."
        )
    return np.where(column.isna(), "", column.astype(str)).astype(object)
