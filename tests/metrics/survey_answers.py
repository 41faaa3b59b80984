"""Answers of a few customers, and how the engine reduces them, for the tests of the metrics."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from coroi import storage
from coroi.inference.totals import Totals
from coroi.metrics.totals import sum_by_customer
from coroi.results import Result

CONNECTION = storage.connect()
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def reduce(frame: pd.DataFrame, parts, **options) -> Totals:
    return sum_by_customer(CONNECTION, ibis.memtable(frame), parts, **options)


def each_their_own(scores) -> pd.DataFrame:
    """Return one answer a customer."""
    return pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(len(scores))], "score": np.asarray(scores, float)})


def draw_answers(seed: int, *, n: int = 400, customers: int = 120, scale=(0, 10)) -> pd.DataFrame:
    """Draw answers with survey weights, by wave and touchpoint; a customer's own lean the same way."""
    rng = np.random.default_rng(seed)
    who = rng.integers(customers, size=n)
    lean = rng.normal(size=customers)[who]
    middle, spread = sum(scale) / 2 + 0.1 * (scale[1] - scale[0]), (scale[1] - scale[0]) / 5
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:04d}" for i in who],
            "wave": rng.choice(["2023", "2024", "2025"], size=n),
            "touchpoint": rng.choice(["billing", "delivery", "sales", "support"], size=n),
            "answered_at": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(900, size=n), unit="D"),
            "weight": rng.choice([0.5, 1.0, 2.5], size=n),
            "score": np.rint(middle + spread * (lean + rng.normal(size=n)) / 1.4).clip(*scale),
        }
    )


def row_of(result: Result, **keys) -> pd.Series:
    """Return the one row of a result with these keys."""
    rows = result.estimates
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1, f"{len(rows)} rows with {keys}"
    return rows.iloc[0]
