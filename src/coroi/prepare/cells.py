"""The panel reduced exactly to covariate cells, in the engine: few distinct cells at once, many in a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.inference.cells import ArrayBlock
from coroi.prepare.cleaning.rules import fresh
from coroi.prepare.levels import NOT_GIVEN, STATES, Levels, choose_levels
from coroi.schemas import PERIODS_PER_YEAR, Panel, metric_columns
from coroi.storage import stream

MOST_CELLS = 200_000
BATCH_ROWS = 250_000
_TENURE_MONTHS = (1, 3, 6, 12, 24, 36, 60)
_KEYS = ["score", "state", "tenure_periods", "segment"]
NO_SCORE = -1e300  # stands for a missing score in joins, since null equals nothing


@dataclass(frozen=True, slots=True, eq=False)
class PanelCells:
    """Cell counts of a panel's rows at risk, coded by level.

    Parameters
    ----------
    coding : Levels
        The levels that rows are coded by.
    by_tenure : pandas.DataFrame
        ``tenure_periods, n, events``: the life table of rows whose tenure is given.
    n_rows, n_clusters : int
        Rows at risk and customers.
    n_cells : int
        Distinct cells; 0 where they are streamed.
    """

    coding: Levels
    by_tenure: pd.DataFrame
    n_rows: int
    n_clusters: int
    n_cells: int
    _connection: Any
    _people: Any
    _cells: ArrayBlock | None
    _rows: Any

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Names of the codes in the columns ``state``, ``tenure`` and ``segment``."""
        return self.coding.names

    @property
    def cluster_names(self) -> pd.Index:
        """Customers' identifiers, in the order of their numbers: for joining, and nobody's to print."""
        named = self._connection.to_pandas(self._people.order_by("cluster").select("customer_id"))
        return pd.Index(named["customer_id"])

    def blocks(self) -> Iterator[Any]:
        """Yield one block of distinct cells, or batches of rows where a metric has too many values."""
        if self._cells is not None:
            yield _EngineBlock(self._cells, self._connection, self._rows)
            return
        for batch in stream(self._connection, self._rows, BATCH_ROWS):
            covariates = pd.DataFrame({c: batch[c] for c in ("score", "state", "tenure", "segment")})
            at = np.arange(len(covariates))
            yield ArrayBlock(
                covariates, batch["n"], batch["events"], (batch["cluster"], at, batch["n"], batch["events"])
            )


