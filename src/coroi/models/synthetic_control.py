"""One treated unit, or a few, beside the mix of untreated ones that was nearest to it before the start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.donors import FewUnits, read_few_units
from coroi.inference.estimates import known, unknown
from coroi.inference.synthetic_checks import conformal_sets, fit_words, in_time, left_out_donors, without_chance
from coroi.inference.synthetic_placebos import Placebos, run_placebos
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand="mean effect on the treated units: in each period since the start, and over all of them",
    unit="the outcome's unit",
    assumptions=(
        ("without treatment the units would have gone on as the mix that was nearest before", "placebo in time"),
        ("the mix is near: the units lie among the donors", "fit"),
        ("before the start, units might have changed places: none was picked for what came next", "untestable"),
        ("the treatment moves no donor, and nothing else begins for the treated units alone", "untestable"),
        ("no single donor carries the answer", "donors left out"),
    ),
    reference=(
        "Abadie, Diamond and Hainmueller (2010), Journal of the American Statistical Association 105:493-505; sets by "
        "inversion: Firpo and Possebom (2018), Journal of Causal Inference 6(2); by periods: Chernozhukov, Wüthrich "
        "and Zhu (2021), Journal of the American Statistical Association 116:1849-1864; about means: Ferman and Pinto "
        "(2021), Quantitative Economics 12:1197-1221"
    ),
)


def simulate_synthetic_control(
    rng: np.random.Generator,
    *,
    donors: int,
    treated: int = 1,
    before: int = 20,
    after: int = 6,
    path: Sequence[float] = (1.0,),
    factors: int = 2,
    spread: float = 1.0,
    noise: float = 1.0,
    outside: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw units that follow common factors each in its own measure, some of them treated.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    donors, treated : int
        Units never treated, and treated from one period on.
    before, after : int
        Periods before the start and from it on.
    path : sequence of float
        Effect by periods since the start; the last one stays.
    factors : int
        Common movements, each a first-order autoregression with coefficient 0.8.
    spread, noise : float
        Standard deviation of levels and of measures of a factor, and of what each unit has of its own in a period.
    outside : float
        What is added to the treated units' outcome for good: beyond the donors where it is large.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``.
    truth : dict of str to float
        ``event_time[e]`` and ``overall``.
    """
    n, periods = donors + treated, before + after
    common = rng.normal(size=(periods, factors))
    for t in range(1, periods):
        common[t] += 0.8 * common[t - 1]
    measure = spread * rng.normal(size=(factors, n))
    outcome = 10 + spread * rng.normal(size=n) + common @ measure + noise * rng.normal(size=(periods, n))
    place = rng.permutation(n)[:treated]
    since = np.arange(periods) - before
    height = np.asarray(path, dtype=float)[np.clip(since, 0, len(path) - 1)] * (since >= 0)
    outcome[:, place] += outside + height[:, None]
    first = np.full(n, np.nan)
    first[place] = before
    who, when = np.indices((n, periods)).reshape(2, -1)
    frame = pd.DataFrame({"entity": who, "period": when, "first_treated": first[who], "outcome": outcome[when, who]})
    truth = {f"event_time[{e}]": float(height[before + e]) for e in range(after)}
    return frame, truth | {"overall": float(height[before:].mean())}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answer:
    """Placebos, and rows of the estimates in order: event times, then the mean."""

    placebos: Placebos
    times: list[int]
    gaps: np.ndarray
    others: np.ndarray


