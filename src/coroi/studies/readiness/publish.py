"""What of the look at the data may be shown: no count of few customers, and no mean of few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from coroi.inference.disclosure import SHOWN, SMALL
from coroi.report.privacy import WITHHELD, fewer_than, kept_counts
from coroi.report.words import number, plural
from coroi.results import Check, Result
from coroi.studies.readiness.survey import Survey, flags_check
from coroi.studies.small_cells import Cells

_TOTAL = ("total",)
_AGREED, _APART = ("agreed",), ("apart",)
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")


def publish(survey: Survey) -> Survey:
    """Take out of a survey what could name somebody; what can be asked of the data stays as it is.

    Parameters
    ----------
    survey : Survey
        From :func:`look`, with all counts.

    Returns
    -------
    Survey
        Counts of few customers are missing, with those by which they could be worked out; their marks stand in
        columns that end in ``_mark``. A comparison with few customers on a side is withheld.
    """
    flags, flag_check = _flags(survey)
    checks = (replace(flag_check, table=flags) if c.name == "flags" and flag_check else c for c in survey.checks)
    return replace(
        survey,
        flags=flags,
        coverage=_coverage(survey),
        respondents=None if survey.respondents is None else _respondents(survey.respondents, survey.smallest_cell),
        leaks=tuple(replace(c, table=None) for c in survey.leaks),
        checks=tuple(replace(c, table=None) if c.name.startswith("leak_") else c for c in checks),
    )


def _flags(survey: Survey) -> tuple[pd.DataFrame, Check | None]:
    """Mark the cross-table of exit flags, its margins and what its check says of them."""
    flags = survey.flags
    names = [c for c in flags.columns if c != "customers"]
    if not names:
        return flags, None
    cells: Cells[tuple] = Cells()
    rows = [cells.add(("row", i), n) for i, n in enumerate(flags["customers"])]
    cells.add_sum(rows, _TOTAL)
    alike = (flags[names].nunique(axis=1) == 1).tolist()
    cells.add_sum([row for row, same in zip(rows, alike, strict=True) if same], _AGREED)
    cells.add_sum([row for row, same in zip(rows, alike, strict=True) if not same], _APART)
    for name in names:
        cells.add_sum([row for row, gone in zip(rows, flags[name], strict=True) if gone], ("gone", name))
    marks = cells.marks(survey.smallest_cell)
    own = [marks[row] for row in rows]
    words = {key: _words(cells.counts[key], mark, survey.smallest_cell) for key, mark in marks.items()}
    whole = f"{words[_TOTAL]} customers" if marks[_TOTAL] else plural(cells.counts[_TOTAL], "customer")
    gone = {name: words["gone", name] for name in names}
    check = flags_check(names, cells.counts[_APART] == 0, words[_AGREED], whole, words[_APART], gone)
    return flags.assign(customers=kept_counts(flags["customers"], own), customers_mark=own), check


def _words(n: int, mark: int, smallest: int) -> str:
    return number(n) if mark == SHOWN else fewer_than(smallest) if mark == SMALL else "a withheld number"


def _coverage(survey: Survey) -> pd.DataFrame:
    """Mark who ever answered; who never did is the rest of all customers."""
    frame, smallest = survey.coverage, survey.smallest_cell
    cells: Cells[tuple] = Cells()
    for row in frame.itertuples():
        parts = [cells.add(("yes", row.metric), row.customers)]
        parts.append(cells.add(("no", row.metric), row.all - row.customers, printed=False))
        cells.add_sum(parts, _TOTAL)
    marks: Mapping[tuple, int] = cells.marks(smallest) if len(frame) else {}
    who = [marks["yes", m] for m in frame["metric"]]
    counted = zip(frame["answers"], who, strict=True)
    answers = [SMALL if 0 < n < smallest else mark for n, mark in counted]
    everybody = [marks.get(_TOTAL, SHOWN)] * len(frame)
    return frame.assign(
        answers=kept_counts(frame["answers"], answers),
        answers_mark=answers,
        customers=kept_counts(frame["customers"], who),
        customers_mark=who,
        all=kept_counts(frame["all"], everybody),
    )


def _respondents(result: Result, smallest: int) -> Result:
    """Withhold what is said of a trait that few customers on a side have, or that few of them share."""
    moments, estimates = result.tables["moments"], result.estimates
    few = {trait for trait, sides in moments.groupby("trait") if _names_somebody(str(trait), sides, smallest)}
    hide = estimates["trait"].isin(few)
    why = f"{WITHHELD}, since {fewer_than(smallest)} customers are behind it"
    hidden = moments["trait"].isin(few)
    numbers = [c for c in moments.columns if c not in ("answered", "trait")]
    return replace(
        result,
        estimates=estimates.assign(
            **{c: estimates[c].where(~hide) for c in _NUMBERS},
            identified=estimates["identified"].astype(bool) & ~hide,
            reason=np.where(hide, why, estimates["reason"]),
        ),
        tables={"moments": moments.assign(**{c: moments[c].astype(float).where(~hidden) for c in numbers})},
    )


def _names_somebody(trait: str, sides: pd.DataFrame, smallest: int) -> bool:
    counts = list(sides["n"])
    if trait == "left_share":
        left = [round(n * mean) for n, mean in zip(sides["n"], sides["mean"], strict=True)]
        counts += [*left, *(n - gone for n, gone in zip(sides["n"], left, strict=True))]
    return any(0 < n < smallest for n in counts)
