"""Whether weights can carry those who answered to everybody: what they cost, and what they balance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.results import Check

LEAST_SHARE = 0.5  # of the answers that has to be left as their effective number
MOST_WEIGHT = 0.05  # that one customer may carry
NEAR_ZERO = 0.01
MOST_IMBALANCE = 0.1  # in standard deviations
_TESTED = {
    "effective_size": "whether weighting leaves at least half of the answers as their effective number",
    "largest_weight": "whether no customer carries more than 5\u00a0% of the weight",
    "near_zero": "whether every occasion had a chance of at least 1\u00a0% to be answered",
    "balance": "whether weighted answers are like all occasions in each covariate, within 0.1 standard deviations",
}


def overlap_checks(
    weight: np.ndarray,
    chance: np.ndarray,
    code: np.ndarray,
    base: np.ndarray,
    design: pd.DataFrame,
) -> tuple[Check, ...]:
    """Check weights that stand for the silent.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        Weight of each occasion, 0 where silent.
    chance : ndarray, shape (n,)
        Fitted chance to answer.
    code : ndarray, shape (n,)
        Customer of each occasion, from 0.
    base : ndarray, shape (n,)
        Survey weights.
    design : pandas.DataFrame, shape (n, p)
        Covariates, one column each.

    Notes
    -----
    The limits are conventions. References: effective size: Kish (1965), Survey Sampling, section 11.7; standardised
    differences: Austin (2009), Statistics in Medicine 28:3083-3107.
    """
    return (_size(weight), _largest(weight, code), _near_zero(chance), _balance(weight, base, design))


def unchecked(reason: str) -> tuple[Check, ...]:
    """Return the checks that could not be run, with the reason."""
    sentence = f"This could not be told: {reason}."
    return tuple(Check(name=n, tested=t, passed=None, sentence=sentence) for n, t in _TESTED.items())


def weight_checks(effective_share: float, largest_share: float) -> tuple[Check, Check]:
    """Check weights of which only the spread is known; no sentence tells how many answers there are.

    Parameters
    ----------
    effective_share : float
        Answers of equal weight that would tell as much, as a share of the answers.
    largest_share : float
        Share of the weight that the customer who counts most carries.
    """
    told = f"Weighted, the answers tell as much as {100 * effective_share:.0f}\u00a0% of them would, counting alike."
    table = pd.DataFrame({"effective_share": [effective_share]})
    return (
        _check("effective_size", effective_share >= LEAST_SHARE, told, table),
        _check("largest_weight", largest_share <= MOST_WEIGHT, *_told_largest(largest_share)),
    )


def balance_table(weight: np.ndarray, base: np.ndarray, design: pd.DataFrame) -> pd.DataFrame:
    """Return, by covariate, how far the answers are from all occasions before and after weighting.

    Returns
    -------
    pandas.DataFrame
        ``covariate, everybody, before, after``: the mean of all, and the mean of the answers less it in standard
        deviations of all.
    """
    spoke = np.where(weight > 0, base, 0.0)
    values = design.to_numpy(float)
    means = [w @ values / w.sum() for w in (base, spoke, weight)]
    spread = np.sqrt(base @ (values - means[0]) ** 2 / base.sum())
    gaps = [np.divide(m - means[0], spread, out=np.zeros(len(spread)), where=spread > 0) for m in (means[1], means[2])]
    return pd.DataFrame(
        {"covariate": design.columns.astype(str), "everybody": means[0], "before": gaps[0], "after": gaps[1]}
    )


def _size(weight: np.ndarray) -> Check:
    used = weight[weight > 0]
    size = float(used.sum() ** 2 / (used @ used))
    sentence = f"After weighting, {len(used):,} answers tell as much as {size:,.0f} that count alike."
    table = pd.DataFrame({"answers": [len(used)], "effective": [size]})
    return _check("effective_size", size >= LEAST_SHARE * len(used), sentence, table)


def _largest(weight: np.ndarray, code: np.ndarray) -> Check:
    share = float(np.bincount(code, weight).max() / weight.sum())
    return _check("largest_weight", share <= MOST_WEIGHT, *_told_largest(share))


def _told_largest(share: float) -> tuple[str, pd.DataFrame]:
    sentence = f"The customer who counts most carries {100 * share:.1f}\u00a0% of the weight."
    return sentence, pd.DataFrame({"largest_share": [share]})


def _near_zero(chance: np.ndarray) -> Check:
    n, lowest = int((chance < NEAR_ZERO).sum()), float(chance.min())
    sentence = (
        f"{n:,} of {len(chance):,} occasions had a chance below 1\u00a0% to be answered; the lowest is "
        f"{100 * lowest:.1f}\u00a0%."
    )
    return _check("near_zero", n == 0, sentence, pd.DataFrame({"near_zero": [n], "lowest": [lowest]}))


def _balance(weight: np.ndarray, base: np.ndarray, design: pd.DataFrame) -> Check:
    table = balance_table(weight, base, design)
    if table.empty:
        return _check("balance", True, "There is no covariate to balance.", table)
    before, after = (float(table[name].abs().max()) for name in ("before", "after"))
    worst = table["covariate"].iloc[int(table["after"].abs().argmax())]
    sentence = (
        f"The largest gap between the answers and all occasions is {before:.2f} standard deviations before weighting "
        f"and {after:.2f} after ({worst})."
    )
    return _check("balance", after <= MOST_IMBALANCE, sentence, table)


def _check(name: str, passed: bool, sentence: str, table: pd.DataFrame) -> Check:
    return Check(name=name, tested=_TESTED[name], passed=bool(passed), sentence=sentence, table=table)
