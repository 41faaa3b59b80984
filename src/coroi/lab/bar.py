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
        ``short`` where coverage lies outside 93.5 to 96.5 %, false alarms exceed 6.5 %, a yes is said more often than
        it may be, a replication failed, or nothing was ever estimated; ``open`` where too few replications tell, or the
        truth is known too coarsely;
        ``met`` elsewhere.
    """
    if row.get("at_most") is not None:
        return _seldom(row)
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


def _seldom(row: Mapping[str, Any]) -> Standing:
    """Hold the share of a yes, which is that of estimates that are not zero, against the most that is allowed."""
    if row["failed"] or row["excludes_zero"] is None:
        return "short"
    return _side(row, "excludes_zero", "excludes", row["replications"] - row["refused"], 0.0, row["at_most"])


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
_RANKS = (
    "p-values of placebos come in steps of one over the number of units, so that a set holds more often than it says, "
    "and with fewer than 20 units always, since it has no bound."
)
_SIX_PERIODS = (
    "six periods hardly tell the persistence of a metric that persists: the slope of the equations is close to zero "
    "there and is estimated too, and errors that divide by it come out wider than the estimate's spread, which the "
    "equations bound. A test of the equations themselves, which needs no slope, turned the truth away in 5 % (1,000 "
    "replications), so it is the errors and not the equations. False alarms stay fewer than 5 %."
)
_APART = (
    "treated units grow by themselves, which no comparison with the others can tell from an effect: these rows show "
    "how far off the estimate is, and the rows of the leads how often the test finds it out."
)
_SEVENTY_LOTS = (
    "lots of eight units can fall in 70 ways, so that a test at 5 % rejects at 2 of 70, or 2.9 %: the interval holds "
    "in about 97 %, and false alarms are fewer. With more units the steps are finer."
)
_EIGHT_BY_WILD = (
    "with four units an arm and a slope in each the wild cluster bootstrap rejects a little too often; it stands for "
    "comparison, and drawing the lots again is what the pilot answers with."
)
_PROJECTED = (
    "it is a period or the lowest or highest point of a path, read off a band that holds the whole path: it holds at "
    "least as often as the band, and is wide by design. The width, in which never counts as the horizon, and the share "
    "of sets that end within it tell what that costs."
)
_EIGHT_SAFE = (
    "with eight units there are two clusters a date, and degrees of freedom known beforehand err to the safe side: the "
    "interval holds a little more often than it says."
)
_OF_THE_SUM = (
    "degrees of freedom are those of the sum over all periods, fewer than those of the first periods by themselves, "
    "and err to the safe side there."
)
_BY_TERM = {
    ("dynamic_panel", f"{term}[{which}", "own"): reason
    for term in ("lag", "effect", "long_run")
    for which, reason in (("uncorrected]", _UNCORRECTED), ("uneven]", _UNEVEN), ("all lags", _CROWDED))
} | {
    ("direction", f"{term}[{world}, 6", "*"): _SIX_PERIODS
    for term in ("forward", "reverse", "placebo_lead")
    for world in ("neither", "reverse")
}
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
    ("projections", "plain", "*"): (
        "sweeping out the level of an entity biases every horizon by the order of one over its periods, here 24; the "
        "toolkit takes that out, and these rows show what happens without."
    ),
    ("projections", "corrected[3, 12]", "*"): (
        "an entity has eight rows there, and few pairs of them are far enough apart to be the counterweight: errors by "
        "entity come out 5 % below the spread of the estimate, which itself does not lean."
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
    ("few_units", "mix[1 of", "own"): _RANKS,
    ("few_units", "mix_grows[1 of", "own"): _RANKS,
    ("few_units", "series_overall[alone_shared]", "own"): (
        "something else begins in the same period, which a series alone takes for the effect, whatever its interval; "
        "the row with a series beside it is free of that."
    ),
    ("few_units", "series_", "own"): (
        "intervals allow for every memory that the series does not rule out, and so hold more often than they say "
        "where it is short."
    ),
    ("randomised_pilots", "null, by customer", "own"): (
        "customers of a unit share what happens to it, and errors by customer leave that out: the row shows how often "
        "chance is then called an effect, however many units there are."
    ),
    ("randomised_pilots", "effect[8 units]", "own"): _SEVENTY_LOTS,
    ("randomised_pilots", "null[8 units]", "own"): _SEVENTY_LOTS,
    ("randomised_pilots", "effect, wild bootstrap[8 units]", "own"): _EIGHT_BY_WILD,
    ("randomised_pilots", "null, wild bootstrap[8 units]", "own"): _EIGHT_BY_WILD,
    ("randomised_pilots", "before–after", "own"): (
        "who is picked for a low score comes back without any help; the naive figure stands here to show by how much. "
        "The comparison with likes of the same score and period is the row to read."
    ),
    ("randomised_pilots", "shares a fifth lost", "own"): (
        "the arms do not hold the plan's shares, and to be refused is what is asked of it."
    ),
    ("roll_outs", "two-way[confounded", "*"): _APART,
    ("roll_outs", "two-way[", "*"): (
        "units that are treated already stand for untreated ones, so that their growing effects are taken off: the "
        "regression is shown as the wrong answer. Where the effect is zero it is right, and so is its test."
    ),
    ("roll_outs", "overall[confounded", "*"): _APART,
    ("roll_outs", "path[confounded", "*"): _APART,
    ("roll_outs", "leads[closed cohort, taken", "*"): (
        "nobody of a cohort that is fixed at a date leaves before it, so that its leads are zero whatever the units' "
        "customers did before: such a test always passes. The toolkit refuses it; exits over those at risk show it."
    ),
    ("roll_outs", "path[staggered, 8]", "*"): (
        "six of eight units start at dates of their own, so that no other of their cohort tells their shocks and their "
        "errors are taken beside the next date's: with so few the band holds a little less often than it says. Where "
        "one unit alone carries more than a quarter of a variance the estimate is refused."
    ),
    ("roll_outs", "overall[", "*"): _EIGHT_SAFE,
    ("roll_outs", "cohort: 6[", "*"): _EIGHT_SAFE,
    ("roll_outs", "period: 15[", "*"): (
        "few clusters stand behind one period, and the degrees of freedom that their errors are given err to the safe "
        "side."
    ),
    ("roll_outs", "path[", "*"): (
        "with two clusters a date the variance of each point has two to four degrees of freedom of its own; the band "
        "takes the fewest, rounded down, and holds more often than it says."
    ),
    ("paybacks", "value[confounded", "*"): _APART,
    ("paybacks", "early[", "*"): _OF_THE_SUM,
    ("paybacks", "cannot tell[powered, 20]", "*"): (
        "whoever knows the shocks' covariance has 95 % power here; with 20 units, of which five never start, it has to "
        "be estimated with some eight degrees of freedom, and by t an interval at 98.3 % is a fifth wider than by the "
        "normal. With 50 units it is a tenth wider, and the bar is met."
    ),
    ("paybacks", "payback[", "*"): _PROJECTED,
    ("paybacks", "crossover[", "*"): _PROJECTED,
    ("paybacks", "depth[", "*"): _PROJECTED,
    ("paybacks", "forgone[", "*"): _PROJECTED,
    ("firms", "baseline_left_free_", "own"): (
        "a firm's mean that is swept out holds what satisfaction does later, which is part of the error, so that in "
        "twelve years the estimate leans. With later satisfaction held it does not: the rows without `left_free`."
    ),
    ("worth", "changes", "*"): (
        "differencing leaves a fading metric and money's own shocks in both sides, and the last changes held do not "
        "make up for it: that is why the study takes what is new in the metric. This naive figure shows how far off it "
        "is."
    ),
} | _BY_TERM
"""Why a row falls short: by experiment, beginning of the estimand's name, and scenario ("*" for any)."""


def reason_for(experiment: str, estimand: str, scenario: str) -> str:
    """Return why a row falls short of the bar; empty where nobody has found out."""
    for (theirs, begins, where), reason in REASONS.items():
        if theirs == experiment and estimand.startswith(begins) and where in ("*", scenario):
            return reason
    return ""
