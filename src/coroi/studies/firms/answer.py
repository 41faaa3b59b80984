"""How the study `firms` is answered: estimates, checks, and the verdicts on C15 and C17."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.claims import judge, untestable
from coroi.inference.estimates import unknown
from coroi.inference.ranks import at_top, rivals_mean
from coroi.models.portfolio import fit_portfolio
from coroi.models.standing import fit_standing
from coroi.models.top_spell import fit_top_spell
from coroi.results import Check, Grade, Result, Verdict
from coroi.studies.firms.elasticity import fit_elasticity
from coroi.studies.firms.path import Paths, check_arrow, check_before, fit_arrow, fit_paths, fit_point, own_checks
from coroi.studies.firms.question import COST, FACTORS, GRADE, STANDING, VALUE, Question
from coroi.studies.firms.robust import check_definitions, check_each_industry, check_leavers

SHARES = {"equal weights": None, "weights by value": "size"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What was estimated.

    Parameters
    ----------
    level : float
        Level of the intervals shown.
    standing, spells : Result or None
        Standing in the industry, and time at the top.
    shares : dict of str to Result
        Portfolios by how they are weighted.
    paths : Paths
        What money does around a rise of satisfaction.
    elasticity : Result or None
        Log value on log satisfaction.
    arrows : dict of str to Result
        Which way the arrow runs, by what stands against satisfaction.
    checks : dict of str to tuple of Check
        By what is declared.
    """

    level: float
    standing: Result | None
    spells: Result | None
    shares: Mapping[str, Result]
    paths: Paths
    elasticity: Result | None
    arrows: Mapping[str, Result]
    checks: Mapping[str, tuple[Check, ...]]


def fit(question: Question, *, level: float = 0.95) -> Findings:
    """Estimate what is asked, and run the checks.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    level : float
        Level of the intervals that are shown; verdicts keep their own.
    """
    standing = fit_standings(question, "industry", level)
    spells = fit_spells(question, level)
    shares = fit_shares(question, level)
    paths = fit_paths(question.panel, question.horizon, level)
    kinds = [k for k in (question.by_value, "revenue", "earnings") if k in question.panel.held]
    arrows = {k: found for k in kinds if (found := fit_arrow(question.panel, k, level)) is not None}
    checks = {
        STANDING: _standing_checks(question, standing),
        VALUE: _value_checks(question, paths, shares, arrows),
        COST: _cost_checks(question, paths, arrows),
    }
    return Findings(
        level=level,
        standing=standing,
        spells=spells,
        shares=shares,
        paths=paths,
        elasticity=fit_elasticity(question.panel, level),
        arrows=arrows,
        checks=checks,
    )


def fit_standings(question: Question, industry: str, level: float) -> Result | None:
    """Fit standing in the industry, by a column of industries; nothing where there is nothing to rank by."""
    if not question.ranked_by or industry not in question.panel.held:
        return None
    return fit_standing(
        question.panel.frame,
        outcome=question.ranked_by,
        metric="z",
        industry=industry,
        lag=question.lag,
        level=level,
    )


def fit_spells(question: Question, level: float) -> Result | None:
    """Fit the time at the top, by how far satisfaction lies above that of the industry's other firms."""
    if not question.ranked_by or "industry" not in question.panel.held:
        return None
    frame = question.panel.frame
    place = pd.factorize(frame["industry"])[0]
    group = np.where(place >= 0, place * (int(frame["period"].max()) + 1) + frame["period"], -1)
    top = at_top(frame[question.ranked_by].to_numpy(float), group, question.top)
    lead = frame["z"] - rivals_mean(frame["z"].to_numpy(float), group)
    return fit_top_spell(frame.assign(top=top, lead=lead), metric="lead", horizon=question.horizon, level=level)


def fit_shares(question: Question, level: float, industry: str | None = None) -> dict[str, Result]:
    """Fit portfolios of firms with high and low satisfaction, equally weighted and by value."""
    if question.months.empty:
        return {}
    found = {}
    for name, size in SHARES.items():
        if size is None or question.months[size].notna().any():
            found[name] = fit_portfolio(
                question.months,
                factors=question.factors,
                metric="score",
                names=FACTORS,
                size=size,
                industry=industry,
                share=question.share,
                level=level,
            )
    return found


