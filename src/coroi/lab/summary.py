"""From replications to what an estimator is worth: bias, spread, coverage, alarms, power, and how often it refuses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coroi.lab.experiments import Estimand
from coroi.lab.replicate import found_of
from coroi.lab.store import Record

Row = dict[str, Any]
_Z = 1.959963984540054


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Notes
    -----
    Reference: Wilson (1927), JASA 22:209-212.
    """
    if n == 0:
        return 0.0, 1.0
    share, unit = hits / n, _Z**2 / n
    middle = (share + unit / 2) / (1 + unit)
    half = _Z * math.sqrt(share * (1 - share) / n + unit / (4 * n)) / (1 + unit)
    return max(0.0, middle - half), min(1.0, middle + half)


def summarise(estimand: Estimand, records: Sequence[Record], truth: Mapping[str, float | None] | None) -> Row:
    """Summarise one estimand over the replications of one scenario.

    Parameters
    ----------
    estimand : Estimand
        What is estimated.
    records : sequence of dict
        One a replication, failed ones included.
    truth : mapping, optional
        ``value`` and Monte Carlo ``error``; nothing where the population has no such value.

    Returns
    -------
    dict
        ``replications`` and of these ``failed`` and ``refused``, with the reasons of either; ``bias``, its Monte Carlo
        error, ``sd``, ``bias_per_sd`` and ``rmse`` of the estimates; ``coverage`` of the interval, Wilson's ends,
        ``mean_width`` of those that have two ends, and ``unbounded``, the share of the others;
        ``excludes_zero`` with Wilson's ends; ``truth`` and ``truth_error``. What cannot be told is ``None``.

    Notes
    -----
    Coverage is a share of all replications that were not refused: a failed one covers nothing. An interval
    excludes zero where it does not hold it, whichever the side. Of a set with a gap, what lies in the gap is not held.
    """
    found = [found_of(record).get(estimand.name) for record in records]
    told = [each for each in found if each is not None and not each.refused]
    value = truth.get("value") if truth else None
    row: Row = {
        "replications": len(records),
        "failed": sum(each is None for each in found),
        "refused": sum(each is not None and bool(each.refused) for each in found),
        "refusals": dict(sorted(Counter(each.refused for each in found if each and each.refused).items())),
        "failures": dict(sorted(Counter(record["failed"] for record in records if "failed" in record).items())),
        "truth": value,
        "truth_error": truth.get("error") if truth else None,
    }
    estimates = np.array([(e.estimate, e.low, e.high, e.gap_low, e.gap_high) for e in told]).reshape(-1, 5)
    tried = row["replications"] - row["refused"]
    return row | _errors(estimates[:, 0], value) | _intervals(estimates, value, tried, estimand.contrast)


def summarise_verdicts(estimand: Estimand, records: Sequence[Record]) -> Row:
    """Count verdicts, and how often verdict or words claim an effect, over the replications of one scenario."""
    found = [found_of(record).get(estimand.name) for record in records]
    told = [each for each in found if each is not None]
    labels = sorted({each.label for each in told})
    causal = sum(bool(each.causal) for each in told)
    low, high = wilson(causal, len(told))
    return {
        "replications": len(records),
        "failed": len(found) - len(told),
        "labels": {label: sum(each.label == label for each in told) for label in labels},
        "causal": causal,
        "causal_low": _round(low),
        "causal_high": _round(high),
    }


def _errors(estimates: np.ndarray, truth: float | None) -> Row:
    names = ("bias", "bias_error", "sd", "bias_per_sd", "rmse")
    if truth is None or estimates.size < 2:
        return dict.fromkeys(names)
    away = estimates - truth
    bias, sd = float(away.mean()), float(away.std(ddof=1))
    values = (bias, sd / math.sqrt(away.size), sd, bias / sd if sd else 0.0, math.sqrt(float((away**2).mean())))
    return {name: _round(value) for name, value in zip(names, values, strict=True)}


def _intervals(found: np.ndarray, truth: float | None, tried: int, contrast: bool) -> Row:
    row: Row = dict.fromkeys(
        ("coverage", "coverage_low", "coverage_high", "mean_width", "excludes_zero", "excludes_low", "excludes_high")
    )
    if not len(found):
        return row
    width = found[:, 2] - found[:, 1]
    bounded = np.isfinite(width)
    if bounded.any():
        row["mean_width"] = _round(float(width[bounded].mean()))
    if not bounded.all():
        row["unbounded"] = _round(float((~bounded).mean()))
    if truth is not None:
        row |= _share("coverage", "coverage", int(_held(found, truth).sum()), tried)
    if contrast:
        row |= _share("excludes_zero", "excludes", int((~_held(found, 0.0)).sum()), tried)
    return row


def _held(found: np.ndarray, value: float) -> np.ndarray:
    """Mark the sets that hold a value; comparing with a gap that is NaN tells nothing."""
    _, low, high, gap_low, gap_high = found.T
    return np.asarray((low <= value) & (value <= high) & ~((gap_low < value) & (value < gap_high)))


def _share(name: str, ends: str, hits: int, n: int) -> Row:
    low, high = wilson(hits, n)
    return {name: _round(hits / n), f"{ends}_low": _round(low), f"{ends}_high": _round(high)}


def _round(value: float) -> float:
    return float(f"{value:.6g}")
