"""What entity effects do to the coefficient of an earlier outcome in a short panel."""

from __future__ import annotations

from coroi.inference.lagged import Sample
from coroi.inference.within import Effects
from coroi.results import Check

NAME = "short panel"
TESTED = "whether entity effects in a short panel pull the coefficient of the earlier outcome down (Nickell)"


def nickell_bias(carry_over: float, n_periods: float) -> float:
    """Return by how much the coefficient of the earlier outcome is off with entity effects and few periods.

    Parameters
    ----------
    carry_over : float
        The coefficient itself, below one.
    n_periods : float
        Rows of an entity in the regression, T, above one.

    Notes
    -----
    As entities grow many, of a regression without other regressors, which make it smaller only in so far as they
    explain. Reference: Nickell (1981), Econometrica 49:1417-1426, eq. 18.
    """
    share = (1 - carry_over**n_periods) / (n_periods * (1 - carry_over))
    numerator = -(1 + carry_over) / (n_periods - 1) * (1 - share)
    return numerator / (1 - 2 * carry_over / ((1 - carry_over) * (n_periods - 1)) * (1 - share))


def short_panel_check(sample: Sample, effects: Effects, carry_over: float, error: float) -> Check | None:
    """Say how far the coefficient is off at its estimate; nothing where no entity effects are taken out.

    Notes
    -----
    Passed where the bias is at most half a standard error: then an interval of 95 % still holds about 92 %.
    """
    if effects not in ("entity", "both"):
        return None
    n_periods = sample.n_obs / sample.n_entities
    if not -1 < carry_over < 1:
        sentence = f"Not told: the coefficient is {carry_over:.3g}, and the bias is known below one only."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=sentence)
    bias = nickell_bias(carry_over, n_periods)
    passed = bool(abs(bias) <= error / 2)
    sentence = (
        f"With {n_periods:.1f} periods an entity the coefficient of the earlier outcome, {carry_over:.3g}, is off by "
        f"about {bias:.3g}, which is {abs(bias) / error:.1f} of its standard errors"
        + (", too little to matter." if passed else ": it and the long run come out too small.")
    ).replace("-", "−")
    return Check(name=NAME, tested=TESTED, passed=passed, sentence=sentence)
