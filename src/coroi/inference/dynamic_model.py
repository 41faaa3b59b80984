"""A dynamic panel as it is asked for, read, and turned into equations in differences with their instruments."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.differences import Equations, differenced, lagged_levels, period_columns
from coroi.inference.gmm import Moments
from coroi.inference.linear import Factor
from coroi.inference.panels import PanelRows, read_panel, shifted

Exogeneity = Literal["exogenous", "predetermined", "endogenous"]
_FIRST_LAG = {"exogenous": 0, "predetermined": 1, "endogenous": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicModel:
    """What a dynamic panel is asked for, as :func:`coroi.models.dynamic_panel.fit_dynamic_panel` describes it."""

    outcome: str
    metric: str
    controls: tuple[str, ...]
    lags: int
    metric_lags: int
    metric_is: Exogeneity
    instrument_lags: tuple[int, int | None]
    collapse: bool
    period_effects: bool
    steps: Literal[1, 2]
    correct: bool
    factor: Factor

    def __post_init__(self) -> None:
        first, last = self.instrument_lags
        problems = (
            (self.lags < 1, "'lags' is below 1: without a lagged outcome the panel is not dynamic"),
            (self.metric_lags < 0, "'metric_lags' is below 0"),
            (self.metric_is not in _FIRST_LAG, f"'metric_is' is none of {', '.join(_FIRST_LAG)}"),
            (first < 2, "'instrument_lags' start below 2, where a level moves with the change of the error"),
            (last is not None and last < first, "'instrument_lags' end before they start"),
            (self.steps not in (1, 2), "'steps' is neither 1 nor 2"),
            (len(set(self.names)) < len(self.names), "a column is named twice among outcome, metric and controls"),
            (self.outcome in (self.metric, *self.controls), "the outcome cannot explain itself within a period"),
        )
        wrong = [said for holds, said in problems if holds]
        if wrong:
            raise DataError(f"dynamic panel: {'; '.join(wrong)}.")

    @property
    def terms(self) -> list[tuple[str, int]]:
        """Column and lag of each regressor, those of the outcome first."""
        own = [(self.outcome, lag) for lag in range(1, self.lags + 1)]
        own += [(self.metric, lag) for lag in range(self.metric_lags + 1)]
        return own + [(name, 0) for name in self.controls]

    @property
    def names(self) -> list[str]:
        """A name for each regressor."""
        return [f"{name}_lag_{lag}" if lag else name for name, lag in self.terms]

    @property
    def instrumented(self) -> list[str]:
        """Columns whose lagged levels are instruments."""
        return [self.outcome] if self.metric_is == "exogenous" else [self.outcome, self.metric]

    def lags_of(self, name: str, span: int) -> range:
        """Return the lags of a column's levels that are instruments in a panel of some periods."""
        first, last = self.instrument_lags
        start = first if name == self.outcome else _FIRST_LAG[self.metric_is]
        return range(start, span if last is None else start + last - first + 1)

    def spec(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self) | {"controls": list(self.controls), "instrument_lags": list(self.instrument_lags)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DynamicPanel:
    """A panel with what a dynamic model needs.

    Parameters
    ----------
    rows : PanelRows
    values : dict of str to ndarray, shape (n,)
        Columns in levels; NaN where missing.
    levels : ndarray, shape (n, k)
        Regressors, lags among them.
    equations : Equations
    cluster : ndarray of int, shape (e,)
        Of each equation, from 0 without gaps.
    cluster_names : pandas.Index
        Of those that have an equation.
    """

    rows: PanelRows
    values: dict[str, np.ndarray]
    levels: np.ndarray
    equations: Equations
    cluster: np.ndarray
    cluster_names: pd.Index


def read_dynamic_panel(
    data: pd.DataFrame, model: DynamicModel, *, entity: str, period: str, cluster: str | None
) -> DynamicPanel:
    """Read a panel and take its differences.

    Raises
    ------
    DataError
        As :func:`coroi.inference.panels.read_panel`; or if a column holds more than numbers, or a cluster is missing or
        cuts through an entity.
    """
    columns = [model.outcome, model.metric, *model.controls]
    rows = read_panel(data, columns + ([cluster] if cluster else []), entity=entity, period=period)
    values = {name: _numbers(rows.frame, name) for name in columns}
    levels = np.column_stack([shifted(values[name], rows.entity, rows.period, lag) for name, lag in model.terms])
    equations = differenced(values[model.outcome], levels, rows.entity, rows.period)
    code, names = _clusters(rows, cluster)
    used, place = np.unique(code[equations.row], return_inverse=True)
    return DynamicPanel(
        rows=rows, values=values, levels=levels, equations=equations, cluster=place, cluster_names=names[used]
    )


def moments_of(panel: DynamicPanel, model: DynamicModel) -> tuple[Moments, np.ndarray]:
    """Return the moments, period effects being the first columns of the design, and which instruments are levels.

    Returns
    -------
    moments : Moments
    excluded : ndarray of bool, shape (m,)
        Lagged levels, which are no regressors themselves.
    """
    from scipy import sparse

    rows, equations = panel.rows, panel.equations
    span = int(rows.period.max() - rows.period.min()) + 1
    lagged = [
        lagged_levels(
            panel.values[name], rows.entity, rows.period, equations.row,
            lags=model.lags_of(name, span), collapse=model.collapse,
        )
        for name in model.instrumented
    ]  # fmt: skip
    effects = period_columns(equations.period) if model.period_effects else np.zeros((len(equations.row), 0))
    own = [i for i, (name, _) in enumerate(model.terms) if name not in model.instrumented]
    included = sparse.csr_array(np.column_stack([equations.design[:, own], effects]))
    instruments = sparse.hstack([*lagged, included], format="csr")
    moments = Moments(
        outcome=equations.outcome,
        design=np.column_stack([effects, equations.design]),
        instruments=instruments,
        entity=equations.entity,
        period=equations.period,
        cluster=panel.cluster,
    )
    return moments, np.arange(instruments.shape[1]) < instruments.shape[1] - included.shape[1]


def row_counts(panel: DynamicPanel) -> pd.DataFrame:
    """Return ``rows, n``: what is in the panel, what is used, and what is left out and why."""
    whole = np.isfinite(np.column_stack(list(panel.values.values()))).all(axis=1)
    used = len(panel.equations.row)
    counts = {
        "in the panel": len(whole),
        "without outcome, metric or a control": int((~whole).sum()),
        "without the periods before them that the lags need": int(whole.sum()) - used,
        "used": used,
    }
    return pd.DataFrame({"rows": list(counts), "n": list(counts.values())})


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    try:
        return frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"'{name}' holds more than numbers.") from None


def _clusters(rows: PanelRows, cluster: str | None) -> tuple[np.ndarray, pd.Index]:
    if cluster is None:
        return rows.entity, rows.names
    code, names = pd.factorize(rows.frame[cluster], sort=True)
    if (code < 0).any():
        raise DataError(f"{int((code < 0).sum()):,} rows lack '{cluster}'.")
    first = np.unique(rows.entity, return_index=True)[1]
    cut = len(np.unique(rows.entity[code != code[first][rows.entity]]))
    if cut:
        raise DataError(f"{cut:,} entities are in more than one '{cluster}'. Give groups that hold entities whole.")
    return code, pd.Index(names)
