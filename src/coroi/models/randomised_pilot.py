"""What a pilot drawn by lot did: by intention to treat, adjusted for what was known before, and for who took it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from coroi.inference.attrition import attrition_check
from coroi.inference.randomisation import DRAWS, SEED
from coroi.inference.ratios import with_set
from coroi.inference.sample_ratio import ratio_check
from coroi.inference.trial_checks import balance_check, bound_rows, bounds_check
from coroi.inference.trial_rows import KEYS, Fitted, trial_rows
from coroi.inference.trials import Columns, Trial, arms_table, even_shares, in_pairs, read_trial, whole_strata
from coroi.inference.variants import account
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand="mean outcome if all customers were put in an arm, less the mean if all were put in the control",
    unit="unit of the outcome; relative_lift as a share of the control's mean",
    assumptions=(
        ("arms were drawn by lot, and lots were kept to", "sample_ratio"),
        ("customers and units do not influence each other across arms", "untestable"),
        ("whose outcome is missing is like the others of the arm", "attrition, missing_outcomes"),
        ("what was known before was known before the lots were drawn", "balance"),
        ("for complier_effect: lots work through take-up alone, and make nobody give it up", "untestable"),
        ("units are independent of each other", "untestable"),
    ),
    reference=(
        "Lin (2013), Annals of Applied Statistics 7:295-318; Deng, Xu, Kohavi and Walker (2013), WSDM, section 3.2; "
        "Fieller (1954), Journal of the Royal Statistical Society B 16:175-185; Lee (2009), Review of Economic Studies "
        "76:1071-1102; Angrist, Imbens and Rubin (1996), Journal of the American Statistical Association 91:444-455"
    ),
)


def simulate_randomised_pilot(
    rng: np.random.Generator,
    *,
    n: int,
    effect: float,
    arms: int = 2,
    units: int = 0,
    strata: int = 1,
    explained: float = 0.5,
    between: float = 0.2,
    taken_up: float = 1.0,
    lost: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers, or whole units of them, into the arms of a pilot.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n : int
        Customers.
    effect : float
        What the treatment adds to the outcome of who takes it up; the k-th arm adds it k times.
    arms : int
        Arms, the control among them.
    units : int
        Units that lots are drawn for; 0 for each customer.
    strata : int
        Strata within which lots are drawn, with levels of their own.
    explained : float
        Share of the outcome's variance that was known before.
    between : float
        Share of the rest that customers of a unit have in common.
    taken_up : float
        Chance that a treated customer takes the treatment up.
    lost : float
        Chance that an outcome is missing, alike in all arms.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, unit, stratum, arm, taken, before, outcome``.
    truth : dict of str to float
        ``effect``, ``relative_lift`` and ``complier_effect`` of the first treatment.
    """
    n_units = units or n
    unit = np.arange(n) % n_units
    stratum = np.arange(n_units) * strata // n_units
    drawn = np.empty(n_units, dtype=int)
    for code in range(strata):
        here = np.flatnonzero(stratum == code)
        drawn[rng.permutation(here)] = np.arange(len(here)) % arms
    arm = drawn[unit]
    taken = (arm > 0) & (rng.random(n) < taken_up)
    common, before, own = rng.normal(size=n_units), rng.normal(size=n), rng.normal(size=n)
    shared = between if units else 0.0
    noise = np.sqrt(shared) * common[unit] + np.sqrt(1 - shared) * own
    outcome = 10 + 0.5 * stratum[unit] - 0.25 * (strata - 1)
    outcome = outcome + np.sqrt(explained) * before + np.sqrt(1 - explained) * noise + effect * arm * taken
    outcome[rng.random(n) < lost] = np.nan
    labels = np.array(["control", *(f"treatment {k}" if arms > 2 else "treatment" for k in range(1, arms))])
    frame = pd.DataFrame({"entity": np.arange(n), "unit": unit, "stratum": stratum[unit], "arm": labels[arm]})
    frame = frame.assign(taken=taken.astype(int), before=before, outcome=outcome)
    truth = {"effect": effect * taken_up, "relative_lift": effect * taken_up / 10, "complier_effect": effect}
    return frame, truth


