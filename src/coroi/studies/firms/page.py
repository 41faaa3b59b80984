"""The figures and tables of the study `firms`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import interval, join_words, number, percent, plural
from coroi.studies.firms.answer import Findings
from coroi.studies.firms.join import join_notes, losses
from coroi.studies.firms.question import Question
from coroi.studies.firms.words import later, level_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES = {"market_value": "Market value", "revenue": "Revenue", "earnings": "Earnings"}
_UNITS = {"market_value": "%", "revenue": "%", "earnings": "% of revenue"}
_SCALES = {
    "percentile": ("Share of rivals outdone, percentage points", 100),
    "places": ("Rivals outdone, number", 1),
    "top": ("Chance to be first, percentage points", 100),
}


def path_figure(question: Question, found: Findings) -> report.Picture | report.Block:
    """Draw what value, revenue and earnings do before and after satisfaction rises."""
    rows = found.paths.rows
    rows = rows[rows["identified"].astype(bool)] if len(rows) else rows
    kinds = [k for k in _NAMES if len(rows) and (rows["kind"] == k).any()]
    if not kinds:
        return report.prose("There is no figure: no path of money can be estimated.")
    logs = [k for k in kinds if k != "earnings"]
    groups = [group for group in (logs, [k for k in kinds if k == "earnings"]) if group]
    fig, ax = report.new_figure(height=1.4 + 2.6 * len(groups))
    ax.remove()
    axes = np.atleast_1d(fig.subplots(len(groups), 1, sharex=True))
    for at, (own, group) in enumerate(zip(axes, groups, strict=True)):
        for i, kind in enumerate(group):
            _draw_path(own, rows[rows["kind"] == kind], kind, PALETTE[i if at == 0 and logs else 2])
        own.axhline(0, color=MUTED, linewidth=1)
        own.axvline(-1, color=MUTED, linewidth=0.8, linestyle=":")
        own.set_ylabel("Change (%)" if group == logs else "% of revenue")
    length = question.panel.length
    axes[-1].set_xticks(range(int(rows["horizon"].min()), int(rows["horizon"].max()) + 1))
    axes[-1].set_xlabel(f"{length.capitalize()}s since satisfaction rose")
    title = _path_title(kinds, rows)
    shown = f"Change since the {length} before, with satisfaction {question.step} higher"
    report.finding(axes[0], title, f"{shown}; bands hold each path at {level_words(found.level)}")
    for own in axes:
        report.label_lines(own)
    ends = join_words([_spoken(rows[rows["kind"] == k], k, length) for k in kinds])
    firms = int(rows["firms"].max())
    alt = f"{title}. Lines with shaded bands from 3 {length}s before the rise to the last after it: {ends}."
    caption = (
        f"{shown} and fading as such rises do; firms and {length}s swept out. The {length} before is zero by "
        f"construction. {firms} firms at most."
    )
    return report.figure(fig, alt=alt, caption=caption)


def _draw_path(ax: Axes, rows: pd.DataFrame, kind: str, color: str) -> None:
    before = pd.DataFrame([{"horizon": -1, "estimate": 0.0, "band_low": 0.0, "band_high": 0.0}])
    path = pd.concat([rows, before], ignore_index=True).sort_values("horizon")
    low, middle, high = (100 * _in_per_cent(path[c], kind) for c in ("band_low", "estimate", "band_high"))
    ax.fill_between(path["horizon"], low, high, color=color, alpha=0.13, linewidth=0)
    ax.plot(path["horizon"], middle, color=color, marker="o", markersize=5, label=_NAMES[kind])


def _in_per_cent(values: pd.Series, kind: str) -> pd.Series:
    return values if kind == "earnings" else np.expm1(values)


def _path_title(kinds: list[str], rows: pd.DataFrame) -> str:
    after = rows[rows["horizon"] >= 0]
    said: list[str] = []
    for kind in kinds:
        own = after[after["kind"] == kind]
        rises, falls = bool((own["band_low"] > 0).any()), bool((own["band_high"] < 0).any())
        name = _NAMES[kind].lower() if said else _NAMES[kind]
        s = "" if kind == "earnings" else "s"
        if rises and falls:
            order = f"fall{s} first and rise{s} later" if _first_falls(own) else f"rise{s} first and fall{s} later"
            said.append(f"{name} {order}")
        elif rises or falls:
            said.append(f"{name} {'rise' if rises else 'fall'}{s}")
        else:
            said.append(f"{name} {'do' if kind == 'earnings' else 'does'} not clearly move")
    return join_words(said)


def _first_falls(own: pd.DataFrame) -> bool:
    falls, rises = own.loc[own["band_high"] < 0, "horizon"], own.loc[own["band_low"] > 0, "horizon"]
    return bool(falls.min() < rises.min())


def _spoken(rows: pd.DataFrame, kind: str, length: str) -> str:
    last = rows.sort_values("horizon").iloc[-1]
    value = 100 * float(_in_per_cent(pd.Series([last["estimate"]]), kind).iloc[0])
    unit = "% of revenue" if kind == "earnings" else "%"
    return f"{_NAMES[kind].lower()} at {number(value, 1)} {unit} {later(int(last['horizon']), length)}"


def path_table(question: Question, found: Findings) -> report.Block:
    """Show the paths' points with their intervals."""
    rows, length = found.paths.rows, question.panel.length
    if rows.empty:
        return report.prose("There is no table of paths: the data hold no money of the firms.")
    kinds = [k for k in _NAMES if (rows["kind"] == k).any()]
    by_kind = {k: rows[rows["kind"] == k].set_index("horizon") for k in kinds}
    steps = [int(h) for h in by_kind[kinds[0]].index if any(own.loc[h, "firms"] > 0 for own in by_kind.values())]
    columns: dict[str, list[int] | list[str]] = {length.capitalize(): steps}
    for kind, own in by_kind.items():
        columns[f"{_NAMES[kind]}, {_UNITS[kind]}"] = [_cell(own.loc[h]) for h in steps]
    columns["Firms"] = [int(max(own.loc[h, "firms"] for own in by_kind.values())) for h in steps]
    caption = f"Change since the {length} before satisfaction rose ({level_words(found.level)} intervals)"
    return report.table(pd.DataFrame(columns), caption=caption, name="paths")


