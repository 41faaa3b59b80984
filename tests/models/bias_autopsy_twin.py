"""The sixteen figures once more: two-stage least squares as equations, and every row's pull added up by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

NAMES = ("sorting", "non_response", "regression_to_mean", "reverse_direction")


def solve(
    told: np.ndarray, design: np.ndarray, target: np.ndarray, weight: np.ndarray, who: list
) -> tuple[np.ndarray, dict]:
    """Solve Z'W (y − X b) = 0 and return b and what each customer moves it by."""
    gram, right = np.zeros((design.shape[1],) * 2), np.zeros(design.shape[1])
    for z, x, y, w in zip(told, design, target, weight, strict=True):
        gram += w * np.outer(z, x)
        right += w * z * y
    inverse = np.linalg.inv(gram)
    coef = inverse @ right
    moved: dict = {}
    for z, x, y, w, name in zip(told, design, target, weight, who, strict=True):
        moved[name] = moved.get(name, 0.0) + inverse @ z * w * float(y - x @ coef)
    return coef, moved


def figure(data: pd.DataFrame, on: tuple[str, ...], high: float = 9.0, low: float = 6.0) -> tuple[float, dict]:
    """Return the figure with some corrections on, and what each customer moves it by."""
    score, money = data["metric"].to_numpy(), data["outcome"].to_numpy()
    weight = data["weight"].to_numpy() if "non_response" in on else np.ones(len(data))
    held = [np.ones(len(data))]
    held += [data["trait"].to_numpy()] if "sorting" in on else []
    held += [data["past"].to_numpy()] if "reverse_direction" in on else []
    bands = [(score >= high).astype(float), ((score > low) & (score < high)).astype(float)]
    design, who = np.column_stack([*bands, *held]), data["entity"].tolist()
    if "regression_to_mean" not in on:
        coef, moved = solve(design, design, money, weight, who)
        return float(coef[0]), {name: float(each[0]) for name, each in moved.items()}
    gap, of_gap = solve(design, design, score, weight, who)
    first, second = np.column_stack([data["earlier"], *held]), np.column_stack([score, *held])
    price, of_price = solve(first, second, money, weight, who)
    moved = {name: float(gap[0] * of_price[name][0] + price[0] * of_gap[name][0]) for name in of_gap}
    return float(gap[0] * price[0]), moved


def sixteen(data: pd.DataFrame) -> dict[frozenset[str], tuple[float, dict]]:
    """Return the figure and its influence for every set of corrections."""
    sets = [on for size in range(5) for on in combinations(NAMES, size)]
    return {frozenset(on): figure(data, on) for on in sets}


def error(moved: dict, g: int) -> float:
    """Return the standard error from what each customer moves."""
    return float(np.sqrt(sum(each**2 for each in moved.values()) * g / (g - 1)))
