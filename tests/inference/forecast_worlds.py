"""Series whose future is known: about a mean, wandering, with seasons, with a trend."""

from __future__ import annotations

import numpy as np


def draw(world: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n periods of a series with news of standard deviation 1, monthly where it has seasons."""
    news = rng.normal(size=n + 100)
    if world == "wanders":
        return np.cumsum(news)[100:]
    series = np.zeros(n + 100)
    for t in range(1, n + 100):
        series[t] = 0.5 * series[t - 1] + news[t]
    series, time = series[100:], np.arange(n)
    if world == "seasons":
        return series + 3 * np.sin(2 * np.pi * time / 12)
    return series + 0.2 * time if world == "trend" else series
