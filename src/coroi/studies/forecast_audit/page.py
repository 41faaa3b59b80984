"""The audit of earlier forecasts as a page tells it: a row of the card, paragraphs, and two tables."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd

from coroi import report
from coroi.report.sentences import level_words
from coroi.report.words import interval as interval_words
from coroi.report.words import money, money_interval, number, percent, percent_interval, plural
from coroi.studies.forecast_audit.audit import Audit

MOST_ROWS = 60
NOTHING = "No earlier run has forecast what is observed now."


def audit_card(audit: Audit) -> tuple[tuple[str, str], ...]:
    """Return the row on earlier forecasts for the card of an answer; none where nothing was scored."""
    if not audit.n:
        return ()
    return (("Earlier forecasts", f"{number(audit.n_inside)} of {number(audit.n)} came true within their intervals"),)


def audit_words(audit: Audit) -> str:
    """Say how earlier forecasts came true, and how much that tells.

    Parameters
    ----------
    audit : Audit
        As scored; where nothing was, that is said.
    """
    if not audit.looked:
        return "Run by hand, this notebook does not know of earlier runs, so that none of their forecasts is scored."
    if not audit.n:
        return " ".join([NOTHING, *_asides(audit)])
    found = [_first(audit), _against_promise(audit), _hindsight(audit)]
    found += [_series(row) for row in audit.scores.to_dict("records")]
    return " ".join(filter(None, [*found, *_asides(audit)]))


def audit_table(audit: Audit) -> report.Block:
    """Show each forecast beside what came, the latest first."""
    rows = audit.rows.sort_values(["period", "data_until", "name"], ascending=[False, False, True], kind="stable")
    shown = rows.head(MOST_ROWS)
    cells = [_cells(row) for row in shown.to_dict("records")]
    note = f"The latest {MOST_ROWS} of {plural(len(rows), 'forecast')} are shown." if len(rows) > MOST_ROWS else ""
    if (rows["std_error"] > 0).any():
        note += " Where the observed value is an estimate, the interval is widened by its error."
    return report.table(
        pd.DataFrame(cells),
        caption="Forecasts of earlier runs beside what came",
        name="forecasts_scored",
        note=note.strip(),
    )


def scores_table(audit: Audit) -> report.Block:
    """Show by what was forecast how far it missed, beside the last value that was known when it was made."""
    cells = [
        {
            "Forecast": row["label"],
            "Forecasts": row["n"],
            "Within their intervals": row["n_inside"],
            "Observed less forecast, mean": _amount(row["mean_error"], row["unit"]),
            "Missed by, mean": _amount(row["absolute_error"], row["unit"]),
            "The last value missed by": _amount(row["naive_absolute_error"], row["unit"]),
            "Interval score": _amount(row["score"], row["unit"]),
            "Interval score of the last value": _amount(row["naive_score"], row["unit"]),
        }
        for row in audit.scores.to_dict("records")
    ]
    note = "The interval score is the interval's width and a fine for what falls outside; less is better."
    return report.table(pd.DataFrame(cells), caption="How far forecasts missed", name="forecast_scores", note=note)


def _first(audit: Audit) -> str:
    days = sorted(audit.rows["data_until"].unique())
    until = _day(days[0]) if len(days) == 1 else f"days between {_day(days[0])} and {_day(days[-1])}"
    levels = audit.rows["level"]
    promised = level_words(levels.min())
    if levels.max() - levels.min() > 1e-9:
        promised = f"{promised} to {level_words(levels.max())}"
    if audit.n == 1:
        came = "came" if audit.n_inside else "did not come"
        return f"The one forecast made on data until {until} {came} true within its {promised} interval."
    return (
        f"Of {number(audit.n)} forecasts made on data until {until}, {number(audit.n_inside)} came true within their "
        f"{promised} intervals."
    )


def _against_promise(audit: Audit) -> str:
    promised = f"the {percent(audit.promised, 0 if round(100 * audit.promised, 6).is_integer() else 1)} promised"
    alone, together = audit.share(), audit.share(alone=False)
    ends = f"{percent_interval(*alone)} of such forecasts if each stood alone"
    apart = f"{percent_interval(*together)} if those of one run or period hold or fail together"
    if alone[0] <= audit.promised <= alone[1]:
        said = f"That agrees with {promised}, and with"
        return f"{said} {ends}; {apart}." if audit.n_apart < audit.n else f"{said} {ends}."
    side, wrong = ("fewer", "narrow") if alone[1] < audit.promised else ("more", "wide")
    sure = not together[0] <= audit.promised <= together[1]
    if sure:
        return f"That is {side} than {promised} ({ends}; {apart}): the intervals were too {wrong}."
    return f"That is {side} than {promised} ({ends}), but too few stand apart to be sure of it ({apart})."


def _hindsight(audit: Audit) -> str:
    late = audit.n - int(audit.rows["ahead"].sum())
    if not late:
        return ""
    if late == audit.n:
        who = "It was" if late == 1 else "All were"
    else:
        who = f"{number(late)} of them {'was' if late == 1 else 'were'}"
    what = "it forecasts" if late == 1 else "they forecast"
    return f"{who} made after what {what} had come, on data that end earlier: a test on the past, not ahead of time."


def _series(row: dict) -> str:
    """Say on which side one series came out, and whether its forecasts were better than the last value."""
    unit, error = row["unit"], row["mean_error"]
    side = (
        "as forecast"
        if error == 0
        else f"{_amount(abs(error), unit)} {'higher' if error > 0 else 'lower'} than forecast"
    )
    said = f"{row['label']}: {'on average ' if row['n'] > 1 else ''}{side}"
    own, naive = row["absolute_error"], row["naive_absolute_error"]
    if math.isnan(naive):
        return f"{said}."
    how = "as far as" if own == naive else "by less than" if own < naive else "by more than"
    missed = f"{_amount(own, unit)} against {_amount(naive, unit)}"
    return f"{said}; forecasts missed {how} the last value known at the time would have ({missed})."


def _asides(audit: Audit) -> list[str]:
    asides = []
    if audit.n_waiting:
        verb = "waits for its period" if audit.n_waiting == 1 else "wait for their periods"
        asides.append(f"{plural(audit.n_waiting, 'earlier forecast')} {verb}.")
    if audit.n_other:
        verb = "is" if audit.n_other == 1 else "are"
        asides.append(f"{plural(audit.n_other, 'earlier forecast')} {verb} of something else than this run observes.")
    if audit.n_repeated:
        verb = "was" if audit.n_repeated == 1 else "were"
        said = f"{plural(audit.n_repeated, 'forecast')} {verb} made anew by a later run on data until the same day"
        asides.append(f"{said}; the latest counts.")
    if audit.n_unreadable:
        asides.append(f"The forecasts of {plural(audit.n_unreadable, 'run')} could not be read and were left out.")
    return asides


def _cells(row: dict) -> dict[str, str]:
    unit, half = row["unit"], (row["high"] - row["low"]) / 2
    return {
        "Forecast": row["label"],
        "Period from": row["period"],
        "On data until": row["data_until"],
        "Forecast value": _amount(row["estimate"], unit, half),
        "Interval": _interval(row["low"], row["high"], unit),
        "Observed": _amount(row["observed"], unit, half),
        "Within": "yes" if row["inside"] else "no",
    }


def _is_currency(unit: str) -> bool:
    return len(unit) == 3 and unit.isalpha() and unit.isupper()


def _amount(value: float, unit: str, half: float = math.inf) -> str:
    """Write a value, money rounded by the half-width of its interval, or to three figures where there is none."""
    if math.isnan(value):
        return "not known"
    if not math.isfinite(value):
        return number(value)
    if _is_currency(unit):
        return money(value, half if math.isfinite(half) else 0.1 * abs(value), unit)
    return percent(value, 2) if unit == "share" else f"{number(value, 2)} {unit}"


def _interval(low: float, high: float, unit: str) -> str:
    if _is_currency(unit):
        return money_interval(low, high, unit)
    return percent_interval(low, high, decimals=2) if unit == "share" else interval_words(low, high, unit, decimals=2)


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"
