"""The bar that an estimator has to clear, and why a row that falls short of it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

LEAST_COVERAGE, MOST_COVERAGE = 0.935, 0.965
MOST_ALARMS = 0.065
ENOUGH = 1_500
"""Replications from which a share is held against the bar as it stands; fewer decide only with their whole interval."""

COARSE = 0.25
"""Monte Carlo error of a truth, in standard deviations of the estimate, from which coverage says little."""

Standing = Literal["met", "short", "open"]


def standing(row: Mapping[str, Any]) -> Standing:
    """Hold a row of the summary against the bar.

    Parameters
    ----------
    row : mapping
        From :func:`coroi.lab.summary.summarise`, with ``zero`` telling whether the truth is zero by design.

    Returns
    -------
    str
        ``short`` where coverage lies outside 93.5 to 96.5 %, false alarms exceed 6.5 %, a replication failed, or
        nothing was ever estimated; ``open`` where too few replications tell, or the truth is known too coarsely;
        ``met`` elsewhere.
    """
    if row["coverage"] is None:
        return "short" if row["failed"] or row["truth"] is not None else "open"
    tried = row["replications"] - row["refused"]
    found = [_side(row, "coverage", "coverage", tried, LEAST_COVERAGE, MOST_COVERAGE)]
    if row["zero"]:
        found.append(_side(row, "excludes_zero", "excludes", tried, 0.0, MOST_ALARMS))
    if row["failed"]:
        return "short"
    if row["sd"] and (row["truth_error"] or 0.0) > COARSE * row["sd"]:
        return "open"
    if "short" in found:
        return "short"
    return "open" if "open" in found else "met"


def _side(row: Mapping[str, Any], name: str, ends: str, n: int, least: float, most: float) -> Standing:
    share, low, high = row[name], row[f"{ends}_low"], row[f"{ends}_high"]
    if n >= ENOUGH:
        return "met" if least <= share <= most else "short"
    if low > most or high < least:
        return "short"
    return "met" if least <= low and high <= most else "open"


_UNCORRECTED = (
    "the weights of the second step are estimated, which its usual errors leave out (Windmeijer 2005): that is why the "
    "toolkit corrects them. The corrected row is the one to read."
)
_UNEVEN = (
    "where a few of 200 entities have shocks several times those of others, robust errors are about 6 % below the "
    "spread of the estimate; with 400 entities of this kind coverage was 94.7 %."
)
_CROWDED = (
    "with 50 or more instruments for 200 entities the estimate leans towards least squares within entities, and errors "
    "without the correction are far too small: that is why the toolkit takes two lags and collapses them."
)
_FEW_MONTHS = (
    "Newey–West's errors come out some 8 % too small in twelve years of months, in which the same few firms make up a "
    "portfolio for long; the estimate itself does not lean. Critical values made for few periods are what it lacks."
)
REASONS: dict[tuple[str, str, str], str] = {
    ("hazard", "held", "*"): (
        "the interval takes the customers at the landmark as given, while the truth is that of a population; who "
        "happens to be at the landmark adds about 5 % to the spread of the prediction."
    ),
    ("long_run", "delta", "*"): (
        "it is shown for comparison: near a carry-over of one the ratio is skewed and may have no bound, while an "
        "interval of the delta method is symmetric and always has one. Fieller's set, with which studies answer, is "
        "the row beside it."
    ),
    ("long_run", "fieller[series, 0.95]", "*"): (
        "least squares leans down in a single series, by about (1 + 3 · 0.95) / 240 or one standard error, "
        "which no interval around it makes good; the check of short series tells. The same memory in a panel is "
        "the row of the panel."
    ),
    ("respondents", "standardised", "*"): (
        "revenue is spread so unevenly that the fourth moment, on which the error of a standard deviation rests, "
        "comes out too small in companies of this size: the error is 4 to 5 % below the spread that it stands for, "
        "with hardly any bias and misses on both sides. The same difference in money meets the bar."
    ),
    ("dynamic_panel", "lag[uncorrected]", "own"): _UNCORRECTED,
    ("dynamic_panel", "effect[uncorrected]", "own"): _UNCORRECTED,
    ("dynamic_panel", "lag[uneven]", "own"): _UNEVEN,
    ("dynamic_panel", "effect[uneven]", "own"): _UNEVEN,
    ("dynamic_panel", "lag[all lags", "own"): _CROWDED,
    ("dynamic_panel", "effect[all lags", "own"): _CROWDED,
    ("projections", "plain", "*"): (
        "sweeping out the level of an entity biases every horizon by the order of one over its periods, here 24; half "
        "panels take that out, and these rows show what happens without."
    ),
    ("projections", "halved[4]", "*"): (
        "half panels leave some of the bias at the last horizon, a third of a standard deviation in 24 periods; more "
        "periods or fewer horizons make it small."
    ),
    ("projections", "crossover", "*"): (
        "the horizon is a whole number and its interval a band projected, which holds at least as often as the band: "
        "it is wide by design."
    ),
    ("direction", "within", "*"): (
        "the within estimate of an autoregression is biased in short panels; it stands beside to show by how much."
    ),
    ("effects", "confounded_", "own"): (
        "entities with a higher level of the outcome have a higher metric, and only estimates within entities are free "
        "of levels; these naive figures stand here to show how far off they are."
    ),
    ("effects", "reverse", "own"): (
        "the outcome of the past drives the metric, so the metric is tied to shocks of the outcome that last, and to "
        "the entity's mean of them: the estimate is not sound there, whatever its interval. Only a test of the "
        "direction tells that from an effect."
    ),
    ("spending", "within", "*"): (
        "customers who spent more are more satisfied afterwards, so a score is tied to earlier spending that the "
        "customer's mean holds too: the estimate leans below zero. With that behaviour switched off in 40 companies of "
        "`null` it did not (−0.007, standard error 0.013, beside −0.090 with it)."
    ),
    ("spending", "", "*"): (
        "customers who spend more are more satisfied, which a comparison of customers takes for an effect."
    ),
    ("firms", "baseline_alpha", "own"): _FEW_MONTHS,
    ("firms", "idle_alpha", "own"): _FEW_MONTHS,
    ("firms", "baseline_", "own"): (
        "in twelve years, less those that the horizon takes, a firm's mean that is swept out holds much of the very "
        "rise looked at and of what follows it, so the path leans towards zero."
    ),
} | {
    ("direction", f"{term}[{world}, 6", "*"): (
        "six periods hardly tell the persistence of a metric that persists, and the interval carries that doubt: it "
        "holds more often than it says, and false alarms are fewer than 5 %."
    )
    for term in ("forward", "reverse", "placebo_lead")
    for world in ("neither", "reverse")
}
"""Why a row falls short: by experiment, beginning of the estimand's name, and scenario ("*" for any)."""


def reason_for(experiment: str, estimand: str, scenario: str) -> str:
    """Return why a row falls short of the bar; empty where nobody has found out."""
    for (theirs, begins, where), reason in REASONS.items():
        if theirs == experiment and estimand.startswith(begins) and where in ("*", scenario):
            return reason
    return ""
