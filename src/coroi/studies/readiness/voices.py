"""What everybody would have said: answers as they came, weighted for who answers, and whatever the silent think."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.totals import Totals, totals_of
from coroi.metrics.nps import DETRACTOR, PROMOTER, asks_to_recommend
from coroi.metrics.silent import score_silent, silent_parts
from coroi.models.response import fit_response
from coroi.results import Check, Result
from coroi.sources import Metric
from coroi.studies.inputs import Inputs, metric_label
from coroi.studies.readiness.occasions import Occasions, find_occasions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voice:
    """One metric: what was answered, what everybody's mean is if answers are missing at random, and its bounds.

    Parameters
    ----------
    metric, label : str
        Name, and name on the page.
    outcome : str
        ``nps`` or ``mean``.
    scale : (float, float)
        Ends of the outcome.
    threshold : float
        Where the conclusion turns: 0 for a net promoter score, else the middle of the scale.
    response, silent : Result
        From :func:`coroi.models.response.fit_response` and :func:`coroi.metrics.silent.score_silent`.
    n_occasions, n_answered : int
        Occasions, and those answered.
    waves : tuple of str
        First days of the waves; empty for one date.
    periods : int
        Periods of a wave.
    """

    metric: str
    label: str
    outcome: str
    scale: tuple[float, float]
    threshold: float
    response: Result
    silent: Result
    n_occasions: int
    n_answered: int
    waves: tuple[str, ...]
    periods: int

    def found(self, term: str) -> pd.Series:
        """Return the estimate of a term of either result."""
        rows = pd.concat([self.response.estimates, self.silent.estimates])
        return rows[rows["term"] == term].iloc[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voices:
    """The metrics that have occasions, and all checks of their weights.

    Parameters
    ----------
    voices : tuple of Voice
        One a metric.
    checks : tuple of Check
        Overlap and balance, by metric.
    """

    voices: tuple[Voice, ...]
    checks: tuple[Check, ...]


def hear(inputs: Inputs, *, level: float = 0.95) -> Voices:
    """Ask of every metric what everybody would have said.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    level : float
        Level of the intervals.

    Returns
    -------
    Voices
        Of the metrics with occasions, where neither who answered nor who did not are too few to be shown.
    """
    found = []
    for metric in inputs.plan.metrics:
        occasions = find_occasions(inputs, metric)
        if occasions is not None and _enough(occasions, inputs.plan.privacy.smallest_cell):
            found.append(_voice(inputs, metric, occasions, level))
    checks = tuple(
        replace(c, name=f"{v.metric}_{c.name}", tested=f"{v.label}: {c.tested}")
        for v in found
        for c in v.response.checks
    )
    return Voices(voices=tuple(found), checks=checks)


def _enough(occasions: Occasions, smallest: int) -> bool:
    """Whether the customers who answered, and those who did not, are none or enough to be shown."""
    sides = occasions.frame.groupby("answered")["customer"].nunique()
    return len(sides) > 0 and bool((sides >= smallest).all())


def with_voices(result: Result, voices: Voices) -> Result:
    """Add what was heard to a result, so that it is kept with it."""
    return replace(
        result, tables=dict(result.tables) | {"voices": table_of(voices)}, checks=(*result.checks, *voices.checks)
    )


def table_of(voices: Voices) -> pd.DataFrame:
    """Return every number that was heard: metric, outcome, term, estimate, interval, reason."""
    columns = ["term", "estimate", "std_error", "conf_low", "conf_high", "identified", "reason"]
    parts = [
        pd.concat([v.response.estimates[columns], v.silent.estimates[columns]]).assign(
            metric=v.metric, outcome=v.outcome
        )
        for v in voices.voices
    ]
    kept = ["metric", "outcome", *columns]
    return pd.concat(parts, ignore_index=True)[kept] if parts else pd.DataFrame(columns=kept)


def _voice(inputs: Inputs, name: str, occasions: Occasions, level: float) -> Voice:
    metric = inputs.plan.metrics[name]
    outcome, scale, threshold = _outcome(metric)
    frame = occasions.frame.assign(value=_valued(occasions.frame["score"], outcome))
    response = fit_response(frame, terms=occasions.terms, outcomes=["value"], level=level)
    silent = score_silent(_totals(frame), scale=scale, threshold=threshold, level=level)
    return Voice(
        metric=name,
        label=metric_label(inputs.plan, name),
        outcome=outcome,
        scale=scale,
        threshold=threshold,
        response=response,
        silent=silent,
        n_occasions=len(frame),
        n_answered=int(frame["answered"].sum()),
        waves=occasions.waves,
        periods=occasions.periods,
    )


def _outcome(metric: Metric) -> tuple[str, tuple[float, float], float]:
    if asks_to_recommend(metric):
        return "nps", (-100.0, 100.0), 0.0
    return "mean", metric.scale, sum(metric.scale) / 2


def _valued(score: pd.Series, outcome: str) -> pd.Series:
    if outcome != "nps":
        return score
    return (100.0 * ((score >= PROMOTER).astype(float) - (score <= DETRACTOR))).where(score.notna())


def _totals(frame: pd.DataFrame) -> Totals:
    code, people = pd.factorize(frame["customer"])
    answered = frame["answered"].to_numpy(float)
    columns = (np.ones(len(frame)), answered, np.where(answered == 1, frame["value"], 0.0))
    by_customer = np.column_stack([np.bincount(code, c, minlength=len(people)) for c in columns])
    return totals_of([""], list(silent_parts()), by_customer[:, None, :], np.bincount(code)[:, None])
