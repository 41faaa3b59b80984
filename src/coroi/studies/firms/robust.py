"""What becomes of the answers under other definitions of industries, and without the firms that leave."""

from __future__ import annotations

from collections.abc import Callable

from coroi.inference.variants import check_variant, figure, told_of
from coroi.results import Check, Result
from coroi.studies.firms.path import Paths, fit_point
from coroi.studies.firms.question import Question

Fit = Callable[[Question, str, float], Result | None]


def check_definitions(question: Question, fit: Fit, usual: Result) -> Check:
    """Tell whether the effect on standing stays where firms are grouped by the other column of industries.

    Parameters
    ----------
    question : Question
        As declared.
    fit : callable
        Fits standing by a column of industries.
    usual : Result
        Standing by the industries as given.
    """
    tested = "whether the effect on standing stays under another definition of industries"
    if "other_industry" not in question.panel.held:
        said = "The plan gives no second definition of industries; `other_industry` of `firms` would be one."
        return Check(name="definitions", tested=tested, passed=None, sentence=said)
    other = fit(question, "other_industry", _level(usual))
    assert other is not None
    frame = question.panel.frame
    n, others = (frame[column].nunique() for column in ("industry", "other_industry"))
    return check_variant(
        name="definitions",
        tested=tested,
        lead=f"Firms were put into {others:,} other industries instead of {n:,}.",
        what="the effect on the percentile",
        usual=told_of(usual.estimates.iloc[0]),
        other=told_of(other.estimates.iloc[0]),
        labels=("industries as given", "the other definition"),
    )


def check_each_industry(question: Question, fit: Fit, usual: Result) -> Check:
    """Leave each industry out in turn, and tell how far the effect on standing moves at most.

    Parameters
    ----------
    question, fit, usual
        As in :func:`check_definitions`.
    """
    tested = "whether one industry makes the effect on standing (a shift of less than one standard error)"
    first = told_of(usual.estimates.iloc[0])
    names = question.panel.frame["industry"].dropna().unique()
    if first.reason or len(names) < 3:
        why = first.reason or "there are fewer than three industries"
        return Check(name="each_industry", tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    found = []
    for name in names:
        rest = question.without(question.panel.frame["industry"] == name)
        result = fit(rest, "industry", _level(usual))
        assert result is not None
        if result.estimates["identified"].iloc[0]:
            found.append(float(result.estimates["estimate"].iloc[0]))
    if not found:
        return Check(name="each_industry", tested=tested, passed=False, sentence="Without one of them nothing is left.")
    said = f"With each of {len(names):,} industries left out in turn the effect on the percentile lies between "
    said += f"{figure(min(found))} and {figure(max(found))}; with all of them it is {figure(first.estimate)}."
    shift = max(abs(x - first.estimate) for x in found)
    return Check(name="each_industry", tested=tested, passed=bool(shift < first.std_error), sentence=said)


def check_leavers(question: Question, paths: Paths) -> Check:
    """Tell what the path of value becomes with the firms of the last period alone."""
    frame, horizon = question.panel.frame, question.horizon
    last = frame.loc[frame["period"] == frame["period"].max(), "entity"]
    left = frame["entity"].nunique() - last.nunique()
    tested = "whether the firms that leave make a difference to the path of value"
    if not left:
        return Check(name="leavers", tested=tested, passed=True, sentence="No firm leaves before the last period.")
    usual = paths.row("market_value", horizon)
    stays = frame["entity"].isin(last)
    other = fit_point(question.without(~stays).panel, "market_value", horizon, 0.95)
    return check_variant(
        name="leavers",
        tested=tested,
        lead=f"{left:,} of {frame['entity'].nunique():,} firms are not there in the last period; they were left out.",
        what=f"the change of log value after {horizon} periods",
        usual=told_of(usual),
        other=told_of(other),
        labels=("all firms", "firms of the last period"),
    )


def _level(result: Result) -> float:
    level = result.spec["level"]
    assert isinstance(level, float)
    return level
