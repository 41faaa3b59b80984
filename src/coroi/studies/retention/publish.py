"""What of the answer may be shown: no count of few customers, and no share that would tell one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from coroi.inference.disclosure import SMALL
from coroi.inference.disclosure import WITHHELD as HELD
from coroi.prepare.landmark import NEVER
from coroi.report.privacy import WITHHELD, fewer_than, kept_counts, people
from coroi.results import Check, Result, Verdict
from coroi.studies.retention.answer import is_withheld
from coroi.studies.retention.question import Question
from coroi.studies.small_cells import Cells, all_shown

Cell = tuple[str, str]
Marks = Mapping[Cell, int]

_ALL, _USABLE, _HAD = "all", "usable answer", "had answered"
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")


def publish(question: Question, result: Result, verdict: Verdict, claim: Verdict) -> tuple[Result, Verdict, Verdict]:
    """Take out of an answer what could name somebody; nothing is estimated anew, and the verdict stays.

    Parameters
    ----------
    question, result, verdict, claim
        What was asked, estimated and judged, from all counts; the last is the verdict on C06.

    Returns
    -------
    result : Result
        Counts of few customers are missing, with those by which they could be worked out; so is the share of a band
        of which few left, or all but few, and every difference with it. Curves have a point only where enough
        customers more have left.
    verdict, claim : Verdict
        Without their numbers, where what they judge is withheld.
    """
    marks = _marks(question, result)
    estimates = _estimates(question, result, marks)
    told = [mark for (kind, of), mark in marks.items() if kind in ("customers", "events", "flow") and of != _HAD]
    few = {"fewer": sum(m == SMALL for m in told), "withheld": sum(m == HELD for m in told)}
    suppressed = {"smallest_cell": question.smallest_cell} | few
    bands = _bands(question, result, marks)
    published = replace(
        result,
        spec=dict(result.spec) | {"suppressed": suppressed},
        estimates=estimates,
        checks=tuple(_check(question, c, bands, marks, result) for c in result.checks),
        tables={"bands": bands, "curves": _curves(question, result, marks), "cohort": _flow(question, marks)},
    )
    told_apart = _verdict(verdict, published, "difference")
    return published, told_apart, _verdict(claim, published, "gain_at_the_top")


def _marks(question: Question, result: Result) -> Marks:
    """Say of every count of the cohort whether it may be shown, minding all that add up to others."""
    cells: Cells[Cell] = Cells()
    sizes = result.tables["bands"].set_index("band")
    bands = list(sizes.index)
    for band in bands:
        n, events = int(sizes.loc[band, "customers"]), int(sizes.loc[band, "events"])
        parts = [cells.add(("events", band), events), cells.add(("rest", band), n - events, printed=False)]
        cells.add_sum(parts, ("customers", band))
    had = [b for b in bands if b != NEVER]
    for kind in ("events", "rest"):
        cells.add_sum([(kind, b) for b in had], (kind, _HAD), printed=False)
    cells.add_sum([("customers", b) for b in question.score_bands], ("customers", _USABLE))
    cells.add_sum([("customers", b) for b in bands], ("customers", _ALL))
    steps = question.cohort.flow
    if len(steps) > 1:
        between = [cells.add(("flow", s), abs(n)) for s, n in _between(steps)]
        cells.add_sum([*between, ("customers", _ALL)], ("flow", steps["step"].iloc[0]))
    return cells.marks(question.smallest_cell)


def _between(steps: pd.DataFrame) -> list[tuple[str, int]]:
    """Return who was left out: all steps but the first, all customers, and the last, those who are followed."""
    inner = steps.iloc[1:-1]
    return list(zip(inner["step"], inner["customers"].astype(int), strict=True))


def _shown_bands(result: Result, marks: Marks) -> set[str]:
    """Return the bands of which the share tells no small count."""
    return {b for b in result.tables["bands"]["band"] if all_shown(marks, [("events", b), ("rest", b)])}


def _estimates(question: Question, result: Result, marks: Marks) -> pd.DataFrame:
    shown = _shown_bands(result, marks)
    rows = []
    for row in result.estimates.to_dict("records"):
        parts = _parts(result, str(row["term"]), str(row["band"]))
        hidden = [b for b in parts if b not in shown]
        if hidden and row["identified"]:
            row |= dict.fromkeys(_NUMBERS, np.nan)
            row |= {"identified": False, "reason": _reason(question, hidden[0], marks, alone=row["term"] == "share")}
        counted = all_shown(marks, [("customers", b) for b in parts])
        rows.append(row | {"customers": row["customers"] if counted else pd.NA})
    frame = pd.DataFrame(rows, columns=result.estimates.columns)
    return frame.astype({"customers": "Int64", "identified": bool} | dict.fromkeys(_NUMBERS, "float64"))


def _parts(result: Result, term: str, band: str) -> list[str]:
    if term == "share":
        return [band]
    if term == "difference":
        return list(result.spec["contrast"])  # type: ignore[call-overload]
    return list(result.spec["combinations"][term])  # type: ignore[index]


def _reason(question: Question, band: str, marks: Marks, *, alone: bool) -> str:
    few, where = fewer_than(question.smallest_cell), "" if alone else f" of {question.label} {band}"
    if marks["events", band] == SMALL:
        return f"{WITHHELD}, since {few} customers{where} {question.happened}"
    if marks["rest", band] == SMALL:
        return f"{WITHHELD}, since all but {few} customers{where} {question.happened}"
    return f"{WITHHELD}, so that nothing smaller{where} can be worked out from it"


def _bands(question: Question, result: Result, marks: Marks) -> pd.DataFrame:
    sizes = result.tables["bands"]
    kept = {"band": sizes["band"]}
    for kind in ("customers", "events"):
        own = [marks[kind, b] for b in sizes["band"]]
        kept |= {kind: kept_counts(sizes[kind], own), f"{kind}_mark": pd.Series(own, dtype="int64")}
    ongoing = sizes["customers"] - sizes["outcome_known"]
    told = [*ongoing, *sizes["outcome_known"]]
    safe = all(not 0 < n < question.smallest_cell for n in told) and not any(
        marks["customers", b] for b in sizes["band"]
    )
    known = sizes["outcome_known"].astype("Int64")
    return pd.DataFrame(kept | {"outcome_known": known if safe else known.mask(known.notna())})


def _curves(question: Question, result: Result, marks: Marks) -> pd.DataFrame:
    curves = result.tables["curves"]
    if curves.empty:
        return curves
    shown = _shown_bands(result, marks)
    parts = [_thinned(question, rows) for band, rows in curves.groupby("band", sort=False) if band in shown]
    kept = pd.concat(parts, ignore_index=True) if parts else curves.iloc[:0]
    return kept.drop(columns="followed")


def _thinned(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the points between which enough customers had the event, and the last one."""
    own = question.counts[(question.counts["band"] == rows["band"].iloc[0]) & (question.counts["event"] == 1)]
    last = min(question.horizon, int(rows["period"].max()))
    gone = [int(own.loc[own["duration"] <= t, "n"].sum()) for t in range(last + 1)]
    kept = [0]
    for t in range(1, last + 1):
        if gone[t] - gone[kept[-1]] >= question.smallest_cell:
            kept.append(t)
    if kept[-1] != last:
        kept = [*kept, last] if gone[kept[-1]] == gone[last] or len(kept) == 1 else [*kept[:-1], last]
    return rows[rows["period"].isin(kept)]


