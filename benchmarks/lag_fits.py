"""Our regressions on lags, from blocks and from rows in memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.engine import session


def coroi_lags(path: Path) -> dict[str, Any]:
    """Fit our distributed lags from a file of customer-months, block by block."""
    return _lags(_blocks(path))


def coroi_lags_memory(path: Path) -> dict[str, Any]:
    """Fit the same with all rows in memory."""
    return _lags(_frame(path))


def coroi_news(path: Path) -> dict[str, Any]:
    """Fit our long differences on what is new from a file of customer-months, block by block."""
    return _news(_blocks(path))


def coroi_news_memory(path: Path) -> dict[str, Any]:
    """Fit the same with all rows in one block."""
    return _news(_frame(path))


def _blocks(path: Path) -> Any:
    from coroi.prepare.blocks import panel_rows

    names = {"outcome": "margin", "metric": "nps", "entity": "customer_id"}
    return panel_rows(session(), session().read_parquet(path), **names, frequency="month")


def _frame(path: Path) -> Any:
    import pandas as pd

    frame = pd.read_parquet(path, columns=["customer_id", "period", "nps", "margin"])
    months = pd.to_datetime(frame["period"])
    return frame.assign(period=12 * months.dt.year + months.dt.month)


def _lags(data: Any) -> dict[str, Any]:
    from coroi.models.distributed_lags import fit_distributed_lags

    asked = {"outcome": "margin", "metric": "nps", "entity": "customer_id", "lags": 6, "most_rows": sys.maxsize}
    found = fit_distributed_lags(data, **asked).estimates
    rows = found[found["term"] != "cumulative"]
    return {f"{row.term} {row.lag}": [row.estimate, row.std_error] for row in rows.itertuples()}


def _news(data: Any) -> dict[str, Any]:
    from coroi.models.long_differences import fit_long_differences

    asked = {"outcome": "margin", "metric": "nps", "entity": "customer_id", "horizons": 11, "most_rows": sys.maxsize}
    found = fit_long_differences(data, **asked).estimates
    rows = found[found["term"] != "crossover"]
    return {f"{row.term} {row.horizon}": [row.estimate, row.std_error] for row in rows.itertuples()}
