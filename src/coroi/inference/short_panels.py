"""How far the coefficient of an earlier outcome is off in a short series, or in a short panel with entity effects."""

from __future__ import annotations

from coroi.inference.lagged import Sample
from coroi.inference.within import Effects
from coroi.results import Check

NAME = "short panel"
TESTED = "whether entity effects in a short panel pull the coefficient of the earlier outcome down (Nickell)"
SERIES = "short series"
TESTED_SERIES = "whether the coefficient of the earlier outcome leans down in a short series (Kendall)"


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


def kendall_bias(carry_over: float, n_periods: float) -> float:
    """Return by how much the coefficient of the earlier outcome is off in a single series with a constant.

    Notes
    -----
    To the first order in 1 / T, without other regressors. Reference: Kendall (1954), Biometrika 41:403-404; Marriott
    and Pope (1954), Biometrika 41:390-402.
    """
    return -(1 + 3 * carry_over) / n_periods


def short_panel_check(sample: Sample, effects: Effects, carry_over: float, error: float) -> Check | None:
    """Say how far the coefficient is off at its estimate; nothing for a panel without entity effects.

    Notes
    -----
    Passed where the bias is at most half a standard error: then an interval of 95 % still holds about 92 %.
    """
    alone = sample.n_entities == 1
    if not alone and effects not in ("entity", "both"):
        return None
    n_periods = sample.n_obs / sample.n_entities
    name, tested = (SERIES, TESTED_SERIES) if alone else (NAME, TESTED)
    if not -1 < carry_over < 1:
        sentence = f"Not told: the coefficient is {carry_over:.3g}, and the bias is known below one only."
        return Check(name=name, tested=tested, passed=None, sentence=sentence)
    bias = (kendall_bias if alone else nickell_bias)(carry_over, n_periods)
    passed = bool(abs(bias) <= error / 2)
    length = f"{n_periods:.0f} periods" if alone else f"{n_periods:.1f} periods an entity"
    sentence = (
        f"With {length} the coefficient of the earlier outcome, "
        f"{carry_over:.3g}, is off by about {bias:.3g}, which is {abs(bias) / error:.1f} of its standard errors"
        + (", too little to matter." if passed else ": it is too low, and the long run leans towards zero.")
    ).replace("-", "−")
    return Check(name=name, tested=tested, passed=passed, sentence=sentence)