def naive_table(question: Question, found: Findings) -> report.Block:
    """Show the first path once more by naive means."""
    rows, length = found.paths.rows, question.panel.length
    if rows.empty:
        return report.prose("There is nothing to set beside naive means.")
    kind = next(k for k in _NAMES if (rows["kind"] == k).any())
    own = rows[rows["kind"] == kind].set_index("horizon")
    steps = [int(h) for h in own.index if own.loc[h, "firms"] > 0]
    columns: dict[str, list[int] | list[str]] = {length.capitalize(): steps}
    columns |= {what: [_naive(own.loc[h], naive) for h in steps] for naive, what in _NAIVE.items()}
    caption = f"{_NAMES[kind]}, {_UNITS[kind]}, by naive means ({level_words(found.level)} intervals)"
    note = (
        f"“Later left free”: within firms as well, but satisfaction of later {length}s is part of the error, which "
        "pulls it towards zero, the more the later. “Nothing swept out”: all rows alike, though better firms may both "
        "satisfy and grow more."
    )
    return report.table(pd.DataFrame(columns), caption=caption, name="naive_paths", note=note)


def _cell(row: pd.Series) -> str:
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    ends = [100 * float(_in_per_cent(pd.Series([row[c]]), row["kind"]).iloc[0]) for c in _ENDS]
    return f"{number(ends[0], 2)} ({interval(ends[1], ends[2], decimals=2)})"


_ENDS = ("estimate", "conf_low", "conf_high")


_NAIVE = {"within": "Later left free", "pooled": "Nothing swept out"}


def _naive(row: pd.Series, name: str) -> str:
    value = float(_in_per_cent(pd.Series([row[name]]), row["kind"]).iloc[0])
    return "–" if np.isnan(value) else number(100 * value, 2)


