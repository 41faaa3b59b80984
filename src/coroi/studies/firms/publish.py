"""All that the study `firms` found as one result, as it is kept."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import pandas as pd

from coroi.results import Check, Result, Verdict
from coroi.studies.firms.answer import Findings, estimate_of, verdict
from coroi.studies.firms.join import losses
from coroi.studies.firms.question import CLAIMS, COST, STANDING, VALUE, Question


def verdicts(question: Question, found: Findings) -> dict[str, Verdict]:
    """Return the verdict on each declared scalar: the standing (C15), the value and the cost at first (C17)."""
    return {name: verdict(question, found, name) for name in CLAIMS}


def all_checks(found: Findings) -> list[Check]:
    """Return all checks, those of a claim together, and those of the portfolios after them."""
    labels = {STANDING: "C15, standing", VALUE: "C17, value", COST: "C17, earnings"}
    checks = [replace(c, tested=f"{labels[name]}: {c.tested}") for name, own in found.checks.items() for c in own]
    for name, result in found.shares.items():
        checks += [replace(c, tested=f"Shares, {name}: {c.tested}") for c in result.checks]
    if found.spells is not None:
        checks += [replace(c, tested=f"Time at the top: {c.tested}") for c in found.spells.checks]
    return [replace(c, sentence=re.sub(r"(?<!\w)-(?=\d)", "−", c.sentence)) for c in checks]


def gathered(question: Question, found: Findings) -> Result:
    """Join the declared scalars into one result, with everything else as its tables."""
    keep = ["estimate", "std_error", "conf_low", "conf_high", "identified", "reason"]
    rows = [
        {"term": name, "claim": claim, **estimate_of_or_none(question, found, name)[keep]}
        for name, claim in CLAIMS.items()
    ]
    tables = {"paths": found.paths.rows, "losses": losses(question, found)}
    parts = {"standing": found.standing, "spells": found.spells, "elasticity": found.elasticity, **_named(found)}
    tables |= {name: result.estimates for name, result in parts.items() if result is not None}
    frame = question.panel.frame
    return Result(
        method="firms",
        estimand="what value, earnings and standing of firms go with, per standard deviation of their satisfaction",
        spec={
            "points": question.panel.points,
            "months": question.panel.months,
            "ranked_by": question.ranked_by,
            "value_by": question.by_value,
            "lag": question.lag,
            "horizon": question.horizon,
            "share": question.share,
            "level": found.level,
            "declared": [asdict(question.declaration(name)) for name in question.asked],
        },
        estimates=pd.DataFrame(rows),
        n_obs=len(frame),
        n_entities=int(frame["entity"].nunique()),
        checks=tuple(replace(c, table=None) for c in all_checks(found)),
        tables=tables,
    )


def estimate_of_or_none(question: Question, found: Findings, name: str) -> pd.Series:
    """Return a declared scalar's row; an unidentified one where the data cannot hold it."""
    from coroi.inference.estimates import unknown

    if name in question.asked:
        return estimate_of(question, found, name)
    return pd.Series(unknown(verdict(question, found, name).reason))


def _named(found: Findings) -> dict[str, Result]:
    shares = {f"shares_{name.split()[-1]}": result for name, result in found.shares.items()}
    return shares | {f"arrow_{kind}": result for kind, result in found.arrows.items()}
