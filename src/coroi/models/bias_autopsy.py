"""From the money between promoters and detractors on a slide to what is left of it, one named correction at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.errors import DataError, Problem, did_you_mean
from coroi.inference.autopsy_checks import autopsy_checks
from coroi.inference.autopsy_refusals import AutopsyColumns
from coroi.inference.autopsy_rows import AutopsyRows, read_autopsy
from coroi.inference.autopsy_terms import autopsy_terms, orders_table, specifications_table
from coroi.inference.corrections import CORRECTIONS
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "money of a customer over the next periods that goes with a lasting difference in the score of as many points "
        "as promoters and detractors are apart in their answers, among customers alike in what is held and weighed to "
        "those asked"
    ),
    unit="unit of the outcome per customer",
    assumptions=(
        (
            "sorting: customers alike in the columns held differ in their scores for no reason that moves money",
            "untestable",
        ),
        ("sorting: the columns held are from before what the score is to explain", "dates, by whoever builds the rows"),
        ("sorting, reverse direction: what is held moves money in a straight line", "overlap"),
        (
            "non-response: of customers alike in what the weights were made from, who answers hangs neither on the "
            "answer nor on the money; the weights count as known",
            "untestable",
        ),
        ("non-response: no few answers stand for most customers", "effective_size, largest_weight"),
        (
            "regression to the mean: what passes in an answer is unrelated to the earlier answer, which goes with "
            "later money through what lasts alone",
            "untestable",
        ),
        ("regression to the mean: the earlier answer tells enough of this one", "second_answers"),
        ("regression to the mean: money is a straight line in what lasts", "straight_line"),
        (
            "reverse direction: past money moves the score and later money, and is not itself the fruit of an equally "
            "high score before: as far as it is, too much is taken off",
            "untestable",
        ),
        ("answers that lack what a correction takes are like the others", "same_rows"),
        ("clusters are independent of each other", "untestable"),
        ("no entity alone carries the estimate", "most_influential"),
    ),
    reference=(
        "two measures of one thing: Durbin (1954), Review of the International Statistical Institute 22:23-32; "
        "weights: Robins, Rotnitzky and Zhao (1994), JASA 89:846-866; mean over orders: Shapley (1953), Contributions "
        "to the Theory of Games 2:307-317; order of steps: Gelbach (2016), Journal of Labor Economics 34:509-543"
    ),
)
LEAST_SHARE = 0.25


def simulate_bias_autopsy(
    rng: np.random.Generator,
    *,
    n: int,
    effect: float = 3.0,
    sorting: float = 0.0,
    non_response: float = 0.0,
    noise: float = 0.0,
    passing: float = 0.0,
    reverse: float = 0.0,
    tilt: float = 0.0,
    without: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers of whom some answer, with each bias of the slide's figure on or off.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n : int
        Customers asked.
    effect : float
        Money that a lasting point of the score adds, on average over customers.
    sorting : float
        What a unit of a trait that brings money anyway adds to the score.
    non_response : float
        How much more a point is worth to large customers, three in ten, who answer more than twice as often.
    noise : float
        Standard deviation of what passes in an answer.
    passing : float
        Money that a point of what passes in the answer goes with.
    reverse : float
        What a unit of past money adds to the score.
    tilt : float
        How much likelier, in log-odds, a customer answers whose earlier answer lies one point higher.
    without : float
        Share of answers without an earlier one.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, outcome, metric, earlier, weight, trait, past`` of those who answer; the weight is one over
        the chance to.
    truth : dict of str to float
        ``per_point``: the effect. With all corrections on, the figure is that times the points between the bands.
    """
    trait, standing, own = rng.normal(size=(3, n))
    large = rng.random(n) < 0.3
    lasting = sorting * trait + reverse * standing + 1.8 * own
    passes, passed = noise * rng.normal(size=(2, n))
    earlier = lasting + passed
    worth = effect + non_response * (large - 0.3)
    outcome = 100 + worth * lasting + passing * passes + 4 * trait + 4 * standing + 5 * large + 5 * rng.normal(size=n)
    chance = np.where(large, 0.85, 0.35) / (1 + np.exp(-1 - tilt * earlier)) * (1 + np.exp(-1))
    chance = np.minimum(chance, 1.0)
    frame = pd.DataFrame(
        {
            "entity": np.arange(n),
            "period": 0,
            "outcome": outcome,
            "metric": 7.5 + lasting + passes,
            "earlier": np.where(rng.random(n) < without, np.nan, 7.5 + earlier),
            "weight": 1 / chance,
            "trait": trait,
            "past": 20 + trait + standing,
        }
    )
    return frame[rng.random(n) < chance].reset_index(drop=True), {"per_point": effect}


