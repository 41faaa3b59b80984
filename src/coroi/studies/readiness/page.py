"""The words, tables and the figure of the study `readiness`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from coroi import report
from coroi.report.privacy import WITHHELD, fewer_than, people, shown_counts, suppressed_words
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import interval, join_words, number, percent, plural
from coroi.results import Result
from coroi.schemas import Period
from coroi.studies.inputs import Inputs
from coroi.studies.readiness.survey import Survey

_TRAITS = {
    "periods_since_start": "{period}s since the start",
    "revenue_per_period": "revenue per {period} ({currency})",
    "purchases": "purchases so far",
    "tenure_months": "tenure (months)",
    "revenue": "revenue per month ({currency})",
    "left_share": "share that has left",
}


def answer(survey: Survey, inputs: Inputs) -> report.Answer:
    """Return the page's first sentence and its card."""
    can = survey.studies[survey.studies["missing"] == ""]
    borne = survey.claims[survey.claims["missing"] == ""]
    read, lost = _totals(survey)
    bad = [c for c in survey.checks if c.passed is False]
    ready = f"These data can bear {len(can)} of {plural(len(survey.studies), 'study')}"
    ready += f" and {len(borne)} of the {plural(len(survey.claims), 'claim')}"
    caution = f", with {plural(len(bad), 'warning')} to read first" if bad else ""
    cover = [
        f"{r['label']}: {_covered(survey, r)}"
        for r in survey.coverage.to_dict("records")
        if pd.isna(r["all"]) or r["all"]
    ]
    nobody = "no customer in the data" if len(survey.coverage) else "no metric in the plan"
    card = [
        ("Studies", join_words(list(can["study"])) or "none"),
        ("Customers", f"{people(survey.n_customers, survey.smallest_cell)}; {_span(inputs)}"),
        ("Rows left out", f"{number(lost)} of {number(read)} ({percent(lost / read if read else 0, 1)})"),
        ("Cells repaired", f"{number(_repaired(survey))}; each kind is listed under Data"),
        ("Who ever answered", "; ".join(cover) or nobody),
        ("Warnings", " ".join(c.sentence for c in bad) or "none"),
    ]
    return report.Answer(sentence=f"{ready}{caution}.", card=tuple(card))


def meaning(survey: Survey) -> tuple[str, ...]:
    """Say what the look means, what it does not, and what would change it."""
    missing = survey.studies[survey.studies["missing"] != ""]
    leaks = [c for c in survey.leaks if c.passed is False]
    first = (
        "Every row that came in is accounted for below: kept, left out by the plan's own filters, or dropped by a rule "
        "that is named."
    )
    if any(c.name == "counts" and c.passed is False for c in survey.checks):
        first = "Not every row that came in is accounted for: see Checks before anything else is read."
    second = (
        "That a study can run does not mean that it will find an answer, or that the people who answered speak for "
        "those who did not."
    )
    third = (
        "Nothing is missing for the studies of this version."
        if missing.empty
        else ("More could be asked: " + "; ".join(f"{r.study} needs {r.missing}" for r in missing.itertuples()) + ".")
    )
    if not leaks:
        return first, second, third
    holds = "it already holds" if len(leaks) == 1 else "they already hold"
    return first, second, third, f"{plural(len(leaks), 'metric')} cannot be used at all, because {holds} the outcome."


def flow_figure(survey: Survey) -> report.Picture | report.Block:
    """Draw, by table, the share of rows kept and left out."""
    frame = survey.tables[survey.tables["in"] > 0]
    if frame.empty:
        return report.prose("There is no figure: no table holds a row.")
    fig, ax = report.new_figure(height=1.5 + 0.55 * len(frame))
    kept = 100 * (frame["out"] + frame["merged"]) / frame["in"]
    lost = 100 - kept
    ax.barh(frame["table"], kept, color=PALETTE[0], height=0.55)
    ax.barh(frame["table"], lost, left=kept, color="#d9dcdf", edgecolor=MUTED, hatch="///", height=0.55)
    for at, (name, value) in enumerate(zip(frame["table"], kept, strict=True)):
        rows = frame.loc[frame["table"] == name, "in"].iloc[0]
        said, paper = (
            f"{percent(value / 100, 1)} of {plural(int(rows), 'row')}",
            {"facecolor": "white", "edgecolor": "none"},
        )
        if value >= 55:
            ax.text(2, at, said, color="white", va="center")
        else:  # the bar is shorter than the words
            ax.text(value + 3, at, said, va="center", bbox=paper)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("Rows used (%)")
    read, gone = _totals(survey)
    title = f"{percent(1 - gone / read if read else 0, 1)} of all rows can be used"
    report.finding(ax, title, "Rows used, by table; hatched: left out")
    parts = join_words([f"{n} {percent(v / 100, 1)}" for n, v in zip(frame["table"], kept, strict=True)])
    alt = f"{title}. Bars of the share of rows used, by table: {parts}."
    return report.figure(fig, alt=alt, caption=f"Rows used by table; {plural(read, 'row')} read in all.")


