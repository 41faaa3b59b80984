"""Customers drawn at any size in bounded memory: a panel with a planted effect, or the raw tables that give one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PERIODS = 36  # months observed
FIRST_MONTH = np.datetime64("2022-01", "M")
AGE_LIMIT = 12  # months after which an answer is too old
SLOPE = -0.15  # log odds of leaving per point of the score: the truth
SEGMENTS = np.array(["consumer", "corporate", "home office", "public"])
MONEY_SLOPE = 1.5  # margin of a month per point of the score: the truth
_SEGMENT_EFFECTS = np.array([0.0, -0.4, 0.2, -0.2])
_ANSWER_SHARE = 0.12  # of customers, each month
_CHUNK = 20_000  # customers drawn at once
_ROW_GROUP = 122_880
_PANEL = pa.schema(
    {
        "customer_id": pa.string(),
        "period": pa.date32(),
        "tenure_periods": pa.int64(),
        "at_risk": pa.bool_(),
        "at_renewal": pa.bool_(),
        "exited": pa.bool_(),
        "segment": pa.string(),
        "weight": pa.float64(),
        "nps": pa.float64(),
        "nps_n_to_date": pa.int64(),
    }
)
_MONEY = pa.schema(
    {
        "customer_id": pa.string(),
        "period": pa.date32(),
        "nps": pa.float64(),
        "tickets": pa.float64(),
        "margin": pa.float64(),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Some customers and their months; arrays are (n,) or (n, PERIODS).

    Parameters
    ----------
    ids, segment : ndarray, shape (n,)
        Who, and the code of the segment.
    joined : ndarray, shape (n,)
        Month of joining, counted from the first month observed; below zero before it.
    last : ndarray, shape (n,)
        Last month as a customer; ``PERIODS`` for who stays.
    active : ndarray of bool, shape (n, PERIODS)
        Whether a customer in that month.
    answer : ndarray, shape (n, PERIODS)
        Score answered in that month, NaN without one.
    """

    ids: np.ndarray
    segment: np.ndarray
    joined: np.ndarray
    last: np.ndarray
    active: np.ndarray
    answer: np.ndarray


def draw(rng: np.random.Generator, first: int, n: int) -> Customers:
    """Draw customers whose chance to leave in a month follows their last answer before it."""
    month = np.arange(PERIODS)
    joined = rng.integers(-24, 12, n)
    segment = rng.integers(0, len(SEGMENTS), n)
    tenure = month - joined[:, None]
    level = rng.normal(7.0, 2.0, (n, 1))
    score = np.clip(np.round(level + rng.normal(0.0, 1.0, (n, PERIODS))), 0, 10)
    answer = np.where((rng.random((n, PERIODS)) < _ANSWER_SHARE) & (tenure >= 0), score, np.nan)
    known, count = last_answer(answer)
    odds = -3.6 + _SEGMENT_EFFECTS[segment][:, None] - 0.3 * np.log1p(np.maximum(tenure, 0))
    odds += np.where(np.isnan(known), np.where(count > 0, 0.3, 0.1), SLOPE * (known - 5))
    leaves = (rng.random((n, PERIODS)) < 1 / (1 + np.exp(-odds))) & (tenure >= 0)
    last = np.where(leaves.any(axis=1), leaves.argmax(axis=1), PERIODS)
    active = (tenure >= 0) & (month <= last[:, None])
    return Customers(identifiers(first, n), segment, joined, last, active, np.where(active, answer, np.nan))