def estimate_of(question: Question, found: Findings, name: str) -> pd.Series:
    """Return the row of a declared scalar, claimed side positive."""
    if name == STANDING:
        return _own_percentile(found.standing)
    if name == COST:
        return _turned(found.paths.row("earnings", 0))
    if question.by_value == "returns":
        return alpha_of(found.shares["equal weights"])
    return found.paths.row("market_value", question.horizon)


def alpha_of(result: Result) -> pd.Series:
    """Return the alpha of high satisfaction less low."""
    rows = result.estimates
    return rows[(rows["portfolio"] == "high less low") & (rows["term"] == "alpha")].iloc[0]


def verdict(question: Question, found: Findings, name: str = VALUE) -> Verdict:
    """Return the verdict on a declared scalar: the value (C17), the standing (C15), or the cost at first.

    Parameters
    ----------
    question : Question
        As declared.
    found : Findings
        From :func:`fit`.
    name : str
        ``value``, ``standing`` or ``cost``.
    """
    declared = question.declaration(name)
    if name not in question.asked:
        return untestable(replace(declared, grade="D"), _lacking(question, name))
    declared = replace(declared, grade=_grade(found.checks[name]))
    row = estimate_of(question, found, name)
    if not row["identified"]:
        return untestable(declared, str(row["reason"]))
    ends, ends_95 = (_ends(question, name, level) for level in (declared.level, 0.95))
    return judge(declared, estimate=float(row["estimate"]), interval=ends, interval_95=ends_95)


def _ends(question: Question, name: str, level: float) -> tuple[float, float]:
    """Fit a declared scalar again at another level."""
    if name == STANDING:
        row = _own_percentile(fit_standings(question, "industry", level))
    elif name == VALUE and question.by_value == "returns":
        row = alpha_of(fit_shares(question, level)["equal weights"])
    elif name == COST:
        row = _turned(fit_point(question.panel, "earnings", 0, level))
    else:
        row = fit_point(question.panel, "market_value", question.horizon, level)
    return float(row["conf_low"]), float(row["conf_high"])


def _grade(checks: tuple[Check, ...]) -> Grade:
    """Return C, the best that firms followed over time can have, or D where a check did not pass."""
    return "D" if any(check.passed is False for check in checks) else GRADE


def _own_percentile(result: Result | None) -> pd.Series:
    if result is None:
        return pd.Series(unknown("there is nothing to rank firms by"))
    return result.estimates.iloc[0]


def _turned(row: pd.Series) -> pd.Series:
    """Return an estimate with its sign changed, so that a fall is positive."""
    return pd.Series(
        dict(row) | {"estimate": -row["estimate"], "conf_low": -row["conf_high"], "conf_high": -row["conf_low"]}
    )


def _standing_checks(question: Question, standing: Result | None) -> tuple[Check, ...]:
    if standing is None:
        return ()
    others = (check_definitions, check_each_industry)
    return (*standing.checks, *(check(question, fit_standings, standing) for check in others))


def _value_checks(
    question: Question, paths: Paths, shares: Mapping[str, Result], arrows: Mapping[str, Result]
) -> tuple[Check, ...]:
    if question.by_value == "returns":
        return shares["equal weights"].checks
    if not question.by_value:
        return ()
    kind = "market_value"
    own = own_checks(paths, kind)
    return (check_before(paths, kind), check_arrow(arrows, kind), check_leavers(question, paths), *own)


def _cost_checks(question: Question, paths: Paths, arrows: Mapping[str, Result]) -> tuple[Check, ...]:
    if COST not in question.asked:
        return ()
    return (check_before(paths, "earnings"), check_arrow(arrows, "earnings"), *own_checks(paths, "earnings"))


def _lacking(question: Question, name: str) -> str:
    if name == STANDING:
        what = "no market value, revenue or earnings" if not question.ranked_by else "no industries"
        return f"the data hold {what}, so that nothing can be ranked"
    if name == VALUE:
        return "the data hold neither market values nor monthly returns with factors"
    return "the data hold no earnings and revenue"