def _flow(question: Question, marks: Marks) -> pd.DataFrame:
    steps = question.cohort.flow
    if steps.empty:
        return steps.assign(customers_mark=pd.Series(dtype="int64"))
    keys = [("flow", s) for s in steps["step"].iloc[:-1]]
    own = [marks[key] for key in [*keys, ("customers", _ALL)]]
    return steps.assign(customers=kept_counts(steps["customers"], own), customers_mark=own)


def _check(question: Question, check: Check, bands: pd.DataFrame, marks: Marks, result: Result) -> Check:
    """Take small counts out of a check's table and sentence; whether it passed stays."""
    if check.name == "follow_up" and check.table is not None:
        return replace(check, table=bands, sentence=_followed_words(question, check, result))
    if check.name == "silent" and check.passed is not None:
        if all_shown(marks, [(kind, who) for kind in ("events", "rest") for who in (NEVER, _HAD)]):
            return replace(check, table=None)
        word = "do not differ beyond chance" if check.passed else "differ"
        said = (
            f"Customers who had answered and those who never had {word}; by how much is {WITHHELD}, so that no group "
        )
        said += f"of {fewer_than(question.smallest_cell)} can be worked out from it."
        if not check.passed:
            said += " What holds for those who answer need not hold for the rest."
        return replace(check, table=None, sentence=said)
    return replace(check, table=None)


def _followed_words(question: Question, check: Check, result: Result) -> str:
    sizes = result.tables["bands"]
    total, known = int(sizes["customers"].sum()), int(sizes["outcome_known"].sum())
    few = fewer_than(question.smallest_cell)
    said = "The outcome at the horizon is known for {}; the others count for as long as they were followed."
    if 0 < known < question.smallest_cell or 0 < total < question.smallest_cell:
        return said.format(f"{few} customers")
    if 0 < total - known < question.smallest_cell:
        return said.format(f"all but {few} of {people(total, question.smallest_cell)}")
    return check.sentence


def _verdict(verdict: Verdict, published: Result, term: str) -> Verdict:
    """Take the numbers out of a verdict whose difference is withheld, and the count of customers where that is."""
    rows = published.estimates[published.estimates["term"] == term]
    if rows.empty or np.isnan(verdict.estimate):
        return verdict
    row = rows.iloc[0]
    settle = "More customers, or a longer time, would settle it." if verdict.reason else ""
    if is_withheld(row):
        nothing = float("nan")
        return replace(verdict, estimate=nothing, conf_low=nothing, conf_high=nothing, reason=settle)
    return replace(verdict, reason=settle) if pd.isna(row["customers"]) else verdict
