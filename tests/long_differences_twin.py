"""Long differences on what is new, row by row: dummies of periods, and errors from all moments and their slopes."""

from __future__ import annotations

import numpy as np
import pandas as pd


def tables(
    data: pd.DataFrame,
    *,
    horizons: int,
    lags: int,
    settle: int,
    since: int,
    outcome: str = "outcome",
    past: tuple[str, ...] = ("metric", "outcome"),
    gone: str | None = None,
) -> list[tuple[list, list, np.ndarray]]:
    """Return who, when and columns of the first step, then of each regression: who stays, and who has left."""
    cell = {(r["entity"], r["period"]): r for r in data.to_dict("records")}

    def value(who, when, name):
        return float(cell[who, when][name]) if (who, when) in cell else np.nan

    def line(who, when, names_and_lags):
        return [value(who, when - by, name) for by, name in names_and_lags]

    held = [(k, name) for k in range(1, lags + 1) for name in past]
    before = [(k + 1, name) for k, name in held]

    def known(who, when):
        return np.array(line(who, when, [(0, past[0]), *held]))

    first, rest = [], [[] for _ in range((horizons + 1) * (1 if gone is None else 2))]
    for who, when in sorted(cell):
        step = value(who, when, past[0]) - value(who, when - 1, past[0])
        changes = np.array(line(who, when, held)) - np.array(line(who, when, before))
        first.append((who, when, [step, *changes, *line(who, when, before)]))
        if when < since:
            continue
        far = [known(who, u) for u in range(when - settle - 200, when - settle + 1) if (who, u) in cell]
        far = [row for row in far if np.isfinite(row).all()]
        for h in range(horizons + 1):
            later = value(who, when + h, outcome) - value(who, when - 1, outcome)
            out = 0.0 if gone is None else value(who, when + h, gone)
            rest[h * (1 if gone is None else 2)].append((who, when, [*known(who, when), step, later * (1 - out)]))
            if gone is not None:
                mean = np.mean(far, axis=0) if far else np.nan
                rest[2 * h + 1].append((who, when, [*(known(who, when) - mean), step, later * out]))
    whole = [[row for row in rows if np.isfinite(row[2]).all()] for rows in (first, *rest)]
    return [([r[0] for r in rows], [r[1] for r in rows], swept([r[1] for r in rows], rows)) for rows in whole]


def swept(when: list, rows: list) -> np.ndarray:
    """Return columns without the periods' dummies."""
    columns = np.array([row[2] for row in rows])
    dummies = (np.array(when)[:, None] == np.unique(when)).astype(float)
    return columns - dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]


def slow_long_differences(data: pd.DataFrame, **asked) -> tuple[np.ndarray, np.ndarray]:
    """Return the path and its covariance, clustered by entity with G / (G - 1)."""
    found = tables(data, **asked)
    p = (found[0][2].shape[1] - 1) // 2
    people = sorted({who for rows in found for who in rows[0]})
    n_regressions, several = len(found) - 1, 1 if asked.get("gone") is None else 2

    def moments(theta):
        """One row an entity: the first step's moments, then each regression's."""
        foretold, slopes = theta[:p], theta[p:]
        total = {who: np.zeros(len(theta)) for who in people}
        for who, row in zip(found[0][0], found[0][2], strict=True):
            total[who][:p] += row[1 + p :] * (row[0] - row[1 : 1 + p] @ foretold)
        for j in range(n_regressions):
            for who, row in zip(found[1 + j][0], found[1 + j][2], strict=True):
                total[who][p + j] += (row[0] - row[1 : 1 + p] @ foretold) * (row[p + 2] - slopes[j] * row[p + 1])
        return np.array([total[who] for who in people])

    columns = found[0][2]
    foretold = np.linalg.solve(columns[:, 1 + p :].T @ columns[:, 1 : 1 + p], columns[:, 1 + p :].T @ columns[:, 0])
    new = [rows @ np.array([1.0, *-foretold, 0, 0]) for _, _, rows in found[1:]]
    slopes = [z @ rows[:, p + 2] / (z @ rows[:, p + 1]) for z, (_, _, rows) in zip(new, found[1:], strict=True)]
    theta = np.array([*foretold, *slopes])
    # moments are of second degree, for which central differences of any width are exact
    jacobian = np.array(
        [(moments(theta + e).sum(axis=0) - moments(theta - e).sum(axis=0)) / 2 for e in np.eye(len(theta))]
    ).T
    moved = -np.linalg.solve(jacobian, moments(theta).T).T
    path = np.zeros((n_regressions // several, len(theta)))
    for j in range(n_regressions):
        path[j // several, p + j] = 1.0
    g = len(people)
    return path @ theta, path @ (moved.T @ moved) @ path.T * g / (g - 1)
