"""How the study `roi` is answered: one result of all estimates, and the verdicts on value, early, late and valley."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from coroi.claims import judge, untestable
from coroi.inference.estimates import unknown
from coroi.results import Check, Label, Result, Verdict
from coroi.roi.horizons import rate_row
from coroi.roi.present_value import present_value
from coroi.roi.valley import forgone, valley
from coroi.studies.cohort_flow import published_flow
from coroi.studies.roi.books import Books
from coroi.studies.roi.guards import Guards
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question, declared_rows
from coroi.studies.roi.valued import Valued, mean_of

UNTESTED: Label = "not testable with this data"
PARTS = {"C13": ("early", "late"), "C16": ("value", "quarter"), "C18": ("valley", "forgone")}
_COLUMNS = (
    *("part", "term", "line", "rate_annual", "horizon", "event_time", "how", "half_life"),
    *("estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high", "confidence", "identified", "reason"),
)
_ORDER: tuple[Label, ...] = (
    "not testable with this data",
    "contradicted",
    "claimed effect ruled out",
    "too small to matter",
    "cannot tell",
    "consistent with",
    "supported",
)


def answer_of(question: Question, parts: Parts, guards: Guards, valued: Valued | None, books: Books | None) -> Result:
    """Join what the page rests on into one result, with the guards.

    Parameters
    ----------
    question, parts, guards, valued, books
        What was asked, the lines, what guards found, what the lines come to, and the ledger.
    """
    nothing = pd.DataFrame([{"part": "value", "term": "net_present_value"} | unknown(why_not(question, parts))])
    frames = [nothing] if valued is None else list(_frames(question, valued))
    total = parts.fits.get("total")
    accounts: tuple[Check, ...] = () if books is None or books.accounts is None else (books.accounts,)
    return Result(
        method="roi",
        estimand=f"net present value of {question.named} within {question.span} of the start, per customer",
        spec={
            "route": question.route,
            "horizon": question.horizon,
            "early": question.early,
            "rate_annual": question.rate,
            "run_out": question.run_out,
            "half_life": question.half_life,
            "borne": question.borne,
            "referrals": question.referrals,
            "assumed": {
                "score_change": question.score_change,
                "cost_at_start": question.cost_at_start,
                "cost_running": question.cost_running,
            },
            "reported": question.reported,
            "left_out": dict(parts.left_out),
            "no_roll_out": question.no_roll_out,
            "level": parts.level,
            "fits": {name: dict(fit.spec) for name, fit in parts.fits.items()},
            "declared": [asdict(d) for d in declared_rows(question, guards.grade).values()],
        },
        estimates=pd.concat(frames, ignore_index=True).reindex(columns=list(_COLUMNS)),
        n_obs=0 if total is None else total.n_obs,
        n_entities=question.n_customers if total is None else total.n_entities,
        checks=(*guards.checks, *accounts),
        tables=_tables(question, valued, books),
    )


def verdicts(question: Question, parts: Parts, guards: Guards, valued: Valued | None) -> dict[str, Verdict]:
    """Return the verdict on every declared scalar.

    Parameters
    ----------
    question, parts, guards, valued
        What was asked, the lines, what guards found, and what the lines come to.
    """
    declared = declared_rows(question, guards.grade)
    why = why_not(question, parts) or question.cost_reason
    if valued is None or why:
        return {name: untestable(row, why) for name, row in declared.items()}
    found = {}
    for name, row in declared.items():
        lacking = lacking_for(question, name)
        if lacking:
            found[name] = untestable(row, lacking)
            continue
        estimate, *at = _interval(question, valued, name, row.level)
        _, *at_95 = _interval(question, valued, name, 0.95)
        told = judge(row, estimate=estimate, interval=(at[0], at[1]), interval_95=(at_95[0], at_95[1]))
        found[name] = replace(told, reason=_what_would_settle(question, told)) if told.label == "cannot tell" else told
    return found


def lacking_for(question: Question, name: str) -> str:
    """Say what a declared scalar lacks to be tested; empty where it lacks nothing."""
    if question.route == "score" and name in ("quarter", "early", "valley", "forgone"):
        return "there is no roll-out, and a cost that is assumed is no finding about when money is lost"
    if name in ("early", "late", "valley", "forgone") and question.horizon < 2:
        return "one period has no early and no late part; give a longer horizon"
    if name == "quarter" and not question.has_quarter:
        return f"periods of a {question.frequency} over {question.span} do not set a quarter of a year apart"
    return ""


def claim_label(found: Mapping[str, Verdict], claim: str) -> Label:
    """Return a claim's verdict from those of its parts, which all have to hold: the weakest of them."""
    return min((found[part].label for part in PARTS[claim]), key=_ORDER.index)


def why_not(question: Question, parts: Parts) -> str:
    """Say why nothing can be valued; empty where something can."""
    return question.reason or parts.reason


def row_of(result: Result, term: str, part: str = "value") -> pd.Series | None:
    """Return one row of the joined estimates; none where there is none."""
    rows = result.estimates
    found = rows[(rows["part"] == part) & (rows["term"] == term)]
    return None if found.empty else found.iloc[0]