def drop_table(survey: Survey) -> report.Block:
    """Show rows in and out by table, with dates."""
    names = {
        "table": "Table",
        "in": "Rows in",
        "left out": "Left out by the plan",
        "dropped": "Dropped by a rule",
        "merged": "Merged",
        "out": "Rows out",
        "first": "First date",
        "last": "Last date",
    }
    return report.table(survey.tables.rename(columns=names), caption="Rows in and out, by table", name="tables")


def losses_table(survey: Survey) -> report.Block:
    """Show every rule that found something."""
    names = {
        "examples": "Row numbers, e.g.",
        "values": "What stood there (digits as 9, letters as a)",
        "sentence": "Reason",
        "advice": "What to do",
    }
    frame = survey.losses.rename(columns=lambda c: names.get(c, str(c).capitalize()))
    return report.table(frame, caption="Cleaning log: what was left out, changed or noted, and why", name="losses")


def coverage_table(survey: Survey) -> report.Block:
    """Show who ever answered, by metric."""
    frame = survey.coverage
    shares = [
        WITHHELD if pd.isna(c) or pd.isna(a) else percent(c / a, 1) if a else "–"
        for c, a in zip(frame["customers"], frame["all"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "Metric": frame["label"],
            "Answers": _counts(survey, frame, "answers"),
            "Customers who ever answered": _counts(survey, frame, "customers"),
            "Share of all": shares,
            "First answer": frame["first"],
            "Last answer": frame["last"],
        }
    )
    words = _suppressed(survey, frame)
    return report.table(shown, caption="Who answers, by metric", name="coverage", note=words)


def respondent_table(survey: Survey, inputs: Inputs) -> report.Block:
    """Show how customers who had answered differ from the rest."""
    result = survey.respondents
    if result is None:
        return report.prose("Respondents cannot be compared with the rest: nothing else is known of the customers.")
    frame = pd.DataFrame(
        [_trait_row(result, t, inputs.plan.period, inputs.plan.currency) for t in _spec_traits(result)]
    )
    return report.table(frame, caption="Customers who had answered, against those who never had", name="respondents")


def leak_table(survey: Survey) -> report.Block:
    """Show, for each metric, whether it knows the outcome too well."""
    return (
        report.checks(survey.leaks)
        if survey.leaks
        else report.prose("No metric can be tested for a leak: there is no outcome beside it.")
    )


def flag_table(survey: Survey) -> report.Block:
    """Show what each source says of who has left."""
    if survey.flags.empty:
        return report.prose("The plan names no rival churn flags (`exit_flags`).")
    names = [c for c in survey.flags.columns if c not in ("customers", "customers_mark")]
    frame = survey.flags[names].map(lambda gone: "gone" if gone else "here")
    frame = frame.rename(columns=lambda name: name.replace("_", " ")).assign(
        Customers=_counts(survey, survey.flags, "customers")
    )
    words = _suppressed(survey, survey.flags)
    return report.table(frame, caption="Who has left, by source", name="exit_flags", note=words)


def verbatim_notes(survey: Survey) -> report.Block:
    """Show a few texts that customers wrote, masked, where the plan asks for them."""
    if survey.verbatims is None:
        return report.prose(
            "Nothing that customers wrote is shown: the plan does not ask for it (`privacy.verbatims`)."
        )
    few = fewer_than(survey.smallest_cell)
    if not survey.verbatims:
        return report.prose(f"Nothing that customers wrote can be shown: {few} of them wrote anything alike.")
    masked = f"Words that {few} customers used are left out, and so are addresses, numbers and identifiers."
    return report.notes([*(f"“{text}”" for text in survey.verbatims), masked])


def _counts(survey: Survey, frame: pd.DataFrame, column: str) -> pd.Series:
    """Return counts of people, those that may not be shown in words."""
    if f"{column}_mark" not in frame:
        return frame[column]
    return shown_counts(frame[column], frame[f"{column}_mark"], survey.smallest_cell)


def _suppressed(survey: Survey, frame: pd.DataFrame) -> str:
    marks = [int(m) for c in frame.columns if c.endswith("_mark") for m in frame[c]]
    return suppressed_words(marks, survey.smallest_cell)


def _covered(survey: Survey, row: Mapping[Hashable, Any]) -> str:
    """Say how many of all customers ever answered."""
    if pd.isna(row["all"]) or row.get("customers_mark") == 1:
        return f"{fewer_than(survey.smallest_cell)} customers"
    whole = plural(int(row["all"]), "customer")
    if pd.isna(row["customers"]):
        return f"a withheld number of {whole}"
    return f"{number(row['customers'])} of {whole} ({percent(row['customers'] / row['all'])})"


def method() -> tuple[str, ...]:
    """Say how the look was taken."""
    return (
        "Each table is read as the plan maps it; a row is dropped by the first rule that it breaks and counted there, "
        "so that rows in equal rows out plus rows left out. Raw files are never written; a cell is repaired only where "
        "that is certain, each repair is listed, and `keep_as_is` in the plan leaves it out.",
        "Respondents are compared with the rest in the last period in which everybody can be seen, on what was known "
        "of all by then, with Welch intervals; who was there longer had more chances to answer.",
        "A metric is said to leak where it ranks at least 95 of 100 pairs of customers rightly, where all customers of "
        "a level have the outcome against a chance of one in a million, or where levels with a fifth of all customers "
        "have none of it though at least 50 cases each were to be expected. These limits are conventions.",
    )


def _totals(survey: Survey) -> tuple[int, int]:
    frame = survey.tables
    return int(frame["in"].sum()), int(frame[["left out", "dropped"]].to_numpy().sum())


def _repaired(survey: Survey) -> int:
    lines = survey.losses
    return int(lines.loc[lines["step"] == "repaired", "rows"].sum())


def _span(inputs: Inputs) -> str:
    panel = inputs.panel
    if panel is None:
        return "one date" if "snapshot" in inputs.tables else "no contracts or purchases"
    kind = "contracts" if panel.relationship == "contract" else "purchases"
    return f"{kind} to {panel.observed_until.day} {panel.observed_until:%B %Y}, by {panel.frequency}"


def _spec_traits(result: Result) -> list[str]:
    traits = result.spec["traits"]
    assert isinstance(traits, list)
    return traits


def _trait_row(result: Result, trait: str, period: Period, currency: str) -> dict[str, str]:
    rows = result.estimates[result.estimates["trait"] == trait].set_index("term")
    sides = result.tables["moments"]
    sides = sides[sides["trait"] == trait].set_index("answered")
    name = _TRAITS[trait].format(period=period, currency=currency)
    means = {side: number(float(sides.loc[side, "mean"]), 2) if side in sides.index else "–" for side in (True, False)}
    gap, unit = rows.loc["difference"], rows.loc["standardised"]
    if str(gap["reason"]).startswith(WITHHELD):
        means = dict.fromkeys((True, False), WITHHELD)
    row = {"Trait": name[:1].upper() + name[1:], "Had answered (mean)": means[True], "Never had (mean)": means[False]}
    if not gap["identified"]:
        why = str(gap["reason"]) if means[True] == WITHHELD else f"not estimable: {gap['reason']}"
        return row | {"Difference (interval)": why, "In standard deviations": "–"}
    ends = interval(float(gap["conf_low"]), float(gap["conf_high"]), decimals=2)
    return row | {
        "Difference (interval)": f"{number(float(gap['estimate']), 2)} ({ends})",
        "In standard deviations": number(float(unit["estimate"]), 2),
    }
