"""Sample-ratio mismatch: whether the arms hold the shares that the plan gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, Problem
from coroi.results import Check

NAME = "sample_ratio"
STRICT, _UNEASY = 0.001, 0.05
_FEW = 5  # expected in an arm, below which two arms are tested exactly
_TESTED = "whether the arms hold the shares that the plan gave them (p of 0.001 or more)"


def ratio_check(counts: np.ndarray, labels: Sequence[str], shares: Mapping[str, float] | None, what: str) -> Check:
    """Test the sizes of the arms against the plan's shares.

    Parameters
    ----------
    counts : ndarray of int, shape (a,)
        Units assigned to each arm, those without an outcome too.
    labels : sequence of str
        Names of the arms.
    shares : Mapping of str to float, optional
        Planned share of each arm, in any unit; without it the check is not run.
    what : str
        What is assigned, in the plural: customers, units.

    Returns
    -------
    Check
        Failed at p < 0.001: then lots were not drawn or not kept to, or somebody was lost by arm, and no difference of
        the arms can be taken for the effect.

    Raises
    ------
    DataError
        If the plan's arms are not those of the data, or a share is not above zero.

    Notes
    -----
    Pearson's chi-square; with two arms and fewer than five expected in one, the exact binomial test. The bar is low
    on purpose: whoever looks at many trials should not be sent after chance. References: Fabijan and others (2019),
    KDD, section 3; Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, chapter 21.
    """
    table = pd.DataFrame({"arm": list(labels), "assigned": counts, "share": counts / counts.sum()})
    if shares is None:
        said = "The plan names no shares of the arms, so it cannot be told whether lots were kept to."
        return Check(name=NAME, tested=_TESTED, passed=None, sentence=said, table=table)
    planned = _planned(labels, shares)
    expected = planned * counts.sum()
    if len(counts) == 2 and expected.min() < _FEW:
        p_value = float(stats.binomtest(int(counts[0]), int(counts.sum()), planned[0]).pvalue)
    else:
        p_value = float(stats.chisquare(counts, expected).pvalue)
    table = table.assign(planned=planned, expected=expected)
    arms = ", ".join(
        f"{label} {_percent(share)} (planned {_percent(plan)})"
        for label, share, plan in zip(labels, table["share"], planned, strict=True)
    )
    said = f"Of {counts.sum():,} {what}, the arms hold: {arms}; p = {p_words(p_value)}: {_verdict(p_value)}."
    return Check(
        name=NAME, tested=_TESTED, passed=bool(p_value >= STRICT), sentence=said, table=table.assign(p_value=p_value)
    )


def _planned(labels: Sequence[str], shares: Mapping[str, float]) -> np.ndarray:
    absent, extra = sorted(set(labels) - set(shares)), sorted(set(shares) - set(labels))
    if absent or extra:
        gone = f"has no share for {', '.join(absent)}" if absent else f"names {', '.join(extra)}, which nobody is in"
        raise DataError(Problem("shares", f"the plan {gone}.", "Give one share for each arm of the data."))
    planned = np.array([float(shares[label]) for label in labels])
    if not (planned > 0).all():
        raise DataError(Problem("shares", "a planned share is not above zero.", "Leave out arms that nobody gets."))
    return planned / planned.sum()


def _verdict(p_value: float) -> str:
    if p_value < STRICT:
        return "lots were not kept to, or some were lost by arm, so the arms cannot be compared"
    if p_value < _UNEASY:
        return "less even than most lots are, but not so rare that the trial is refused; ask how arms were drawn"
    return "as lots fall by chance"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def p_words(value: float) -> str:
    """Write a p-value with two figures, a very small one as "below 0.0001"."""
    return f"{value:.2g}" if value >= 1e-4 else "below 0.0001"