def fit_synthetic_control(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    entity: str = "entity",
    period: str = "period",
    anticipation: int = 0,
    intercept: bool = False,
    conformal: bool = True,
    worst_fit: float = 3.0,
    most_placebos: int = 400,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Mix untreated units to what the treated ones were before the start, and set the difference beside placebos.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome : str
        Column of what is explained.
    first_treated : str
        Column of the first treated period, the same for all treated units; empty for donors.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    anticipation : int
        Periods before the start in which the effect may already be felt: they are no part of the fit.
    intercept : bool
        Take each series about its own mean before the start: for units whose level no mix of donors reaches.
    conformal : bool
        Also give sets by permuting periods.
    worst_fit : float
        Fit before the start, in medians of the donors' fits, beyond which the answer is refused.
    most_placebos : int
        Most sets of untreated units that are tried.
    level : float
        Level of the sets.
    keep_influence : bool
        Keep each donor's placebo effects, where one unit is treated.

    Returns
    -------
    Result
        ``event_time`` (from 0; below with anticipation) and ``overall``, the mean over these periods. ``conf_low`` and
        ``conf_high``: effects that placebos in space do not reject, infinite where there are too few units to reject
        any; ``p_value`` of no effect; ``band_low`` and ``band_high`` for the whole path, the estimate taken for the
        effect; ``time_low`` and ``time_high``: effects that shifting periods does not reject, with ``overall`` the
        same in every period. ``std_error`` is the root mean square of placebo effects. Refused: fewer than 3 donors or
        5 periods before, different starts, a fit worse than `worst_fit`. Checks: ``fit``, ``enough units``, ``placebo
        in time``, ``donors left out``. Tables: ``path``, ``weights`` (sorted, without names), ``tests``, ``placebos``,
        ``left_out``.

    Raises
    ------
    DataError
        If keys are missing or repeated, a first treated period is no whole number, or an entity has several.

    Notes
    -----
    Sets by placebos hold exactly as often as they say, or more often, where treatment fell on units by chance; with N
    sets of units p-values come in steps of 1 / N, and a set holds in (N − ⌊(1 − level) N⌋) / N of cases. What is kept
    as influence are placebo effects, scaled so that their squares add up to the variance: they tie results of this
    method on one panel, and no others. Assumptions: see ``INFO``.
    """
    if not 0 < level < 1 or worst_fit <= 0 or most_placebos < 1:
        raise DataError("level lies between 0 and 1; worst_fit and most_placebos are above 0.")
    few = read_few_units(
        data, outcome=outcome, first_treated=first_treated, entity=entity, period=period, anticipation=anticipation
    )
    why, answer, checks = few.why, None, _untested(few.why)
    if not why:
        answer = _answer(few, intercept, most_placebos)
        why = without_chance(few, answer.placebos)
        answer, checks = (None, _untested(why)) if why else (answer, checks)
    if answer:
        fit, why = fit_words(few, answer.placebos, worst_fit, intercept=intercept)
        checks = _checks(few, answer, fit, intercept, most_placebos, level)
    spec = {
        "outcome": outcome,
        "anticipation": anticipation,
        "intercept": intercept,
        "worst_fit": worst_fit,
        "placebos": len(answer.placebos.fit) if answer else 0,
        "level": level,
        "errors": "root mean square of placebo effects; sets by inversion of placebos in space",
    }
    moved = _influence(few, answer) if answer and not why and len(few.treated) == 1 else None
    return Result(
        method="synthetic_control",
        estimand=INFO.estimand,
        spec=spec,
        estimates=_estimates(few, answer, why, level, intercept=intercept, conformal=conformal),
        vcov=None if moved is None else moved.T @ moved * len(moved) / (len(moved) - 1),
        influence=moved if keep_influence else None,
        n_obs=few.outcome.size,
        n_entities=few.outcome.shape[1],
        checks=checks,
        tables=_tables(few, answer),
    )


def _answer(few: FewUnits, intercept: bool, most: int) -> _Answer:
    placebos = run_placebos(few.outcome, few.before, few.treated, intercept=intercept, most=most)
    return _Answer(
        placebos=placebos,
        times=[int(t) for t in few.times[few.before :]],
        gaps=np.append(placebos.after, placebos.after.mean()),
        others=np.column_stack([placebos.others, placebos.others.mean(axis=1)]),
    )


def _estimates(
    few: FewUnits, answer: _Answer | None, why: str, level: float, *, intercept: bool, conformal: bool
) -> pd.DataFrame:
    nothing = dict.fromkeys(("p_value", "band_low", "band_high", "time_low", "time_high"), math.nan)
    counted = {"n_units": len(few.treated), "n_rows": 0, "n_donors": few.outcome.shape[1] - len(few.treated)}
    if answer is None or why:
        times = [] if answer is None else answer.times
        keys = [{"term": "event_time", "event_time": t} for t in times] + [{"term": "overall", "event_time": np.nan}]
        return pd.DataFrame([key | unknown(why) | nothing | counted for key in keys])
    placebos, rows = answer.placebos, []
    half = placebos.critical(level) * placebos.actual.fit
    sets = conformal_sets(few, answer.gaps, placebos.actual.fit, level, intercept=intercept) if conformal else None
    for at, gap in enumerate(answer.gaps):
        path, others = at < len(answer.times), answer.others[:, at]
        error = float(np.sqrt((_placebo_effects(placebos, others, gap) ** 2).mean()))
        row = {"term": "event_time" if path else "overall", "event_time": answer.times[at] if path else np.nan}
        row |= known(gap, error, *placebos.confidence_set(gap, others, level)) | nothing | counted
        row |= {
            "p_value": placebos.p_value(gap, others),
            "n_rows": len(few.treated) * (1 if path else len(answer.times)),
        }
        if path:
            row |= {"band_low": gap - half, "band_high": gap + half}
        if sets is not None:
            row |= {"time_low": sets[at][0], "time_high": sets[at][1]}
        rows.append(row)
    return pd.DataFrame(rows)


def _placebo_effects(placebos: Placebos, others: np.ndarray, effect: float) -> np.ndarray:
    """Return the effects found for sets that hold no treated unit, the estimate taken off the treated ones."""
    return (others + placebos.slope * effect)[placebos.donors]


def _influence(few: FewUnits, answer: _Answer) -> pd.DataFrame:
    placebos = answer.placebos
    effects = np.column_stack(
        [_placebo_effects(placebos, answer.others[:, at], gap) for at, gap in enumerate(answer.gaps)]
    )
    n = len(effects)
    names = [*(f"event_time: {t}" for t in answer.times), "overall"]
    scaled = effects * math.sqrt((n - 1) / n) / math.sqrt(n)
    return pd.DataFrame(scaled, index=few.names[placebos.units[placebos.donors]], columns=names)


def _checks(few: FewUnits, answer: _Answer, fit: Check, intercept: bool, most: int, level: float) -> tuple[Check, ...]:
    placebos = answer.placebos
    enough = placebos.smallest_p <= 1 - level + 1e-9
    said = f"With {few.outcome.shape[1]} units the smallest p-value is {placebos.smallest_p:.2g}"
    sentence = f"{said}." if enough else f"{said}: the {level:.0%} set has no bound."
    tested = "whether there are units enough for a set with bounds"
    left = left_out_donors(few, placebos.actual, intercept=intercept)
    return (
        fit,
        Check(name="enough units", tested=tested, passed=enough, sentence=sentence),
        in_time(few, intercept=intercept, most=most, level=level).check("placebo in time"),
        left.check("donors left out"),
    )


def _untested(why: str) -> tuple[Check, ...]:
    names = ("fit", "enough units", "placebo in time", "donors left out")
    return tuple(Check(name=n, tested=n, passed=None, sentence=f"Not tested: {why}.") for n in names)


def _tables(few: FewUnits, answer: _Answer | None) -> dict[str, pd.DataFrame]:
    if answer is None:
        return {"left_out": few.left_out}
    placebos = answer.placebos
    actual = placebos.actual
    own = few.outcome[:, list(few.treated)].mean(axis=1)
    ratio, p = placebos.ratio_test()
    mean_gaps = pd.DataFrame({"fit": placebos.fit, "gap": placebos.others.mean(axis=1)})
    return {
        "path": pd.DataFrame({"event_time": few.times, "treated": own, "mix": own - actual.gap, "gap": actual.gap}),
        "weights": pd.DataFrame({"weight": np.sort(actual.weights.mean(axis=0))[::-1]}).query("weight > 0"),
        "tests": pd.DataFrame(
            [{"test": "gap after over gap before", "statistic": ratio, "p_value": p, "smallest": placebos.smallest_p}]
        ),
        "placebos": mean_gaps.sort_values(["fit", "gap"], ignore_index=True),
        "left_out": few.left_out,
    }
