"""Bands of a metric's scale: where one ends, and what it is called."""

from __future__ import annotations

import math
from itertools import pairwise

from coroi.sources import Metric

_USUAL: dict[tuple[float, float], tuple[float, ...]] = {
    (0, 10): (6, 8),
    (1, 10): (6, 8),
    (1, 5): (2, 3, 4),
    (1, 7): (4, 5, 6),
}


def default_bands(metric: Metric) -> tuple[float, ...]:
    """Return the upper edges, inclusive, of all bands but the last.

    Parameters
    ----------
    metric : Metric
        Its own ``bands`` hold where it has any.

    Returns
    -------
    tuple of float
        On the metric's scale, rising. Scales of 0–10 and 1–10 are cut as the net promoter score is, those of 1–5
        and 1–7 into the answers from the middle up; any other into thirds, at whole answers where both ends of
        the scale are whole.
    """
    if metric.bands:
        return metric.bands
    low, high = metric.scale
    if metric.scale in _USUAL:
        return _USUAL[metric.scale]
    thirds = (low + (high - low) / 3, low + 2 * (high - low) / 3)
    if _whole(metric.scale):
        return tuple(sorted({float(math.floor(edge)) for edge in thirds}))
    digits = 2 - math.floor(math.log10(high - low))
    return tuple(round(edge, digits) for edge in thirds)


def band_labels(metric: Metric) -> tuple[str, ...]:
    """Name the bands of :func:`default_bands` by the answers in them.

    Returns
    -------
    tuple of str
        "0–6", "7–8", "9–10" where ends and edges are whole numbers; "0–0.5", ">0.5–2.5" where they are not.
    """
    low, high = metric.scale
    edges = default_bands(metric)
    dash = " to " if low < 0 else "–"
    if _whole((low, high, *edges)):
        starts = (low, *(edge + 1 for edge in edges))
        return tuple(_range(a, b, dash) for a, b in zip(starts, (*edges, high), strict=True))
    (first, *rest) = pairwise((low, *edges, high))
    return (_range(*first, dash), *(f">{_range(a, b, dash)}" for a, b in rest))


def _whole(values: tuple[float, ...]) -> bool:
    return all(float(v).is_integer() for v in values)


def _range(a: float, b: float, dash: str) -> str:
    return f"{a:.10g}" if a == b else f"{a:.10g}{dash}{b:.10g}"


def step_size(metric: Metric) -> float:
    """Return one point on a short scale, and a tenth of a longer one."""
    width = metric.scale[1] - metric.scale[0]
    return 1.0 if 1 <= width <= 10 else width / 10