def last_answer(answer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last answer before each month, NaN without one or when too old, and the answers before it."""
    month = np.arange(PERIODS)
    given = ~np.isnan(answer)
    at = np.maximum.accumulate(np.where(given, month, -1), axis=1)
    at = np.hstack([np.full((len(at), 1), -1), at[:, :-1]])
    count = np.cumsum(given, axis=1) - given
    known = np.take_along_axis(answer, np.maximum(at, 0), axis=1)
    return np.where((at >= 0) & (month - at <= AGE_LIMIT), known, np.nan), count


def identifiers(first: int, n: int) -> np.ndarray:
    """Return 16 hexadecimal digits a customer, distinct and in no order, as exports have them."""
    number = np.arange(first, first + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    digits = number.astype(">u8").tobytes().hex().encode()
    return np.frombuffer(digits, dtype="S16").astype(str)


def customers(seed: int) -> Iterator[Customers]:
    """Yield customers without end, the same for the same seed whatever is taken of them."""
    chunk = 0
    while True:
        yield draw(np.random.default_rng([seed, chunk]), chunk * _CHUNK, _CHUNK)
        chunk += 1


def write_panel(path: Path, rows: int, *, seed: int = 1) -> Path:
    """Write a panel of so many customer-months at risk, a month of a customer a row, customers one after another."""
    with pq.ParquetWriter(path, _PANEL, compression="zstd") as writer:
        for some in customers(seed):
            table = panel_rows(some).slice(0, rows)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            rows -= len(table)
            if not rows:
                return path
    raise AssertionError("there are always more customers")


def write_money(path: Path, rows: int, *, seed: int = 1) -> Path:
    """Write so many customer-months whose score is known, with the margin of each, customers one after another."""
    with pq.ParquetWriter(path, _MONEY, compression="zstd") as writer:
        for chunk, some in enumerate(customers(seed)):
            table = money_rows(some, np.random.default_rng([seed, chunk, 1])).slice(0, rows)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            rows -= len(table)
            if not rows:
                return path
    raise AssertionError("there are always more customers")


def money_rows(some: Customers, rng: np.random.Generator) -> pa.Table:
    """Draw the margin of customers' months: a level of their own, the season, the score, tickets, and noise."""
    known, _ = last_answer(some.answer)
    who, month = np.nonzero(some.active & ~np.isnan(known))
    tickets = rng.poisson(0.4, len(who)).astype(float)
    happy = np.bincount(who, known[who, month], len(some.ids)) / np.maximum(
        np.bincount(who, minlength=len(some.ids)), 1
    )
    level = 5 * rng.normal(size=len(some.ids)) + 2 * happy
    noise = 4 * rng.normal(size=len(who)) + 2 * rng.normal(size=len(some.ids))[who] * (month - PERIODS / 2) / PERIODS
    score = known[who, month]
    columns = {
        "customer_id": pa.array(some.ids).take(pa.array(who)),
        "period": (FIRST_MONTH + month).astype("datetime64[D]"),
        "nps": score,
        "tickets": tickets,
        "margin": 30 + level[who] + 3 * np.sin(month / 2) + MONEY_SLOPE * score - 0.8 * tickets + noise,
    }
    return pa.table(columns, schema=_MONEY)


def sort_by_month(path: Path) -> Path:
    """Rewrite a panel sorted by month, its customers in another order each month."""
    import duckdb

    target = path.with_stem(f"{path.stem}-by-month")
    connection = duckdb.connect(config={"temp_directory": str(path.parent / "sorting")})
    panel = connection.read_parquet(str(path))
    panel.order("period, hash(customer_id, period)").write_parquet(str(target), compression="zstd")
    return target


def panel_rows(some: Customers) -> pa.Table:
    """Turn customers into the rows of a panel."""
    who, month = np.nonzero(some.active)
    known, count = last_answer(some.answer)
    yes = np.ones(len(who), dtype=bool)
    columns = {
        "customer_id": pa.array(some.ids).take(pa.array(who)),
        "period": (FIRST_MONTH + month).astype("datetime64[D]"),
        "tenure_periods": month - some.joined[who],
        "at_risk": yes,
        "at_renewal": yes,
        "exited": month == some.last[who],
        "segment": pa.array(SEGMENTS).take(pa.array(some.segment[who])),
        "weight": np.ones(len(who)),
        "nps": pa.array(known[who, month], from_pandas=True),
        "nps_n_to_date": count[who, month],
    }
    return pa.table(columns, schema=_PANEL)


def write_raw(folder: Path, panel_rows: int, *, seed: int = 1) -> dict[str, Path]:
    """Write customers, subscriptions and responses as text, enough for a panel of so many customer-months.

    A panel holds a customer's months after the exit too.
    """
    from pyarrow import csv

    makers = {"customers": _customer_rows, "subscriptions": _subscription_rows, "responses": _response_rows}
    paths = {name: folder / f"{name}.csv" for name in makers}
    first = next(customers(seed))
    writers = {name: csv.CSVWriter(paths[name], make(first).schema) for name, make in makers.items()}
    for some in customers(seed):
        months = np.cumsum(PERIODS - np.maximum(some.joined, 0))
        n = int(np.searchsorted(months, panel_rows, side="right"))
        for name, make in makers.items():
            writers[name].write_table(make(_first_of(some, n)))
        panel_rows -= int(months[n - 1]) if n else 0
        if n < len(months):
            break
    for writer in writers.values():
        writer.close()
    return paths


def _first_of(some: Customers, n: int) -> Customers:
    return Customers(some.ids[:n], some.segment[:n], some.joined[:n], some.last[:n], some.active[:n], some.answer[:n])


def _customer_rows(some: Customers) -> pa.Table:
    return pa.table({"customer_id": some.ids, "joined_at": _day(some.joined), "segment": SEGMENTS[some.segment]})


def _subscription_rows(some: Customers) -> pa.Table:
    gone = some.last < PERIODS
    end = _day(some.last + 1) - np.timedelta64(1, "D")
    return pa.table(
        {
            "customer_id": some.ids,
            "start_at": _day(some.joined),
            "end_at": pa.array(end, mask=~gone),
            "price": pa.array(20.0 + 5 * some.segment),
        }
    )


def _response_rows(some: Customers) -> pa.Table:
    who, month = np.nonzero(~np.isnan(some.answer))
    day = _day(month) + (who * 7 + month * 3) % 28
    score = some.answer[who, month].astype(np.int64)
    return pa.table(
        {"customer_id": some.ids[who], "answered_at": day, "metric": np.full(len(who), "nps"), "score": score}
    )


def _day(month: np.ndarray) -> np.ndarray:
    return (FIRST_MONTH + month).astype("datetime64[D]")