def fit_bias_autopsy(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str = "metric",
    high: float = 9.0,
    low: float = 6.0,
    controls: Sequence[str] = (),
    weight: str | None = None,
    earlier: str | None = None,
    past: Sequence[str] = (),
    corrections: Sequence[str] = CORRECTIONS,
    least_share: float = LEAST_SHARE,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Correct the money between promoters and detractors step by step, in every order, on the same answers.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an answer: an entity and the period it answered in.
    outcome : str
        Money of the customer over the next periods, zero after an exit.
    metric : str
        The answer, higher is better.
    high, low : float
        Lowest answer of a promoter, highest of a detractor.
    controls : sequence of str
        For sorting: what tells who customers are anyway, from before what the score is to explain; columns that are no
        numbers count by level. Periods are held with them where there are several.
    weight : str, optional
        For non-response: how many of those asked an answer stands for, one over its chance to come.
    earlier : str, optional
        For regression to the mean: an earlier answer of the same customer, or the mean of several.
    past : sequence of str
        For reverse direction: money of the last periods before the answer.
    corrections : sequence of str
        Of ``sorting``, ``non_response``, ``regression_to_mean`` and ``reverse_direction``, in the order of the steps.
    least_share : float
        Share of answers that must have what a correction takes, or it is refused.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of clusters of whole entities; each entity by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster by its name, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        Rows by ``term`` and ``correction``: ``slide``, of all answers; ``step`` by correction in the order asked for,
        with a step ``rows`` before them where answers lack what the corrections take; ``defensible``, which the steps
        lead to; ``per_point``, the same by point of the score; in points, ``gap``, between the answers of the two
        bands, and ``lasting_gap``, between their earlier answers; ``per_promoter``, money by point times the lasting
        gap: what a promoter's answer in place of a detractor's goes with where no more of it lasts than does now;
        ``shapley``, the mean of a correction over all orders; ``lowest`` and ``highest``, its ends over all orders,
        with intervals that allow for the choice among them (from a band over all that it may be, hence without a
        standard error). A correction that is not possible
        is not identified, with its reason, and the others are made without it. Tables: ``specifications``, ``orders``,
        ``rows``. Not identified at all: fewer than 10 clusters with an answer in either band.

    Raises
    ------
    DataError
        If columns or keys are missing, named twice or no numbers, a key repeats, a weight is below zero, there is no
        such correction, or the bands overlap.

    Notes
    -----
    All subsets of the corrections are fitted on the same rows, and each cluster's influence on all of them gives every
    step its interval. The defensible figure does not hang on the order, the steps do. Assumptions: see ``INFO``.
    """
    names = AutopsyColumns(
        outcome=outcome,
        metric=metric,
        high=high,
        low=low,
        controls=tuple(controls),
        weight=weight,
        earlier=earlier,
        past=tuple(past),
    )
    _examine(data, names, tuple(corrections), least_share)
    found = read_autopsy(
        data,
        names,
        corrections=tuple(corrections),
        entity=entity,
        period=period,
        cluster=cluster,
        least_share=least_share,
    )
    estimates, influence = autopsy_terms(found, level)
    n = len(influence)
    return Result(
        method="bias_autopsy",
        estimand=INFO.estimand,
        spec=_said(names, found, entity, cluster, least_share, level),
        estimates=estimates,
        vcov=influence.T @ influence * (n / (n - 1)) if influence.size else None,
        influence=influence if keep_influence and influence.size else None,
        n_obs=len(found.answers.outcome),
        n_entities=found.n_entities,
        checks=autopsy_checks(found, estimates, level),
        tables={
            "specifications": specifications_table(found, level),
            "orders": orders_table(found, level),
            "rows": found.flow,
        },
    )


def _examine(data: pd.DataFrame, names: AutopsyColumns, corrections: tuple[str, ...], least_share: float) -> None:
    """Refuse corrections that are not there, bands that overlap, and columns named twice or that are no numbers."""
    for name in corrections:
        if name not in CORRECTIONS:
            raise DataError(Problem("corrections", f"there is no '{name}'.", did_you_mean(name, CORRECTIONS)))
    if not corrections or len(set(corrections)) < len(corrections):
        raise DataError("corrections: name one or more, and each once.")
    if not names.low < names.high:
        raise DataError(f"promoters start at {names.high:g} and detractors end at {names.low:g}: the bands overlap.")
    if not 0 < least_share <= 1:
        raise DataError(f"least_share: {least_share:g} is no share above 0.")
    numbers = [names.outcome, names.metric, *(c for c in (names.weight, names.earlier) if c), *names.past]
    columns = [*numbers, *names.controls]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DataError(f"{', '.join(twice)}: named twice. A column serves one correction.")
    wrong = [c for c in numbers if c in data.columns and not pd.api.types.is_numeric_dtype(data[c])]
    if wrong:
        raise DataError(f"{', '.join(wrong)}: no numbers.")


def _said(
    names: AutopsyColumns, found: AutopsyRows, entity: str, cluster: str | None, least_share: float, level: float
) -> dict[str, object]:
    return {
        "outcome": names.outcome,
        "metric": names.metric,
        "high": names.high,
        "low": names.low,
        "controls": list(names.controls),
        "weight": names.weight,
        "earlier": names.earlier,
        "past": list(names.past),
        "corrections": list(found.asked),
        "made": list(found.active),
        "least_share": least_share,
        "cluster": cluster or entity,
        "level": level,
        "errors": "clustered, factor G / (G - 1), t with as many degrees of freedom as clusters in all rows, less one",
        "weights": "taken as known",
    }
