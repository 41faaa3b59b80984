"""Starts dealt to units anew: how often chance alone would bring so large an effect, where units are few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coroi.results import Check
from coroi.studies.programme.parts import refit
from coroi.studies.programme.question import Question, frame_of

FEW_UNITS = 40
DEALS = 39
SEED = 19350101
_NAME = "dealt_again"


def check_dealt(question: Question, name: str, *, level: float, deals: int = DEALS) -> Check | None:
    """Deal the starts anew among units, and see how often the effect comes out as far from zero.

    Parameters
    ----------
    question : Question
        As declared.
    name : str
        Name of the outcome.
    level : float
        Level of the interval that it is held against.
    deals : int
        How often starts are dealt.

    Returns
    -------
    Check or None
        Passed where the share of deals agrees with the interval on whether zero can be left out; none where there are
        40 units or more.

    Notes
    -----
    The statistic is the average effect over its error. Exact if starts were dealt to units by lot and the programme
    did nothing; a check of small-sample errors otherwise. Reference: Imbens and Rubin (2015), Causal Inference,
    chapter 5.
    """
    if len(question.starts) >= FEW_UNITS:
        return None
    tested = "whether chance alone, in the way of starts dealt to units anew, agrees with the interval"
    row = refit(question, frame_of(question, name), level)
    if not row["identified"]:
        return Check(name=_NAME, tested=tested, passed=None, sentence=f"Not run: {row['reason']}.")
    seen = abs(float(row["estimate"]) / float(row["std_error"]))
    rng, as_large, told = np.random.default_rng(SEED), 0, 0
    dealt = ["first_treated", "practice", "ended", "dose", "sponsored", "until"]
    for _ in range(deals):
        order = rng.permutation(len(question.starts))
        starts = question.starts.assign(**{c: question.starts[c].to_numpy()[order] for c in dealt})
        changed = replace(question, starts=starts)
        other = refit(changed, frame_of(changed, name), level)
        if other["identified"]:
            told += 1
            as_large += abs(float(other["estimate"]) / float(other["std_error"])) >= seen
    share = (1 + as_large) / (1 + told)
    clear = not row["conf_low"] <= 0 <= row["conf_high"]
    agrees = bool(clear == (share <= 1 - level))
    said = (
        f"Were starts dealt to the {len(question.starts)} units anew, an effect as far from zero would come up in "
        f"{100 * share:.1f} % of {told} deals, which {'agrees' if agrees else 'does not agree'} with an interval that "
        f"{'leaves zero out' if clear else 'holds zero'}."
    )
    return Check(name=_NAME, tested=tested, passed=agrees, sentence=said)
