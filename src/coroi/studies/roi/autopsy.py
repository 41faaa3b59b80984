"""From the slide's promoter-minus-detractor figure to a defensible one, step by step, for the study `roi`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi import report
from coroi.errors import CoroiError
from coroi.inference.answer_weights import answer_weights
from coroi.models.bias_autopsy import fit_bias_autopsy
from coroi.prepare.answered import answers_with_money
from coroi.report.sentences import begin, level_words, stop
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import join_words, number
from coroi.results import Result
from coroi.roi.waterfall import waterfall
from coroi.studies.inputs import Inputs, choose_metric, metric_label
from coroi.studies.roi.amounts import amount
from coroi.studies.roi.question import Question

KNOWN = ("recent", "level", "tenure", "segment")
_TOP, _BOTTOM = 0.9, 0.6


def fit_autopsy(inputs: Inputs, question: Question, *, metric: str = "", level: float = 0.95) -> Result | str:
    """Correct the money between promoters and detractors step by step.

    Parameters
    ----------
    inputs : Inputs
    question : Question
    metric : str
        Empty for the plan's first.
    level : float
        Of the intervals.

    Returns
    -------
    Result or str
        Of :func:`coroi.models.bias_autopsy.fit_bias_autopsy`; the reason where there is none.

    Notes
    -----
    Promoters are the answers in the top tenth of the scale and detractors those up to its six tenths, 9–10 and 0–6
    of 10; for a metric whose low end is good, the other way round.
    """
    if inputs.panel is None or "responses" not in inputs.tables or not inputs.plan.metrics:
        return "the data hold no answers of customers with money"
    name = choose_metric(inputs, metric)
    spec = inputs.plan.metrics[name]
    rows = answers_with_money(
        inputs.connection,
        inputs.panel,
        inputs.tables["responses"],
        name,
        horizon=inputs.plan.horizon,
        seed=inputs.plan.seed,
    )
    rows = rows.dropna(subset=["level", "recent", "tenure"]).reset_index(drop=True)
    if rows.empty or not rows["answered"].any():
        return "no answer has money before it and after it"
    weight, _ = answer_weights(rows, answered="answered", covariates=list(KNOWN))
    low, high = (float(end) for end in spec.scale)
    sign = 1.0 if spec.higher_is == "better" else -1.0
    rows = rows.assign(weight=weight, score=sign * rows["score"], earlier=sign * rows["earlier"])
    ends = (low, high) if sign > 0 else (-high, -low)
    answers = rows[rows["answered"] == 1].drop(columns="answered").reset_index(drop=True)
    weighed = bool(answers["weight"].notna().all())
    try:
        found = fit_bias_autopsy(
            answers,
            outcome="outcome",
            metric="score",
            high=ends[0] + _TOP * (ends[1] - ends[0]),
            low=ends[0] + _BOTTOM * (ends[1] - ends[0]),
            controls=["level", "tenure", *(["segment"] if answers["segment"].nunique() > 1 else [])],
            weight="weight" if weighed else None,
            earlier="earlier" if answers["earlier"].notna().any() else None,
            past=["recent"],
            level=level,
        )
        waterfall(found)
    except CoroiError as error:
        return str(error).rstrip(".")
    return found


def autopsy_figure(inputs: Inputs, question: Question, found: Result | str) -> report.Picture | report.Block:
    """Draw the waterfall from the slide's figure to the defensible one."""
    if isinstance(found, str):
        return report.prose(f"There is no autopsy of the slide's figure: {stop(found)}")
    bars = waterfall(found)
    bars = bars[(bars["kind"] == "level") | bars["identified"].astype(bool)]
    fig, ax = report.new_figure(height=1.6 + 0.55 * len(bars))
    for at, bar in enumerate(bars.iloc[::-1].to_dict("records")):
        colour = PALETTE[0] if bar["kind"] == "level" else MUTED
        ax.barh(at, bar["end"] - bar["start"], left=bar["start"], height=0.55, color=colour, alpha=0.7, linewidth=0)
        ends = np.array([bar["conf_low"], bar["conf_high"]]) + (bar["start"] if bar["kind"] == "step" else 0.0)
        ax.plot(ends, [at, at], color=colour, linewidth=1.6)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.set_yticks(range(len(bars)), [begin(str(name)) for name in bars["name"].iloc[::-1]])
    ax.set_xlabel(f"{question.currency} per customer")
    title = _title(bars)
    told = "Money of promoters less that of detractors; steps in the order shown, with their intervals"
    report.finding(ax, title, told)
    spoken = "; ".join(f"{b['name']}, {amount(question, b)}" for b in bars.to_dict("records"))
    caption = (
        f"From the slide to a defensible figure, {question.currency} per customer within {inputs.plan.horizon} "
        f"{question.frequency}s of the answer; lines are {level_words(float(str(found.spec['level'])))} intervals."
    )
    return report.figure(fig, alt=f"{title}. {begin(spoken)}.", caption=caption)


def autopsy_words(inputs: Inputs, question: Question, found: Result | str, *, metric: str = "") -> tuple[str, ...]:
    """Say what the slide claims, what each correction does to it, and what the order of corrections changes."""
    if isinstance(found, str):
        return ("What the slide's figure is made of cannot be told.",)
    bars = waterfall(found)
    label = metric_label(inputs.plan, choose_metric(inputs, metric))
    slide, last = bars.iloc[0], bars.iloc[-1]
    steps = bars[(bars["kind"] == "step") & (bars["correction"] != "rows")]
    made, lacking = steps[steps["identified"].astype(bool)], steps[~steps["identified"].astype(bool)]
    said = [
        f"A slide would set customers who answer at the good end of {label} beside those at its bad end: "
        f"{amount(question, slide)} more per customer. Corrected, what goes with the distance between them is "
        f"{amount(question, last)}; no step is there to make it smaller, and each may go either way."
    ]
    moved = [f"{b['name']} {amount(question, b)}{_order(b)}" for b in made.to_dict("records")]
    if moved:
        said.append(f"By step: {'; '.join(moved)}.")
    if len(lacking):
        whys = [f"{b['name']}: {b['reason']}" for b in lacking.to_dict("records")]
        said.append(f"Not corrected for: {join_words(whys)}. The last figure holds as far as that does not matter.")
    said.append(
        "It goes with the score among customers alike in what is held; it says nothing of what raising scores would "
        "do, "
        "and is found together with it at evidence grade D. The answer above does not rest on it."
    )
    return tuple(said)


def _order(bar: dict) -> str:
    low, high = float(bar["lowest"]), float(bar["highest"])
    if not (np.isfinite(low) and np.isfinite(high)) or low == high:
        return ""
    digits = 0 if max(abs(low), abs(high)) >= 10 else 2
    return f", in other orders {number(low, digits)} to {number(high, digits)}"


def _title(bars: pd.DataFrame) -> str:
    slide, last = float(bars["end"].iloc[0]), bars.iloc[-1]
    if float(last["conf_low"]) <= slide <= float(last["conf_high"]):
        return "The slide's figure lies within the interval of the corrected one"
    side = "above" if slide > float(last["conf_high"]) else "below"
    return f"The slide's figure lies {side} the interval of the corrected one"