def fit_randomised_pilot(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str = "arm",
    control: str = "control",
    before: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
    unit: str | None = None,
    stratum: str | None = None,
    taken: str | None = None,
    entity: str = "entity",
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
    keep_influence: bool = False,
) -> Result:
    """Compare the arms of a pilot as the lots put customers there.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a customer who was put in an arm, whatever became of them.
    outcome : str
        Column of the outcome: money over the horizon with zero after exit, staying (0 or 1), or a metric; empty where
        it is not known.
    arm, control : str
        Column of the arm, and the arm that others are set against.
    before : sequence of str
        Columns known before the lots were drawn; estimates are made without and with them (CUPED). Missing values are
        put at the mean and marked.
    shares : Mapping of str to float, optional
        Planned share of each arm, alike in all strata; where arms hold other shares no effect is told.
    unit : str, optional
        Column of the unit that lots were drawn for; each customer by default.
    stratum : str, optional
        Column of the strata within which lots were drawn.
    taken : str, optional
        Column that tells who took the treatment up, 0 or 1.
    entity : str
        Column of the customer.
    level : float
        Level of the intervals.
    draws, seed : int
        Most draws of the lots and of the wild bootstrap, with fewer than 40 units, and their seed.
    keep_influence : bool
        Keep the influence of each unit by its name, shape (n_units, n_terms).

    Returns
    -------
    Result
        Rows by ``term`` (``mean``, ``effect``, ``relative_lift``, ``take_up``, ``complier_effect``, ``effect_bound``),
        ``arm``, ``adjusted`` and ``errors``; ``effect_bound`` holds the ends between which the effect lies whatever
        the missing outcomes are; ``spec["headline"]`` names the errors to answer with. An interval may be
        unbounded: with too few lots, near a control mean or a take-up of zero. Checks: shares of the arms, missing
        outcomes by arm and what they may change, balance of what was known before.

    Raises
    ------
    DataError
        If columns or keys are missing, a customer repeats, an arm, unit or stratum is empty, a unit lies in several
        arms, everybody is in one arm, there is no such control, or the plan's arms are not those of the data.

    Notes
    -----
    Errors are by unit of assignment, t with Welch's degrees of freedom; by stratum where one has a single unit of an
    arm, as pairs have. With fewer than 40 units the headline is randomisation inference, the wild cluster bootstrap
    beside it. With more than one treatment intervals hold all effects at once. Assumptions: see ``INFO``.
    """
    names = Columns(
        outcome=outcome,
        arm=arm,
        control=control,
        entity=entity,
        before=tuple(before),
        unit=unit,
        stratum=stratum,
        taken=taken,
    )
    trial = read_trial(data, names)
    whole = whole_strata(trial)
    used = trial.seen & whole
    ratio = _ratio(trial, shares)
    how = {"level": level, "draws": draws, "seed": seed}
    fitted = Fitted(trial=trial.keep(used), refused=_refusal(trial, ratio), how=how)
    rows, influence = trial_rows(fitted, adjusted=bool(names.before))
    if not trial.seen.all():
        rows += bound_rows(trial.keep(whole), fitted)
    n_units = len(influence)
    columns = {"outcome": outcome, "arm": arm, "before": list(before), "unit": unit or entity, "stratum": stratum}
    return Result(
        method="randomised_pilot",
        estimand=INFO.estimand,
        spec=columns
        | {"control": control, "taken": taken, "shares": dict(shares) if shares else None, **how}
        | {"headline": fitted.headline, "errors": "by unit of assignment, Welch's freedom"},
        estimates=pd.DataFrame([{key: row[key] for key in KEYS} | with_set(row) for row in rows]),
        vcov=influence.T @ influence * (n_units / (n_units - 1)) if influence.size else None,
        influence=influence if keep_influence and influence.size else None,
        n_obs=int(used.sum()),
        n_entities=len(trial.arm),
        checks=(ratio, *_checks(trial, rows, level)),
        tables={
            "rows": account({"no outcome": ~trial.seen, "a stratum without one of the arms": ~whole}),
            "arms": arms_table(trial, used),
        },
    )


def _ratio(trial: Trial, shares: Mapping[str, float] | None) -> Check:
    """Set the arms' sizes beside the plan's shares, by what lots were drawn for."""
    counts = np.bincount(trial.arm[trial.first_of_units()], minlength=len(trial.labels))
    return ratio_check(counts, trial.labels, shares, "units" if trial.by_unit else "customers")


def _checks(trial: Trial, rows: list[dict], level: float) -> tuple[Check, ...]:
    """Check missing outcomes, what they may change, and what was known before, where something was."""
    missing = attrition_check(trial.seen, trial.arm, trial.unit, trial.labels), bounds_check(rows, level)
    return (*missing, balance_check(trial)) if trial.before.shape[1] else missing


def _refusal(trial: Trial, ratio: Check) -> str:
    """Say why no effect is told; nothing where one is."""
    if ratio.passed is False:
        return "the arms do not hold the shares that the plan gave them"
    if in_pairs(trial) and not even_shares(trial):
        return "a stratum has a single unit of an arm, and strata differ in the shares of the arms; join strata"
    return ""
