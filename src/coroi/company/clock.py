"""Days and chance: the company's calendar, and one random stream per mechanism."""

from __future__ import annotations

from datetime import date
from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FIRST_MONTH = np.datetime64("2022-01", "M")
DAYS_PER_MONTH = 365.25 / 12
NEVER = int(np.iinfo(np.int64).max // 2)
"""A day that does not come: the end of an open contract, the return of who stays away."""


def first_days(months: int) -> Ints:
    """Return the first day of each month and of the one after the last, in days since 1970, shape (months + 1,)."""
    return (FIRST_MONTH + np.arange(months + 1)).astype("datetime64[D]").astype(np.int64)


def day_of_month(days: Ints) -> Ints:
    """Return the day of the month, counted from 0."""
    dates = days.astype("datetime64[D]")
    return (dates - dates.astype("datetime64[M]")).astype(np.int64)


def month_number(days: Ints) -> Ints:
    """Return the month as a running number: months since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def as_date(day: int) -> date:
    """Return a day number as a date."""
    return date.fromisoformat(str(np.datetime64(int(day), "D")))


def as_dates(days: Ints) -> npt.NDArray[np.datetime64]:
    """Return day numbers as dates to the second; ``NEVER`` becomes "not a time"."""
    dates = np.where(days == NEVER, np.datetime64("NaT"), days.astype("datetime64[D]"))
    return dates.astype("datetime64[s]")


def stream(seed: int, mechanism: str, block: int = 0) -> np.random.Generator:
    """Return the random stream of one mechanism, so that changing one mechanism reshuffles no other.

    Parameters
    ----------
    seed : int
        The company's seed.
    mechanism : str
        The mechanism's name; the same name always gives the same stream.
    block : int
        Which part of the customers; each has streams of its own.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(mechanism.encode()), block)))


def season(month: int) -> float:
    """Return how far a calendar month, counted from January, lies above the year's middle: from -1 to 1."""
    return float(np.cos(2 * np.pi * month / 12))


def days_within(days: Ints, month: int, chance: Floats) -> Ints:
    """Return days spread evenly over a month, one for each chance from 0 to 1."""
    return days[month] + np.floor(chance * (days[month + 1] - days[month])).astype(np.int64)


def numbered(letter: str, n: int, after: int = 0) -> list[str]:
    """Return `n` identifiers such as ``C00001``, counted from the one `after`."""
    return [f"{letter}{i:05d}" for i in range(after + 1, after + n + 1)]