def _interval(question: Question, valued: Valued, name: str, level: float) -> tuple[float, float, float]:
    """Return a declared scalar's estimate and interval, its claimed side positive."""
    at: Any = {"rate_annual": question.rate, "per_year": question.per_year, "level": level}
    if name == "value":
        row: Mapping[str, Any] = present_value(valued.line, **at)
    elif name == "quarter":
        row = present_value(valued.line, horizon=question.quarter, **at)
        return -float(row["estimate"]), -float(row["conf_high"]), -float(row["conf_low"])
    elif name == "early":
        row = mean_of(valued.line, 0, question.early, level)
        return -float(row["estimate"]), -float(row["conf_high"]), -float(row["conf_low"])
    elif name == "late":
        row = mean_of(valued.line, question.early, question.horizon, level)
    elif name == "valley":
        depth = valley(valued.line, **at).depth
        return -depth.estimate, -depth.high, -depth.low
    else:
        left = forgone(valued.line, **at)
        return left.estimate, left.low, left.high
    return float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"])


def _what_would_settle(question: Question, told: Verdict) -> str:
    half = (told.conf_high - told.conf_low) / 2
    if question.programme is None or not np.isfinite(half):
        return "A roll-out that starts at different times in different units would settle it."
    if half <= told.delta:
        return "The interval holds the smallest amount that matters; more units would settle it."
    many = int(np.ceil(len(question.programme.starts) * (half / told.delta) ** 2))
    digits = max(len(str(many)) - 2, 0)
    rounded = int(-(-many // 10**digits) * 10**digits)
    return (
        "Narrowing the interval to the smallest amount that matters would take about "
        f"{rounded:,} units like these; there are {len(question.programme.starts):,}."
    )


def _frames(question: Question, valued: Valued) -> Iterator[pd.DataFrame]:
    if question.cost_reason:
        yield from _before_costs(question, valued)
        return
    single = {
        "net_present_value": valued.value,
        "benefits": valued.gain,
        "early": valued.early,
        "late": valued.late,
        "quarter": valued.quarter,
        "return_on_costs": valued.ratio,
        "break_even_factor": valued.factor,
    }
    yield pd.DataFrame([{"part": "value", "term": term} | dict(row) for term, row in single.items() if row])
    yield pd.DataFrame(_dated(valued))
    yield pd.DataFrame([{"part": "value", "term": "internal_rate"} | rate_row(valued.rate)])
    yield valued.by_line.assign(part="line", term="present_value")
    yield valued.grid.assign(part="grid", term="net_present_value")
    yield valued.by_horizon.assign(part="horizon", rate_annual=question.rate)
    yield _periods(valued.horizons).assign(part="horizons", term="break_even")
    yield valued.run_out.assign(part="run_out", term="net_present_value", horizon=valued.run_out["n_periods"])
    for term, band in (("cumulative", valued.payback.band), ("by_period", valued.valley.by_period)):
        yield band.rename(columns={"period": "event_time"}).assign(part="path", term=term, identified=True, reason="")


def _before_costs(question: Question, valued: Valued) -> Iterator[pd.DataFrame]:
    """Return what the benefits come to; nothing of it bears the name of a value after costs."""
    rows = [{"part": "value", "term": "benefits"} | dict(valued.gain)]
    rows.append({"part": "value", "term": "net_present_value"} | unknown(question.cost_reason))
    yield pd.DataFrame(rows)
    yield valued.by_line.assign(part="line", term="present_value")
    yield valued.grid.assign(part="grid", term="benefits")
    yield valued.run_out.assign(part="run_out", term="benefits", horizon=valued.run_out["n_periods"])
    for term, band in (("benefits_cumulative", valued.payback.band), ("benefits_by_period", valued.valley.by_period)):
        yield band.rename(columns={"period": "event_time"}).assign(part="path", term=term, identified=True, reason="")


def _dated(valued: Valued) -> list[dict[str, Any]]:
    """Return rows of what is a period or a depth; what is not within the horizon is not identified."""
    found, hole = valued.payback, valued.valley
    spans = {
        "payback": (found.estimate, found.earliest, found.latest),
        **{term: (s.estimate, s.low, s.high) for term, s in _spans(hole)},
        "forgone": (valued.forgone.estimate, valued.forgone.low, valued.forgone.high),
    }
    rows = []
    for term, (estimate, low, high) in spans.items():
        there = bool(np.isfinite(estimate))
        own = {"estimate": estimate, "std_error": np.nan, "identified": True, "reason": ""}
        if not there:
            own = unknown("not within the horizon")
        rows.append({"part": "value", "term": term} | own | {"conf_low": low, "conf_high": high})
    p = valued.dip.p_value
    rows.append(
        {"part": "value", "term": "dip_p_value", "estimate": p, "std_error": np.nan, "conf_low": p, "conf_high": p}
        | {"identified": True, "reason": ""}
    )
    return rows


def _spans(hole: Any) -> list[tuple[str, Any]]:
    return [(term, getattr(hole, term)) for term in ("depth", "trough", "length", "end", "crossover")]


def _periods(horizons: pd.DataFrame) -> pd.DataFrame:
    """Name the ends of break-even horizons as those of any estimate."""
    names = {"earliest": "conf_low", "latest": "conf_high"}
    rows = horizons.rename(columns={k: v for k, v in names.items() if k in horizons.columns})
    rows = rows.assign(identified=np.isfinite(rows["estimate"]))
    rows["reason"] = np.where(rows["identified"], "", "not within the horizon")
    rows["estimate"] = rows["estimate"].where(rows["identified"])
    return rows


def _tables(question: Question, valued: Valued | None, books: Books | None) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    if question.programme is not None:
        found["cohort"] = published_flow(question.programme.units.flow, question.smallest_cell)
    elif question.score is not None:
        found["cohort"] = published_flow(question.score.cohort.flow, question.smallest_cell)
    if valued is not None:
        found["swings"] = valued.swings
        if valued.information is not None:
            found["information"] = valued.information
    if books is not None:
        found["ledger"] = books.table.rename(columns={"customers": "whose"})  # `customers` counts people in kept tables
    return found
