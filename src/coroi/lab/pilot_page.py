"""The page of a pilot's design: the answer, the curves, the costs, the assumptions and the limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pandas as pd

from coroi import report
from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, HOLD_OUT, STAGED, Found
from coroi.lab.pilot_names import cost, counted, largest, name, size, wait
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.lab.pilot_result import checks, cries_wolf, forgone_by, grade_of, tells
from coroi.lab.pilot_terms import assumptions, limits, method
from coroi.lab.pilot_words import (
    adjustment,
    alarm_words,
    answer,
    designs_words,
    meaning,
    missing_words,
    sentence,
)
from coroi.report.page import render_page
from coroi.report.theme import MUTED, PALETTE, readable
from coroi.report.words import NBSP, money, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE, QUESTION = "Pilot design", "What would a pilot with these customers detect, and what would it cost?"
_COLORS = dict(zip(DESIGNS, (PALETTE[0], PALETTE[2], MUTED), strict=True))
_NAMED_AT = 0.4
_STYLES = dict(zip(DESIGNS, ("-", "--", ":"), strict=True))


def render(pilot: Pilot, meta: Mapping[str, Any], *, breadcrumbs: tuple[tuple[str, str], ...] = ()) -> str:
    """Render the page.

    Parameters
    ----------
    pilot : Pilot
        What was found.
    meta : Mapping
        The manifest.
    breadcrumbs : sequence of (str, str)
        Label and relative address of the pages above.
    """
    return render_shown(shown(pilot), meta, breadcrumbs=breadcrumbs)


def render_shown(
    notebook: nbformat.NotebookNode, meta: Mapping[str, Any], *, breadcrumbs: tuple[tuple[str, str], ...] = ()
) -> str:
    """Render the page from what :func:`shown` returns."""
    return render_page(notebook, title=TITLE, subtitle=QUESTION, meta=meta, breadcrumbs=breadcrumbs)


def shown(pilot: Pilot) -> nbformat.NotebookNode:
    """Return all that stands on the page as a notebook without code, as a study's gate and template take it."""
    cells = []
    for position, piece in enumerate(pieces(pilot)):
        if isinstance(piece, str):
            cell = nbformat.v4.new_markdown_cell(piece)
        else:
            data, metadata = piece._repr_mimebundle_()
            output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
            cell = nbformat.v4.new_code_cell("", outputs=[output])
        cell["id"] = f"cell-{position}"
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


def pieces(pilot: Pilot) -> Iterator[Any]:
    """Return what stands on the page, in order: headings as Markdown, the rest as blocks."""
    yield report.headline(answer(pilot))
    yield power_figure(pilot, RETENTION)
    yield "## What it means"
    yield report.prose(*meaning(pilot))
    yield "## What each would cost"
    yield cost_table(pilot)
    yield report.prose(*_price_words(pilot))
    for outcome in pilot.outcomes[1:]:
        yield f"## {'The score of those who answer' if outcome.name == SCORE else 'Money per customer'}"
        yield report.prose(*(t for t in (sentence(pilot, outcome.name), adjustment(pilot, outcome.name)) if t))
        yield power_figure(pilot, outcome.name)
        yield outcome_table(pilot, outcome.name)
    if pilot.missing:
        yield "## What could not be looked at"
        yield report.prose(missing_words(pilot))
    yield "## The three designs"
    yield report.prose(*designs_words(pilot))
    yield "## Checks"
    yield report.checks(checks(pilot))
    yield "## Assumptions"
    yield report.table(assumptions(pilot), caption="What the answer takes for granted", name="assumptions")
    yield "## Limits"
    yield report.notes(limits(pilot))
    yield "## Method and references"
    yield report.prose(*method(pilot))