def standing_table(question: Question, found: Findings) -> report.Block:
    """Show what standing goes with, by the own satisfaction and that of the rivals."""
    if found.standing is None:
        return report.prose("There is no table of standing: the data hold nothing to rank firms by within industries.")
    rows = found.standing.estimates
    whose = {"own": "own", "rivals": "mean of rivals"}
    frame = pd.DataFrame(
        {
            "Standing": [_SCALES[t][0] for t in rows["term"]],
            "Whose satisfaction": [whose[w] for w in rows["whose"]],
            f"Change ({level_words(found.level)} interval)": [
                _scaled(row, _SCALES[row["term"]][1]) for _, row in rows.iterrows()
            ],
        }
    )
    ranks, when = question.ranked_by.replace("_", " "), later(question.lag, question.panel.length)
    caption = f"Standing by {ranks} within the industry {when}, with satisfaction {question.step} higher"
    return report.table(frame, caption=caption, name="standing")


def spells_table(question: Question, found: Findings) -> report.Block:
    """Show the hazards of losing and reaching the top, and the share of spells that last."""
    if found.spells is None:
        return report.prose("There is no table of time at the top: the data hold nothing to rank firms by.")
    rows = found.spells.estimates
    rows = rows[(rows["term"] == "lead") | (rows["term"] == "still")]
    rows = rows[rows["identified"].astype(bool) | (rows["term"] == "lead")]  # a reason is told once
    length, n = question.panel.length, question.horizon
    labels = {
        ("loses", "lead"): "Losing the top: log hazard ratio, one standard deviation above the industry",
        ("reaches", "lead"): "Reaching the top: log hazard ratio, one standard deviation above the industry",
        ("loses", "still"): f"Still at the top after {plural(n, length)}, %",
        ("reaches", "still"): f"Still below the top after {plural(n, length)}, %",
    }
    at = {"": "–", "one step better": "one standard deviation higher"}
    frame = pd.DataFrame(
        {
            "What": [labels[t, k] for t, k in zip(rows["transition"], rows["term"], strict=True)],
            "Satisfaction": [at.get(m, m) for m in rows["metric_at"]],
            f"Estimate ({level_words(found.level)} interval)": [
                _scaled(row, 100 if row["term"] == "still" else 1) for _, row in rows.iterrows()
            ],
        }
    )
    counts = found.spells.tables["spells"]
    note = "; ".join(f"{r.what}: {r.number}" for r in counts.itertuples()) + "."
    return report.table(frame, caption="Time at the top of the industry", name="spells", note=note)


def shares_table(question: Question, found: Findings) -> report.Block:
    """Show the alphas of the portfolios, in per cent a year."""
    if not found.shares:
        return report.prose(
            "Whether shares of firms with high satisfaction return more is not tested: the data hold no monthly "
            "returns with factors."
        )
    rows = [
        {
            "Portfolio": row["portfolio"],
            "Weights": name.removeprefix("weights ").replace("equal weights", "equal"),
            f"Return beyond the factors, % a year ({level_words(found.level)} interval)": _scaled(row, 1200),
        }
        for name, result in found.shares.items()
        for _, row in result.estimates[result.estimates["term"] == "alpha"].iterrows()
    ]
    first = next(iter(found.shares.values()))
    turnover = first.tables["turnover"][["high", "low"]].mean().mean()
    moved = "" if np.isnan(turnover) else f" At each new score {percent(float(turnover))} of a portfolio is exchanged."
    factors = join_words([str(f) for f in first.spec["factors"]])  # type: ignore[attr-defined]
    note = f"{first.n_obs} months; factors: {factors}; errors from {first.spec['n_parts']} slow waves.{moved}"
    caption = f"Best and worst {percent(question.share)} by the last public score, held until the next"
    return report.table(pd.DataFrame(rows), caption=caption, name="portfolios", note=note)


def _scaled(row: pd.Series, factor: float) -> str:
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    estimate, low, high = (factor * float(row[c]) for c in _ENDS)
    return f"{number(estimate, 2)} ({interval(low, high, decimals=2)})"


def losses_table(question: Question, found: Findings) -> report.Block:
    """Show what the joins lose, step by step."""
    frame = losses(question, found).rename(columns=str.capitalize)
    return report.table(frame, caption="From the tables to the estimates: firms and rows at each step", name="losses")


def data_notes(ledger: pd.DataFrame) -> report.Block:
    """Show what the plan's joins did not match, and what the cleaning left out."""
    return report.notes(join_notes(ledger) or ["No row of the firms' tables was left out, and none failed to match."])
