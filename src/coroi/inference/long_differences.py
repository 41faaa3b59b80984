"""Long differences on what is new in a column, from blocks of whole entities: sums first, then each entity's influence.

What is new is the column less what its own past and that of others foretell, coefficients by instruments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from coroi.inference.binary import aliased
from coroi.inference.grids import complete, far_mean, laid_out, moved_on
from coroi.inference.parallel import in_order
from coroi.inference.period_sums import PeriodSums, left_of, sums_of_rows
from coroi.schemas import EntityBlock, EntityBlocks

NO_ROW = "no row has its later outcome and the past that is held"
NO_FAR = "entities leave, and no row has a past from which effects have settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where columns stand in a block, and how far back and ahead is looked.

    Parameters
    ----------
    outcome, metric : int
        Columns.
    past : tuple of int
        Columns whose last values foretell the metric, the metric first.
    gone : int or None
        Column that is 1 once an entity has left, else 0.
    since : int
        First period, counted from the panel's, whose changes count; those before are past alone.
    lags : int
        Periods of the past that foretell the metric, 1 or more.
    settle : int
        Periods after which effects on leaving have settled; the entity's level is taken before them.
    horizons : int
        Last horizon.
    """

    outcome: int
    metric: int
    past: tuple[int, ...]
    gone: int | None
    since: int
    lags: int
    settle: int
    horizons: int

    @property
    def n_past(self) -> int:
        """Columns that foretell."""
        return len(self.past) * self.lags

    @property
    def n_parts(self) -> int:
        """Regressions a horizon: of who stays, and of who leaves where any may."""
        return 1 if self.gone is None else 2


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What two readings tell.

    Parameters
    ----------
    estimate : ndarray, shape (H,)
        NaN where there is none.
    reasons : tuple of str
        Why there is none; empty where there is one.
    by_entity : ndarray, shape (n_entities, H)
        Influence of each entity.
    there : ndarray of bool, shape (n_entities, H)
        Entities with a row.
    rows : ndarray of int, shape (H,)
        Rows by horizon.
    foretold : ndarray, shape (p,)
        Coefficients of the past, lag by lag; 0 for what tells nothing of its own.
    strength : float
        F of the instrument at the first horizon, errors by entity.
    """

    estimate: np.ndarray
    reasons: tuple[str, ...]
    by_entity: np.ndarray
    there: np.ndarray
    rows: np.ndarray
    foretold: np.ndarray
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One regression: its slope, the instrument's power, and how the slope turns with the first step."""

    slope: float
    power: float
    turned: np.ndarray
    reason: str = ""
    idle: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """First step: coefficients, the columns kept, and the inverse; then one step a regression."""

    foretold: np.ndarray
    kept: np.ndarray
    inverse: np.ndarray
    steps: tuple[_Step, ...]


def stream_long_differences(panel: EntityBlocks, layout: Layout) -> News:
    """Fit all horizons to a panel that is read in blocks.

    Parameters
    ----------
    panel : EntityBlocks
        Read twice; NaN where a value is missing.
    layout : Layout

    Returns
    -------
    News

    Raises
    ------
    DataError
        If an entity has a period twice.

    Notes
    -----
    A block is laid out by entity and period, so that no lag crosses an entity or a gap. Held are sums by period and a
    few numbers an entity. The influence has that of the first step in it.
    """
    blocks = panel.blocks()
    begin = next(blocks)
    centre = np.array([c[np.isfinite(c)].mean() if np.isfinite(c).any() else 0.0 for c in begin.columns])
    if layout.gone is not None:
        centre[layout.gone] = 0.0

    def columns(block: EntityBlock) -> Iterator[np.ndarray]:
        return samples(laid_out(block, panel.n_periods) - centre[:, None, None], layout)

    parts: tuple[PeriodSums, ...] | None = None
    for found in in_order(lambda block: tuple(sums_of_rows(c) for c in columns(block)), chain([begin], blocks)):
        parts = found if parts is None else tuple(a.plus(b) for a, b in zip(parts, found, strict=True))
    assert parts is not None
    solved = _solve(parts, layout)
    sums = parts
    told = list(in_order(lambda block: _influence(columns(block), sums, solved, layout), panel.blocks()))
    moved, there, drawn = (np.concatenate([each[i] for each in told]) for i in range(3))
    pairs = [solved.steps[h : h + layout.n_parts] for h in range(0, len(solved.steps), layout.n_parts)]
    reasons = tuple(_why(pair) for pair in pairs)
    estimate = [sum(step.slope for step in pair) for pair in pairs]
    power = solved.steps[0].power
    return News(
        estimate=np.where([bool(why) for why in reasons], np.nan, estimate),
        reasons=reasons,
        by_entity=moved,
        there=there,
        rows=np.array([part.rows.sum() for part in parts[1 :: layout.n_parts]], dtype=np.int64),
        foretold=solved.foretold,
        strength=power**2 / float(drawn @ drawn) if drawn.any() else 0.0,
    )