@dataclass(frozen=True, slots=True, eq=False)
class _EngineBlock:
    """The distinct cells, with the clusters read from the engine when they are asked for."""

    cells: ArrayBlock
    connection: Any
    rows: Any

    @property
    def covariates(self) -> pd.DataFrame:
        return self.cells.covariates

    @property
    def n(self) -> np.ndarray:
        return self.cells.n

    @property
    def events(self) -> np.ndarray:
        return self.cells.events

    def clusters(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        for batch in stream(self.connection, self.rows, BATCH_ROWS):
            yield batch["cluster"], batch["cell"], batch["n"], batch["events"]


def panel_cells(
    connection: Any, panel: Panel, metric: str, *, at_renewal: bool = False, most_cells: int = MOST_CELLS
) -> PanelCells:
    """Reduce the rows at risk to distinct cells of score, state of the answer, tenure and segment.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        The customer-period panel.
    metric : str
        The metric that enters as ``score``.
    at_renewal : bool
        Count contracts as at risk only in periods in which they may be left.
    most_cells : int
        With more distinct cells than that, rows are streamed instead.

    Returns
    -------
    PanelCells
        Nothing is rounded: equal covariates are counted together, and no others.
    """
    months = 12 / PERIODS_PER_YEAR[panel.frequency]
    edges = sorted({max(1, round(m / months)) for m in _TENURE_MONTHS})
    return reduce_rows(connection, _rows_at_risk(panel, metric, at_renewal), edges, most_cells=most_cells)


def reduce_rows(connection: Any, rows: Any, edges: Sequence[int], *, most_cells: int = MOST_CELLS) -> PanelCells:
    """Reduce rows at risk to distinct cells.

    Parameters
    ----------
    connection : Session
        Where the rows live.
    rows : ibis.Table
        ``customer_id, score`` (``NO_SCORE`` where there is none), ``state`` (position in ``STATES``),
        ``tenure_periods`` (``NO_TENURE`` where it is not given), ``segment, weight, event`` (weight of the event,
        else 0).
    edges : sequence of int
        First period of every tenure band but the first; bands and segments with too few events are joined.
    most_cells : int
        With more distinct cells than that, rows are streamed instead.

    Returns
    -------
    PanelCells
    """
    people = fresh(connection, _number_customers(rows))
    n_clusters = int(connection.execute(people.count()))
    counted = rows.group_by(_KEYS).agg(n=rows["weight"].sum(), events=rows["event"].sum(), rows=rows.count())
    few = connection.to_pandas(counted.limit(most_cells + 1))
    if len(few) <= most_cells:
        return _compressed(connection, edges, rows, people, few, n_clusters)
    return _streamed(connection, edges, rows, people, n_clusters)


def _rows_at_risk(panel: Panel, metric: str, at_renewal: bool) -> Any:
    value, _, _, count = metric_columns(metric)
    data = panel.data
    data = data.filter(data["at_risk"] & data["at_renewal"]) if at_renewal else data.filter(data["at_risk"])
    state = ibis.cases((data[value].notnull(), 0), (data[count] > 0, 2), else_=1)
    return data.select(
        "customer_id",
        "tenure_periods",
        "weight",
        score=data[value].cast("float64").fill_null(NO_SCORE),
        state=state.cast("int8"),
        segment=data["segment"].fill_null(NOT_GIVEN),
        event=data["exited"].cast("float64") * data["weight"],
    )


def _number_customers(rows: Any) -> Any:
    distinct = rows.select("customer_id").distinct()
    return distinct.mutate(cluster=ibis.row_number().over(order_by="customer_id").cast("int32"))


def _coded(edges: Sequence[int], counts: pd.DataFrame) -> tuple[pd.DataFrame, Levels]:
    """Turn raw cells into coded ones; levels without a row get no code."""
    levels = choose_levels(counts, edges)
    states = [levels.states.index(s) if s in levels.states else -1 for s in STATES]
    segments = {name: levels.names["segment"].index(level) for name, level in levels.segment_of.items()}
    coded = pd.DataFrame(
        {
            "score": counts["score"].where(counts["score"] > NO_SCORE),
            "state": np.asarray(states, dtype="int8")[counts["state"]],
            "tenure": levels.tenure_codes(counts["tenure_periods"]).astype("int8"),
            "segment": counts["segment"].map(segments).astype("int16"),
        }
    )
    return coded, levels


def _life_table(counts: pd.DataFrame) -> pd.DataFrame:
    given = counts[counts["tenure_periods"] >= 0]
    return given.groupby("tenure_periods", as_index=False)[["n", "events"]].sum()


def _compressed(
    connection: Any, edges: Sequence[int], rows: Any, people: Any, counts: pd.DataFrame, n_clusters: int
) -> PanelCells:
    coded, levels = _coded(edges, counts)
    keys = list(coded.columns)
    number = coded.groupby(keys, dropna=False, sort=True).ngroup().to_numpy(np.int32)
    _, first = np.unique(number, return_index=True)
    n = np.bincount(number, counts["n"])
    events = np.bincount(number, counts["events"])
    empty = np.empty(0)
    block = ArrayBlock(coded.iloc[first].reset_index(drop=True), n, events, (empty, empty, empty, empty))
    named = fresh(connection, ibis.memtable(counts[_KEYS].assign(cell=number)))
    joined = rows.join(named, _KEYS).join(people, "customer_id")
    lines = joined.select("cluster", "cell", n=joined["weight"].cast("float64"), events=joined["event"])
    return PanelCells(
        levels, _life_table(counts), int(counts["rows"].sum()), n_clusters, len(first), connection, people, block, lines
    )


def _streamed(connection: Any, edges: Sequence[int], rows: Any, people: Any, n_clusters: int) -> PanelCells:
    keys = ["state", "tenure_periods", "segment"]
    small = rows.group_by(keys).agg(n=rows["weight"].sum(), events=rows["event"].sum(), rows=rows.count())
    counts = connection.to_pandas(small).assign(score=0.0)
    coded, levels = _coded(edges, counts)
    names = {"state": "state_code", "tenure": "tenure_code", "segment": "segment_code"}
    codes = pd.concat([counts[keys], coded[list(names)].rename(columns=names)], axis=1)
    joined = rows.join(ibis.memtable(codes), keys).join(people, "customer_id")
    lines = joined.select(
        "cluster",
        score=joined["score"].nullif(NO_SCORE),
        state=joined["state_code"],
        tenure=joined["tenure_code"],
        segment=joined["segment_code"],
        n=joined["weight"].cast("float64"),
        events=joined["event"],
    )
    return PanelCells(
        levels,
        _life_table(counts),
        int(counts["rows"].sum()),
        n_clusters,
        0,
        connection,
        people,
        None,
        fresh(connection, lines),
    )
