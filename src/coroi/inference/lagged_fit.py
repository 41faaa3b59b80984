"""What regressions on lags share: what they are asked for, the rows that they take, and the shape of their result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.lagged import Counted, Errors, Sample, Spread, gather
from coroi.inference.panels import PanelRows, read_panel
from coroi.inference.within import Effects
from coroi.results import Check, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every regression on lags is asked for, beside its lags.

    Parameters
    ----------
    outcome, metric : str
        Columns of numbers.
    controls : sequence of str
        Columns of numbers beside the metric.
    effects : str
        ``both`` (entity and period), ``entity``, ``period`` or ``none``, as for a single series.
    errors : str
        ``clustered``, ``serial`` (Newey–West for one series, Driscoll–Kraay for a panel) or ``classical``.
    error_lags : int, optional
        Periods over which serial errors may depend; ⌊4 (T / 100)^(2/9)⌋ by default.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column by which errors are clustered; the entity by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep each cluster's influence on the estimates, where errors are clustered.
    """

    outcome: str
    metric: str
    controls: Sequence[str]
    effects: Effects
    errors: Errors
    error_lags: int | None
    entity: str
    period: str
    cluster: str | None
    level: float
    keep_influence: bool

    @property
    def spread(self) -> Spread:
        """How errors are computed."""
        return Spread(errors=self.errors, n_lags=self.error_lags)

    @property
    def keeps(self) -> bool:
        """Whether there is an influence of clusters to keep."""
        return self.keep_influence and self.errors == "clustered"

    def read(self, data: pd.DataFrame) -> PanelRows:
        """Read the panel.

        Raises
        ------
        DataError
            As :func:`coroi.inference.panels.read_panel`.
        """
        carried = [self.outcome, self.metric, *self.controls, *([self.cluster] if self.cluster else [])]
        return read_panel(data, carried, entity=self.entity, period=self.period)

    def sample(self, rows: PanelRows, parts: Mapping[str, np.ndarray]) -> Sample:
        """Keep the rows that have every part, see :func:`coroi.inference.lagged.gather`."""
        return gather(rows, parts, effects=self.effects, cluster=self.cluster)

    def result(
        self,
        sample: Counted,
        *,
        method: str,
        estimand: str,
        lags: Mapping[str, object],
        estimates: pd.DataFrame,
        vcov: pd.DataFrame | None,
        influence: pd.DataFrame | None,
        checks: Sequence[Check],
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> Result:
        """Return the result, with what was asked for and which rows were left out.

        Parameters
        ----------
        sample : Sample, or what is known of rows that were summed up
        method, estimand : str
        lags : mapping
            What was asked for of the lags.
        estimates, vcov, influence, checks, tables
            As in :class:`coroi.results.Result`; influence is kept where that was asked for.
        """
        return Result(
            method=method,
            estimand=estimand,
            spec={"outcome": self.outcome, "metric": self.metric, "controls": list(self.controls)}
            | dict(lags)
            | {"effects": self.effects, "errors": self.spread.words(sample), "level": self.level},
            estimates=estimates,
            vcov=vcov,
            influence=influence if self.keeps else None,
            n_obs=sample.n_obs,
            n_entities=sample.n_entities,
            checks=tuple(checks),
            tables={"rows": sample.left_out} | dict(tables or {}),
        )
