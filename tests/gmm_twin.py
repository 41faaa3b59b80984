"""Difference GMM written out: entity by entity, dense matrices, the correction by numerical derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd


class Twin:
    """A fit that shares nothing with the one under test.

    `regressors` holds (column, lag) pairs; `levels` maps a column to the lags of its levels that are instruments.
    Regressors whose column is not in `levels` are instruments themselves.
    """

    def __init__(self, data, *, outcome, regressors, levels, collapse, period_effects, cluster=None):
        columns = list(dict.fromkeys([outcome, *(name for name, _ in regressors)]))
        records = data.to_dict("records")
        self.value = {(n, r["entity"], r["period"]): float(r[n]) for r in records for n in columns if pd.notna(r[n])}
        self.regressors, self.levels = regressors, levels
        self.collapse, self.period_effects = collapse, period_effects
        self.equations = {}
        for who in sorted({r["entity"] for r in records}):
            wanted = [(outcome, 0), *regressors]
            times = sorted(r["period"] for r in records if r["entity"] == who)
            found = [t for t in times if all(self.change(n, lag, who, t) is not None for n, lag in wanted)]
            if found:
                self.equations[who] = found
        group = {r["entity"]: r[cluster or "entity"] for r in records}
        self.group = {who: group[who] for who in self.equations}
        self.dated = sorted({t for found in self.equations.values() for t in found})
        every = [(who, t) for who, found in self.equations.items() for t in found]
        labels = sorted({key for who, t in every for key in self.earlier(who, t)}, key=str)
        self.X, self.y, self.Z, self.H = {}, {}, {}, {}
        for who, found in self.equations.items():
            changes = [[self.change(n, lag, who, t) for n, lag in regressors] for t in found]
            self.y[who] = np.array([self.change(outcome, 0, who, t) for t in found])
            self.X[who] = np.array([self.effects(t) + own for t, own in zip(found, changes, strict=True)])
            self.Z[who] = np.array([self.instruments(who, t, labels) for t in found])
            self.H[who] = np.array([[{0: 2.0, 1: -1.0}.get(abs(s - t), 0.0) for s in found] for t in found])
        self.excluded, self.n_effects = len(labels), len(self.dated) if period_effects else 0

    def change(self, name, lag, who, t):
        now, before = self.value.get((name, who, t - lag)), self.value.get((name, who, t - lag - 1))
        return None if now is None or before is None else now - before

    def effects(self, t):
        return [float(t == s) for s in self.dated] if self.period_effects else []

    def earlier(self, who, t):
        found = {}
        for name, lags in self.levels.items():
            for lag in lags:
                value = self.value.get((name, who, t - lag))
                if value is not None:
                    found[(name, lag) if self.collapse else (name, lag, t)] = value
        return found

    def instruments(self, who, t, labels):
        found = self.earlier(who, t)
        own = [self.change(n, lag, who, t) for n, lag in self.regressors if n not in self.levels]
        return [found.get(key, 0.0) for key in labels] + own + self.effects(t)

    def total(self, part):
        return sum(part(who) for who in self.equations)

    def solve(self, weight):
        zx = self.total(lambda w: self.Z[w].T @ self.X[w])
        zy = self.total(lambda w: self.Z[w].T @ self.y[w])
        bread = np.linalg.inv(zx.T @ weight @ zx)
        return bread @ zx.T @ weight @ zy, bread, zx

    def meat(self, beta):
        sums = {}
        for who in self.equations:
            score = self.Z[who].T @ (self.y[who] - self.X[who] @ beta)
            sums[self.group[who]] = sums.get(self.group[who], 0) + score
        return sum(np.outer(s, s) for s in sums.values())

    def one_step(self):
        """Return the estimate, its robust covariance, the weight and the bread."""
        weight = pinv(self.total(lambda w: self.Z[w].T @ self.H[w] @ self.Z[w]))
        beta, bread, zx = self.solve(weight)
        half = bread @ zx.T @ weight
        return beta, half @ self.meat(beta) @ half.T, weight, bread

    def two_step(self):
        """Return the estimate, its covariance with the correction, the weight and the bread, which is the plain one."""
        first, of_first, _, _ = self.one_step()
        weight = pinv(self.meat(first))
        beta, bread, _ = self.solve(weight)
        columns = []
        for j in range(len(first)):
            step = np.zeros(len(first))
            step[j] = 1e-3
            near, far = (
                self.solve(pinv(self.meat(first + s * step)))[0] - self.solve(pinv(self.meat(first - s * step)))[0]
                for s in (1, 2)
            )
            columns.append((8 * near - far) / (12 * step[j]))
        moved = np.array(columns).T
        covariance = bread + moved @ bread + bread @ moved.T + moved @ of_first @ moved.T
        return beta, covariance, weight, bread

    @property
    def factor(self):
        groups = len(set(self.group.values()))
        return groups / (groups - 1)

    def hansen(self):
        beta, _, weight, _ = self.two_step()
        left = self.total(lambda w: self.Z[w].T @ (self.y[w] - self.X[w] @ beta))
        return float(left @ weight @ left)

    def sargan(self):
        beta, _, weight, _ = self.one_step()
        left = self.total(lambda w: self.Z[w].T @ (self.y[w] - self.X[w] @ beta))
        squares = self.total(lambda w: ((self.y[w] - self.X[w] @ beta) ** 2).sum())
        n = self.total(lambda w: len(self.y[w]))
        return float(left @ weight @ left / (squares / 2 / (n - len(beta))))

    def correlation(self, order, beta, covariance, weight, bread):
        """Return m of an order as in Arellano and Bond's equation 8, every sum written out; groups are entities."""
        zx = self.total(lambda w: self.Z[w].T @ self.X[w])
        top, squares, cross, slope = 0.0, 0.0, 0.0, 0.0
        for who, found in self.equations.items():
            residual = self.y[who] - self.X[who] @ beta
            at = dict(zip(found, residual, strict=True))
            earlier = np.array([at.get(t - order, 0.0) for t in found])
            own = earlier @ residual
            top, squares = top + own, squares + own**2
            cross = cross + self.Z[who].T @ residual * own
            slope = slope + earlier @ self.X[who]
        variance = squares - 2 * slope @ bread @ zx.T @ weight @ cross + slope @ covariance @ slope
        return float(top / np.sqrt(variance))

    def first_stage(self, j):
        """Return the Wald statistic over its degrees of freedom of the levels on one column of the design."""
        who = list(self.equations)
        x = np.concatenate([self.X[w][:, self.n_effects + j] for w in who])
        z = np.concatenate([self.Z[w] for w in who])
        group = np.concatenate([np.repeat(i, len(self.y[w])) for i, w in enumerate(who)])
        levels, rest = z[:, : self.excluded], z[:, self.excluded :]
        own = levels - (rest @ np.linalg.pinv(rest) @ levels if rest.shape[1] else 0)
        slope = np.linalg.pinv(own) @ x
        residual = x - z @ np.linalg.pinv(z) @ x
        scores = np.array([own[group == g].T @ residual[group == g] for g in range(len(who))])
        bread = np.linalg.inv(own.T @ own)
        spread = bread @ scores.T @ scores @ bread * len(who) / (len(who) - 1)
        return float(slope @ np.linalg.inv(spread) @ slope / len(slope)), len(slope)


def pinv(matrix):
    return np.linalg.pinv(matrix, rcond=1e-12, hermitian=True)