def samples(grid: np.ndarray, layout: Layout) -> Iterator[np.ndarray]:
    """Yield the columns of the first step, then those of each regression; NaN in a row that lacks one.

    Parameters
    ----------
    grid : ndarray, shape (k, g, T)
        From :func:`coroi.inference.grids.laid_out`.
    layout : Layout

    Yields
    ------
    ndarray, shape (c, g, T)
        First step: the metric's change, the changes before it, and the levels before those. Then by horizon: the metric
        and what foretells it, the metric's change, the outcome's long difference, and whether the entity has left by
        then; that of who has in a regression of its own, in which the first are less their means in the far past.
    """
    metric, past = grid[layout.metric], grid[list(layout.past)]
    changes = past - moved_on(past, 1)
    change = metric - moved_on(metric, 1)
    lagged = [moved_on(past, by) for by in range(1, layout.lags + 1)]
    foretelling = [moved_on(changes, by) for by in range(1, layout.lags + 1)]
    instruments = [moved_on(past, by) for by in range(2, layout.lags + 2)]
    yield complete(np.concatenate([change[None], *foretelling, *instruments]))
    known = complete(np.concatenate([metric[None], *lagged]))
    fresh = known - far_mean(known, layout.settle) if layout.gone is not None else known
    outcome = grid[layout.outcome]
    base = moved_on(outcome, 1)
    change = np.where(np.arange(grid.shape[-1]) >= layout.since, change, np.nan)
    for h in range(layout.horizons + 1):
        later = moved_on(outcome, -h) - base
        left = np.zeros_like(later) if layout.gone is None else moved_on(grid[layout.gone], -h)
        yield complete(np.concatenate([known, change[None], (later * (1 - left))[None], left[None]]))
        if layout.gone is not None:
            yield complete(np.concatenate([fresh, change[None], (later * left)[None]]))


def _solve(parts: Sequence[PeriodSums], layout: Layout) -> _Solved:
    p = layout.n_past
    cross = parts[0].within()
    explained, instruments = slice(1, 1 + p), slice(1 + p, 1 + 2 * p)
    kept = np.flatnonzero(~aliased(cross[explained, explained]) & ~aliased(cross[instruments, instruments]))
    square = cross[instruments, explained][np.ix_(kept, kept)]
    if np.linalg.matrix_rank(square) < len(kept):
        kept, square = kept[:0], square[:0, :0]
    inverse = np.linalg.inv(square)
    foretold = np.zeros(p)
    foretold[kept] = inverse @ cross[instruments, 0][kept]
    steps = []
    for h in range(layout.horizons + 1):
        stay, *leave = parts[1 + h * layout.n_parts : 1 + (h + 1) * layout.n_parts]
        steps.append(_step(stay, foretold, kept, NO_ROW))
        for part in leave:
            anybody = bool(stay.total[p + 3].any())
            steps.append(_step(part, foretold, kept, NO_FAR) if anybody else replace(steps[-1], slope=0.0, idle=True))
    return _Solved(foretold, kept, inverse, tuple(steps))


def _step(part: PeriodSums, foretold: np.ndarray, kept: np.ndarray, without: str) -> _Step:
    p, n, both = len(foretold), part.rows.sum(), part.within()
    still, nothing = both.diagonal() == 0, np.zeros(len(kept))
    if not n:
        return _Step(0.0, 1.0, nothing, without)
    if still[p + 1] or still[0]:
        return _Step(0.0, 1.0, nothing, "the metric never varies beyond what moves everybody in a period")
    if 0 not in kept:
        return _Step(0.0, 1.0, nothing, "the metric's own past does not tell how it carries over")
    if n <= (part.rows > 0).sum() + p + 1:
        return _Step(0.0, 1.0, nothing, "there are no more rows than parameters")
    weight = np.append(1.0, -foretold)
    power = float(weight @ both[: p + 1, p + 1])
    if still[p + 2]:
        return _Step(0.0, power, nothing, idle=True)
    slope = float(weight @ both[: p + 1, p + 2]) / power
    turned = -(both[1 : p + 1, p + 2] - slope * both[1 : p + 1, p + 1]) / power
    return _Step(slope, power, turned[kept])


def _why(pair: Sequence[_Step]) -> str:
    """Say why a horizon has no response; a part in which nothing moves adds nothing."""
    reason = next((step.reason for step in pair if step.reason), "")
    if not reason and all(step.idle for step in pair):
        return "the outcome never varies beyond what moves everybody in a period"
    return reason


def _influence(
    columns: Iterator[np.ndarray], parts: Sequence[PeriodSums], solved: _Solved, layout: Layout
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a block's influence by entity and horizon, who has a row, and what each adds to the instrument's power."""
    p, kept = layout.n_past, solved.kept
    first = left_of(next(columns), parts[0])
    residual = first[0] - np.einsum("a,agt->gt", solved.foretold, first[1 : 1 + p])
    moves = np.einsum("agt,gt->ga", first[1 + p :][kept], residual) @ solved.inverse.T
    weight = np.append(1.0, -solved.foretold)
    n, horizons = len(moves), layout.horizons + 1
    moved, there, drawn = np.zeros((n, horizons)), np.zeros((n, horizons), dtype=bool), np.zeros(n)
    for at, (found, part, step) in enumerate(zip(columns, parts[1:], solved.steps, strict=True)):
        h = at // layout.n_parts
        if at % layout.n_parts == 0:
            there[:, h] = np.isfinite(found[0]).any(axis=1)
        if step.reason:
            continue
        left = left_of(found, part)
        new = np.einsum("a,agt->gt", weight, left[: p + 1])
        if not step.idle:
            own = (new * (left[p + 2] - step.slope * left[p + 1])).sum(axis=1)
            moved[:, h] += own / step.power + moves @ step.turned
        if at == 0:
            whole = part.within()[: p + 2, : p + 2]
            pull = (weight @ whole[: p + 1, p + 1]) / (weight @ whole[: p + 1, : p + 1] @ weight)
            drawn = (new * (left[p + 1] - pull * new)).sum(axis=1)
    return moved, there, drawn
