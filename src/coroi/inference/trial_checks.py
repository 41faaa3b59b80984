"""Checks of a trial on missing outcomes and on what was known before, and the bounds that the first one needs."""

from __future__ import annotations

import numpy as np
from scipy import stats

from coroi.inference.arms import arm_means
from coroi.inference.attrition import lee_bounds
from coroi.inference.estimates import unknown, wald
from coroi.inference.sample_ratio import p_words
from coroi.inference.trial_rows import Fitted, Row, T, error_of, key_of
from coroi.inference.trials import Trial, alike_shares, by_stratum, in_pairs
from coroi.inference.variants import figure
from coroi.results import Check

_STRICT = 0.001


def bound_rows(trial: Trial, fitted: Fitted) -> list[Row]:
    """Return Lee's bounds of each effect; ``set_low`` and ``set_high`` hold the effect wherever it lies between them.

    Parameters
    ----------
    trial : Trial
        All customers, those without an outcome too.
    fitted : Fitted
    """
    rows = []
    for k, label in enumerate(trial.labels[1:], start=1):
        pair = trial.keep((trial.arm == 0) | (trial.arm == k))
        keys = [key_of("effect_bound", label, False, name) for name in ("lower", "upper")]
        side = pair.arm == k
        why = fitted.refused or _no_bounds(pair, side)
        if why:
            rows += [key | unknown(why) for key in keys]
            continue
        found = lee_bounds(pair.outcome, pair.seen, side, pair.unit)
        level = fitted.how["level"]
        told = dict(zip(("set_low", "set_high"), found.interval(level), strict=True))
        ends = zip(keys, found.ends, found.errors, strict=True)
        rows += [key | wald(end, error, level) | told for key, end, error in ends]
    return rows


def bounds_check(rows: list[Row], level: float) -> Check:
    """Tell whether the missing outcomes could turn the answer about an effect's sign.

    Parameters
    ----------
    rows : list of dict
        All rows of the answer; without bounds no outcome is missing.
    level : float
        Level of the intervals.

    Returns
    -------
    Check
        Passed where every effect whose interval lies on one side of zero keeps its side within the bounds.
    """
    name, tested = "missing_outcomes", "whether the answer stays, whatever the missing outcomes are (Lee's bounds)"
    bounds = [r for r in rows if r["term"] == "effect_bound" and r["errors"] == "lower"]
    if not bounds:
        return Check(name=name, tested=tested, passed=True, sentence="Every customer's outcome is known.")
    said, passed = [], True
    for bound in bounds:
        plain = next(r for r in rows if (r["term"], r["arm"], r["adjusted"], r["errors"]) == _plain(bound["arm"]))
        if not (bound["identified"] and plain["identified"]):
            why = f"This cannot be told: {bound['reason'] or plain['reason']}."
            return Check(name=name, tested=tested, passed=None, sentence=why)
        low, high = bound["set_low"], bound["set_high"]
        side = np.sign(plain["conf_low"]) if plain["conf_low"] * plain["conf_high"] > 0 else 0.0
        passed &= bool(side == 0 or (np.sign(low) == side and np.sign(high) == side))
        said.append(f"that of {bound['arm']} lies from {figure(low)} to {figure(high)}")
    whole = f"On customers whose outcome either arm shows, the effect is bounded: {', '.join(said)} (level {level:g})."
    return Check(name=name, tested=tested, passed=passed, sentence=whole)


def balance_check(trial: Trial) -> Check:
    """Test whether what was known before differs between arms by more than lots do.

    Parameters
    ----------
    trial : Trial
        All customers.

    Notes
    -----
    Each column on its own by Welch's t, arm against control, errors by unit, strata held; the smallest p-value times
    their number (Bonferroni). The bar is 0.001, as for the shares: lots fall unevenly now and then, and adjusting
    makes that good; a difference beyond it says that a column was not known before, or that lots were not kept to.
    """
    tested = "whether what was known before is alike in the arms (p of 0.001 or more, all columns together)"
    lowest, n_tests = 1.0, 0
    trial = by_stratum(trial) if in_pairs(trial) else trial
    for column in trial.before.T:
        found = arm_means(column, trial.arm, len(trial.labels), trial.unit, trial.strata)
        for k in range(1, len(trial.labels)):
            moved = found.influence[:, k] - found.influence[:, 0]
            error = error_of(moved)
            if error > 0 and not (found.reasons[0] or found.reasons[k]):
                n_tests += 1
                ratio = abs(found.mean[k] - found.mean[0]) / error
                lowest = min(lowest, float(2 * stats.t.sf(ratio, found.welch(k, 0))))
    if not n_tests:
        return Check(name="balance", tested=tested, passed=None, sentence="There are too few units to tell.")
    p_value = min(1.0, lowest * n_tests)
    how = "as after a draw by lot" if p_value >= _STRICT else "further apart than lots put them: was it known before?"
    said = f"What was known before lies {how} (smallest p, times {n_tests:,}: {p_words(p_value)})."
    return Check(name="balance", tested=tested, passed=bool(p_value >= _STRICT), sentence=said)


def _no_bounds(pair: Trial, side: np.ndarray) -> str:
    if not (pair.seen & side).any() or not (pair.seen & ~side).any():
        return "an arm has no known outcome"
    return "" if alike_shares(pair) else "strata differ in the shares of the arms, for which there are no such bounds"


def _plain(arm: str) -> tuple[str, str, bool, str]:
    return "effect", arm, False, T