def power_figure(pilot: Pilot, outcome: str) -> report.Picture | report.Block:
    """Draw the power of the designs by the size of the effect, the asked power, and the smallest effects."""
    found = [f for f in (pilot.of(outcome, d) for d in DESIGNS) if len(f.curve)]
    if not found:
        return report.prose("There is no figure: none of the designs could be simulated.")
    fig, ax = report.new_figure(height=4.8)
    unit = 100.0 if outcome == RETENTION else 1.0
    right = _right(pilot, found)
    for f in found:
        _draw(ax, pilot, f, unit, right)
    asked = 100 * pilot.options.power
    ax.axhline(asked, color=MUTED, linewidth=1.2)
    words = f"{percent(pilot.options.power)} power"
    ax.annotate(
        words, (unit * right, asked), xytext=(0, -4), textcoords="offset points", color=MUTED, ha="right", va="top"
    )
    ax.set_ylim(0, 104)
    ax.set_xlim(0, unit * right)
    ax.set_xlabel(_axis(pilot, outcome))
    ax.set_ylabel("Pilots that detect it (%)")
    title = _finding(pilot, outcome)
    report.finding(ax, title, f"Share of simulated pilots that detect an effect, by its size; {wait(pilot)}")
    _name_lines(ax, pilot, found, unit, right)
    n = f"{counted(pilot, outcome)}, {number(pilot.options.replications)} pilots a point"
    return report.figure(
        fig,
        alt=f"{title}. Curves that rise with the size of the effect. {_spoken(pilot, found)}",
        caption=f"Power by size of the effect on {name(pilot, outcome)}, with 95 % simulation intervals shaded; {n}.",
    )


def cost_table(pilot: Pilot) -> report.Block:
    """Show for each design what it detects, takes, costs and could show."""
    columns = {"": list(_facts(pilot, HOLD_OUT))}
    columns |= {_begin(design): list(_facts(pilot, design).values()) for design in DESIGNS}
    caption = f"The designs side by side; effects on {name(pilot, RETENTION)}"
    return report.table(pd.DataFrame(columns).rename(columns={"": "What"}), caption=caption, name="designs")


def _facts(pilot: Pilot, design: str) -> dict[str, str]:
    found, bill = pilot.of(RETENTION, design), pilot.bills[design]
    lost = forgone_by(pilot, RETENTION, design)
    unknown = "not known"
    waiting = money(float(round(lost)), 0, pilot.currency) if np.isfinite(lost) else unknown
    return {
        "Smallest effect (interval)": _cell(pilot, found),
        "False alarms (interval)": alarm_words(found).replace(f"{NBSP}%)", ")"),
        "Customers treated": number(bill.treated),
        "Customer-months treated": number(round(bill.treated_months)),
        "Months until the answer": number(pilot.months, 0 if float(pilot.months).is_integer() else 1),
        "Cost of treatment": cost(pilot, design) if np.isfinite(bill.cost) else unknown,
        "Forgone by waiting": waiting if bill.waiting_months else "nothing: nobody waits",
        "Grade it could reach": grade_of(pilot, found),
    }


def outcome_table(pilot: Pilot, outcome: str) -> report.Block:
    """Show what each design detects of one outcome."""
    rows = [
        {
            "Design": _begin(design),
            "Smallest effect (interval)": _cell(pilot, pilot.of(outcome, design)),
            "False alarms": alarm_words(pilot.of(outcome, design)),
            "Grade it could reach": grade_of(pilot, pilot.of(outcome, design)),
        }
        for design in DESIGNS
    ]
    return report.table(pd.DataFrame(rows), caption=f"What is detected of {name(pilot, outcome)}", name=outcome)


def _draw(ax: Axes, pilot: Pilot, found: Found, unit: float, right: float) -> None:
    curve, color = _until(found.curve, right), _COLORS[found.design]
    x = unit * curve["effect"]
    ax.fill_between(x, 100 * curve["conf_low"], 100 * curve["conf_high"], color=color, alpha=0.15, linewidth=0)
    ax.plot(
        x, 100 * curve[_height(pilot, found)], color=color, linestyle=_STYLES[found.design], label=_begin(found.design)
    )
    if tells(pilot, found):
        assert found.smallest is not None
        ax.plot([unit * found.smallest.estimate], [100 * pilot.options.power], "o", color=color, markersize=8)


def _name_lines(ax: Axes, pilot: Pilot, found: list[Found], unit: float, right: float) -> None:
    """Name the curves where they are steep, the leftmost on its left; one that starts high below its start."""
    rising = [f for f in found if f.curve["smooth"].iloc[0] < _NAMED_AT < f.curve["smooth"].iloc[-1]]
    at = {f.design: float(np.interp(_NAMED_AT, f.curve["smooth"], f.curve["effect"])) for f in rising}
    for f in found:
        if f.design in at:
            first = at[f.design] == min(at.values())
            point, move, across, up = (at[f.design], 100 * _NAMED_AT), (-8 if first else 8, 0), first, "center"
        else:
            x = 0.02 * right
            y = 100 * float(np.interp(x, f.curve["effect"], f.curve[_height(pilot, f)]))
            point, move, across, up = (x, y), (4, -6 if y > 15 else 6), False, "top" if y > 15 else "bottom"
        ax.annotate(
            _begin(f.design),
            (unit * point[0], point[1]),
            xytext=move,
            textcoords="offset points",
            ha="right" if across else "left",
            va=up,
            color=readable(_COLORS[f.design]),
        )


