"""The two-way regression of a roll-out, which is wrong where effects grow, and the comparisons that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from coroi.inference.bands import sup_t
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.estimates import unknown, wald
from coroi.inference.linear import LinearFit, least_squares
from coroi.inference.roll_outs import RollOut, hindrance, read_roll_out
from coroi.inference.two_by_two import LATER_EARLIER, by_kind, two_by_two, unfit
from coroi.inference.variants import figure
from coroi.inference.within import sweep
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "the coefficient of treatment beside effects of units and periods: a mean of comparisons, some of them with "
        "units that are treated already; shown beside a sound estimate, never instead of it"
    ),
    unit="outcome per unit and period",
    assumptions=(
        ("without treatment, outcomes of all units would have moved alike", "untestable here"),
        ("the effect is the same in all cohorts and at all times since the start", "forbidden_comparisons"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference="Goodman-Bacon (2021), Journal of Econometrics 225:254-277, theorem 1",
)


def simulate_two_way_did(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    effect: float,
    never: float = 0.25,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw units that take up a practice one after the other, with an effect that never changes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Units, and periods observed, from 0.
    starts : sequence of int
        First treated periods.
    effect : float
        Effect of treatment, the same at all times: what the method supposes.
    never : float
        Share of units that are never treated.
    noise : float
        Standard deviation of the shocks, whose autocorrelation is 0.5.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``.
    truth : dict of str to float
        ``static``, and ``event_time: h`` for the first two times, which is the same.
    """
    frame, _ = draw_roll_out(rng, n=n, periods=periods, starts=starts, path=(effect,), never=never, noise=noise)
    return frame, dict.fromkeys(("static", "event_time: 0", "event_time: 1"), float(effect))


def fit_two_way_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    entity: str = "entity",
    period: str = "period",
    weight: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Regress the outcome on treatment beside effects of units and periods, and take the coefficient apart.

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
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep each cluster's influence on the identified estimates.

    Returns
    -------
    Result
        ``term``: ``static``, and ``event_time`` by `event_time`, all beside the period before the start (universal
        base), with ``band_low, band_high``. Tables ``comparisons`` (every comparison of two cohorts with its estimate
        and weight, adding up to ``static``), ``kinds``, ``band``, ``left_out``. Check ``forbidden_comparisons``. Not
        identified: a panel without any comparison; times that periods and units make up together.

    Raises
    ------
    DataError
        If keys are missing or repeated, or a unit has several starts or clusters.

    Notes
    -----
    Errors are clustered, with G / (G − 1), intervals by t with G − 1 degrees of freedom. They are those of the
    coefficient, not of an effect: where effects grow it is wrong whatever its interval. Comparisons need a balanced
    panel. Assumptions: see ``INFO``.
    """
    roll_out = read_roll_out(
        data,
        outcome=outcome,
        first_treated=first_treated,
        entity=entity,
        period=period,
        weight=weight,
        cluster=cluster,
    )
    answer = partial(
        Result,
        method="two_way_did",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "weight": weight,
            "level": level,
            "base": "the period before the start",
            "errors": "clustered, factor G / (G - 1), t with clusters less one degrees of freedom",
        },
        n_obs=len(roll_out.outcome),
        n_entities=len(roll_out.panel.names),
    )
    why = hindrance(roll_out)
    if why:
        row = {"term": "static", "event_time": np.nan, **unknown(why), "band_low": np.nan, "band_high": np.nan}
        return answer(estimates=pd.DataFrame([row]), tables={"left_out": roll_out.left_out})
    times = np.unique(roll_out.event_time[roll_out.ever])
    times = np.concatenate([times[times >= 0], np.sort(times[times < -1])[::-1]])  # the earliest gives way
    static = _fit(roll_out, roll_out.affected[:, None].astype(float))
    path = _fit(roll_out, (roll_out.event_time[:, None] == times).astype(float))
    names = ["static", *(f"event_time: {t:g}" for t in times)]
    told = np.concatenate([static.kept, path.kept])
    moved = np.hstack([fit.influence(roll_out.cluster) for fit in (static, path)])
    estimates, band = _estimates(static, path, times, moved, told, level)
    comparisons, check = _taken_apart(roll_out, float(static.coef[0]))
    kept = [name for name, known in zip(names, told, strict=True) if known]
    g = len(moved)
    return answer(
        estimates=estimates,
        vcov=pd.DataFrame(moved.T @ moved * (g / (g - 1)), index=kept, columns=kept).reindex(names, columns=names),
        influence=pd.DataFrame(moved, index=roll_out.cluster_names, columns=kept) if keep_influence else None,
        checks=(check,),
        tables={"band": band, "left_out": roll_out.left_out} | comparisons,
    )


def _fit(roll_out: RollOut, design: np.ndarray) -> LinearFit:
    when = np.unique(roll_out.period, return_inverse=True)[1]
    columns = np.column_stack([design, roll_out.outcome])
    swept = sweep(columns, roll_out.entity, when, weight=roll_out.weight).values
    return least_squares(swept[:, :-1], swept[:, -1], roll_out.weight)


def _estimates(
    static: LinearFit, path: LinearFit, times: np.ndarray, moved: np.ndarray, told: np.ndarray, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    g = len(moved)
    covariance = np.full((len(told), len(told)), np.nan)
    covariance[np.ix_(told, told)] = moved.T @ moved * (g / (g - 1))
    on_path = np.flatnonzero(told)[1:] if told[0] else np.flatnonzero(told)
    critical = sup_t(covariance[np.ix_(on_path, on_path)], level=level, df=g - 1) if on_path.size else np.nan
    rows = []
    for i, coef in enumerate(np.concatenate([static.coef, path.coef])):
        key = {"term": "event_time" if i else "static", "event_time": times[i - 1] if i else np.nan}
        error = np.sqrt(covariance[i, i])
        half = critical * error if i and told[i] else np.nan
        number = wald(coef, error, level, g - 1) if told[i] else unknown("units, periods and other times make it up")
        rows.append(key | number | {"band_low": coef - half, "band_high": coef + half})
    table = pd.DataFrame(rows).sort_values(["term", "event_time"], ascending=[False, True], ignore_index=True)
    return table, pd.DataFrame([{"critical": critical, "df": g - 1, "level": level, "n_estimates": len(on_path)}])


def _taken_apart(roll_out: RollOut, coefficient: float) -> tuple[dict[str, pd.DataFrame], Check]:
    """Return the comparisons behind the static coefficient, and what is wrong with some of them."""
    name, tested = "forbidden_comparisons", "whether units treated already stand for untreated ones"
    why = unfit(roll_out)
    if why:
        sentence = f"The coefficient was not taken apart, for {why}: how much of it is wrong is not known."
        return {}, Check(name=name, tested=tested, passed=None, sentence=sentence)
    rows = two_by_two(roll_out)
    kinds = by_kind(rows)
    wrong = kinds.set_index("kind").loc[LATER_EARLIER]
    sound = rows[rows["kind"] != LATER_EARLIER]
    without = float((sound["weight"] * sound["estimate"]).sum() / sound["weight"].sum())
    found = (
        f"{100 * wrong['weight']:.0f} % of the weight lies on comparisons with units treated earlier, whose own "
        f"effects are taken off: they give {figure(wrong['estimate'])} and all others {figure(without)}, together "
        f"{figure(coefficient)}."
    )
    clean = "No comparison takes units treated already for untreated ones; the coefficient is a mean of sound ones."
    passed = bool(wrong["weight"] == 0)
    check = Check(name=name, tested=tested, passed=passed, sentence=clean if passed else found, table=kinds)
    return {"comparisons": rows, "kinds": kinds}, check
