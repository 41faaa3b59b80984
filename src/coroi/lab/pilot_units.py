"""Units as a staged pilot sees them: each with its customers' outcomes by step, in several versions of the chances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from coroi.lab.pilot_people import NONE, People
from coroi.lab.pilot_rows import Rows, centred, score_shift

_VERSIONS_AIM = 2_000  # rows that the versions of the units make up together


def share_units(
    rng: np.random.Generator, people: People, lengths: Sequence[int], effects: np.ndarray, *, good: bool
) -> Rows:
    """Return units whose outcome is a share of their customers; see :func:`coroi.lab.pilot_rows.share_rows`.

    Notes
    -----
    Which customers an effect wins over is a matter of chance; each unit stands in several versions of it. Within all
    versions together, thresholds are spread evenly, so that the effect is what it is said to be.
    """
    inside = people.unit != NONE
    unit, event, steps = people.unit[inside], people.event[inside], len(lengths)
    versions = max(2, _VERSIONS_AIM // people.n_units)
    size = np.bincount(unit, minlength=people.n_units).astype(float)
    swayed = np.flatnonzero((event == NONE) if good else (event != NONE))
    share_lost = len(swayed) / len(event)
    row = np.tile(unit[swayed], versions) + np.repeat(np.arange(versions) * people.n_units, len(swayed))
    threshold = rng.permutation((np.arange(len(row)) + 0.5) / max(len(row), 1))
    if good:
        bought = np.bincount(event[event != NONE], minlength=steps).astype(float)
        chance = bought if bought.any() else np.asarray(lengths, float)
        step = rng.choice(steps, size=len(row), p=chance / chance.sum())
    else:
        step = np.tile(event[swayed], versions)
    outcome = np.zeros((len(effects), versions * people.n_units, steps))
    if good:
        already = np.zeros((people.n_units, steps))
        np.add.at(already, (unit[event != NONE], event[event != NONE]), 1.0)
        outcome += np.tile(already, (versions, 1))
    for e, effect in enumerate(effects):
        won = threshold < (effect / share_lost if share_lost else 0.0)
        moved = won.astype(float) if good else won - 1.0
        np.add.at(outcome[e], (row, step), moved)
    return _rows(outcome, np.tile(np.repeat(size[:, None], steps, axis=1), (versions, 1)))


def score_units(
    rng: np.random.Generator, people: People, effects: np.ndarray, *, top: float, response_rate: float | None
) -> Rows:
    """Return units whose outcome is the mean score of their customers who answer.

    Notes
    -----
    A response rate below the data's drops answering customers by lot, one above it repeats them by lot; each unit
    then stands in several versions.
    """
    assert people.score is not None
    inside = people.unit != NONE
    unit, score = people.unit[inside], people.score[inside]
    answered = ~np.isnan(score)
    shift = score_shift(score[answered], effects, top)
    base = np.where(answered, score, 0.0)
    moved = np.where(answered, np.minimum(base + shift[:, None, None], top), 0.0)
    factor = 1.0 if response_rate is None else response_rate / answered.any(axis=1).mean()
    versions = 1 if factor == 1 else max(2, _VERSIONS_AIM // people.n_units)
    outcome = np.zeros((len(effects), versions * people.n_units, score.shape[1]))
    counted = np.zeros((versions * people.n_units, score.shape[1]))
    for version in range(versions):
        times = _times(rng, len(unit), factor)[:, None]
        row = unit + version * people.n_units
        np.add.at(counted, row, times * answered)
        for e in range(len(effects)):
            np.add.at(outcome[e], row, times * moved[e])
    return _rows(outcome, counted, _unit_mean(people, people.earlier_score, versions))


def money_units(people: People, lengths: Sequence[int], effects: np.ndarray) -> Rows:
    """Return units whose outcome is money per customer, to which an effect adds evenly over time."""
    assert people.money is not None
    inside = people.unit != NONE
    unit, money = people.unit[inside], people.money[inside]
    size = np.bincount(unit, minlength=people.n_units).astype(float)
    total = np.zeros((people.n_units, money.shape[1]))
    np.add.at(total, unit, money)
    added = np.outer(effects, np.asarray(lengths) / sum(lengths))
    outcome = total + added[:, None, :] * size[:, None]
    counted = np.repeat(size[:, None], money.shape[1], axis=1)
    return _rows(outcome, counted, _unit_mean(people, people.earlier_money, 1))


def as_rows(units: Rows) -> Rows:
    """Return units with weights of mean 1, so that the error is that of independent units."""
    scale = units.counted.mean()
    return replace(units, outcome=units.outcome / scale, counted=units.counted / scale)


def _rows(outcome: np.ndarray, counted: np.ndarray, earlier: np.ndarray | None = None) -> Rows:
    n = len(counted)
    return Rows(share=np.full(n, 1 / n), outcome=outcome, counted=counted, earlier=centred(earlier))


def _times(rng: np.random.Generator, n: int, factor: float) -> np.ndarray:
    if factor == 1:
        return np.ones(n)
    return (rng.random(n) < factor).astype(float) if factor < 1 else 1.0 + rng.poisson(factor - 1, size=n)


def _unit_mean(people: People, earlier: np.ndarray | None, versions: int) -> np.ndarray | None:
    """Return the mean by unit of what is known of its customers from before."""
    if earlier is None:
        return None
    known = (people.unit != NONE) & ~np.isnan(earlier)
    n = np.bincount(people.unit[known], minlength=people.n_units)
    total = np.bincount(people.unit[known], weights=earlier[known], minlength=people.n_units)
    with np.errstate(invalid="ignore"):
        return np.tile(np.where(n > 0, total / np.maximum(n, 1), np.nan), versions)