def _height(pilot: Pilot, found: Found) -> str:
    """Name the column to draw: as found where drift may make the curve fall, made never to fall elsewhere."""
    return "power" if cries_wolf(pilot, found) else "smooth"


def _until(curve: pd.DataFrame, right: float) -> pd.DataFrame:
    """Cut a curve at the figure's edge, where it is taken as straight between two sizes."""
    inside = curve[curve["effect"] < right]
    if len(inside) == len(curve):
        return curve
    edge = {c: float(np.interp(right, curve["effect"], curve[c])) for c in curve.columns}
    return pd.concat([inside, pd.DataFrame([edge])], ignore_index=True)


def _right(pilot: Pilot, found: list[Found]) -> float:
    """Return the largest effect to show: where the designs that tell are done, a before–after may go on outside."""
    telling = [f for f in found if tells(pilot, f)] or found
    return max(float(f.curve["effect"].iloc[-1]) for f in telling)


def _cell(pilot: Pilot, found: Found) -> str:
    if tells(pilot, found):
        return size(pilot, found)
    if found.smallest is None:
        return f"not known: {found.reason}"
    if cries_wolf(pilot, found):
        return "none: the calendar hides it" if found.design == BEFORE_AFTER else "none: too many false alarms"
    return f"none up to {largest(pilot, found)}"


def _finding(pilot: Pilot, outcome: str) -> str:
    telling = [f for f in (pilot.of(outcome, d) for d in (HOLD_OUT, STAGED)) if tells(pilot, f)]
    if not telling:
        return "No controlled pilot with these customers reaches the asked power"
    best = min(telling, key=lambda f: f.smallest.estimate if f.smallest else np.inf)
    return f"A {best.design} detects {size(pilot, best)} or more"


def _spoken(pilot: Pilot, found: list[Found]) -> str:
    told = []
    for f in found:
        if tells(pilot, f):
            told.append(f"The {f.design} reaches {percent(pilot.options.power)} at {size(pilot, f)}.")
        elif cries_wolf(pilot, f):
            told.append(f"The {f.design} lies at {percent(float(f.curve['power'].iloc[0]))} without any effect.")
        else:
            told.append(f"The {f.design} does not reach {percent(pilot.options.power)}.")
    return " ".join(told)


def _axis(pilot: Pilot, outcome: str) -> str:
    if outcome == RETENTION:
        return f"Rise in {name(pilot, outcome)} (percentage points)"
    if outcome == MONEY:
        return f"Rise in {name(pilot, outcome)} over {wait(pilot)} ({pilot.currency})"
    low, high = pilot.scale
    return (
        f"{'Rise' if pilot.higher_is_better else 'Fall'} in {name(pilot, outcome)} (points; scale {low:g} to {high:g})"
    )


def _price_words(pilot: Pilot) -> tuple[str, ...]:
    fixed = f", and {money(pilot.options.fixed_cost, 0, pilot.currency)} once" if pilot.options.fixed_cost else ""
    if np.isnan(pilot.price.per_month):
        why = pilot.price.source or "the plan has no costs of a programme"
        priced = (
            f"No price of treatment is known: {why}. Give `--cost-per-customer`, the price per treated customer and "
            "month, to have the costs in money."
        )
    else:
        each = money(float(np.round(pilot.price.per_month, 2)), 0, pilot.currency)
        priced = f"A treated customer costs {each} a month ({pilot.price.source}){fixed}."
    counted_as = "Customer-months are counted as if nobody left, so they are the most that can come to be paid."
    if pilot.few_without_unit:
        counted_as += " The staged roll-out's hold those few who have no unit, so that their number cannot be told."
    waiting = (
        f"Forgone by waiting is the {pilot.money} that customers without treatment would have brought within the "
        "horizon, had the programme the smallest effect that the design detects."
        if pilot.money
        else "What waiting forgoes is not known, since the data hold no money."
    )
    return priced, f"{counted_as} {waiting}"


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
