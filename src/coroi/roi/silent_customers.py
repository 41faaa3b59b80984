"""The strongest case against, from customers who are not counted: what they would have to bring to erase it all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError
from coroi.roi.flows import Line
from coroi.roi.weighing import critical
from coroi.roi.wording import WORTH, money, money_range, nothing_to_erase, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """What customers who are not counted would have to bring for all to come to nothing.

    Parameters
    ----------
    tipping, tipping_low, tipping_high : float
        Worth of one of the others at which the total is zero, and the values at which it is zero for the ends of the
        interval of those counted; NaN where nobody is silent.
    known, known_low, known_high : float
        What was estimated for the others; NaN where nothing was.
    excluded : bool or None
        Whether that interval lies clear of `tipping`, on the harmless side; None where nothing is known, or nothing is
        there to erase.
    surely : bool or None
        Whether it also lies clear of the values for the ends of the interval of those counted.
    sentence : str
    """

    tipping: float
    tipping_low: float
    tipping_high: float
    known: float
    known_low: float
    known_high: float
    excluded: bool | None
    surely: bool | None
    sentence: str


def silent_tipping(
    estimate: float,
    conf_low: float,
    conf_high: float,
    share_heard: float,
    *,
    currency: str,
    silent: Line | None = None,
    weights: np.ndarray | None = None,
    what: str = WORTH,
    level: float = 0.95,
) -> Silent:
    """Say what customers who are not counted would have to bring for all to come to nothing.

    Parameters
    ----------
    estimate, conf_low, conf_high : float
        Worth of a customer among those counted, in money, with its interval.
    share_heard : float
        Share of all customers who are counted, above 0 and at most 1.
    currency : str
        ISO 4217 code.
    silent : Line, optional
        Money of a customer among the others, where it was estimated.
    weights : ndarray, shape (n_periods,), optional
        Discount factors of that line.
    what : str
        The value, in words.
    level : float
        Of the others' interval.

    Raises
    ------
    DataError
        If the share is none, the interval does not hold the estimate, or a line comes without discount factors.

    Notes
    -----
    With share p counted, the total p a + (1 − p) b is zero at b = −p a / (1 − p). The share is taken as known.
    """
    if not 0 < share_heard <= 1:
        raise DataError(f"a share of {share_heard:g} of customers who are counted is none. Write 0.6 for 60 %.")
    if not conf_low <= estimate <= conf_high:
        raise DataError(f"{conf_low:g} to {conf_high:g} is no interval of {estimate:g}.")
    known = (np.nan, np.nan, np.nan) if silent is None else _worth(silent, weights, level)
    if share_heard == 1:
        said = f"Every customer is counted: no silent one is left who could erase {what}."
        return _silent((np.nan,) * 3, known, said)
    factor = -share_heard / (1 - share_heard)
    tips = (factor * estimate, factor * conf_high, factor * conf_low)
    half = (conf_high - conf_low) / 2
    if conf_low <= 0 <= conf_high:
        return _silent(tips, known, nothing_to_erase(what, estimate, half, currency, (conf_low, conf_high)))
    nearest = tips[2] if estimate > 0 else tips[1]
    spare = [(known[1] - t if estimate > 0 else t - known[2]) for t in (tips[0], nearest)]
    told = (None, None) if silent is None else (bool(spare[0] > 0), bool(spare[1] > 0))
    verb = "lose" if estimate > 0 else "gain"
    said = (
        f"{percent(share_heard)} of customers are counted. Each of the others would have to {verb} "
        f"{money(abs(tips[0]), currency)} to bring {what} to nothing over all; {money(abs(nearest), currency)} would "
        f"bring its interval to zero. {_known_words(known, told, currency)}"
    )
    return _silent(tips, known, said, *told)


def _silent(
    tips: tuple[float, ...],
    known: tuple[float, float, float],
    sentence: str,
    excluded: bool | None = None,
    surely: bool | None = None,
) -> Silent:
    return Silent(
        tipping=tips[0],
        tipping_low=tips[1],
        tipping_high=tips[2],
        known=known[0],
        known_low=known[1],
        known_high=known[2],
        excluded=excluded,
        surely=surely,
        sentence=sentence,
    )


def _worth(line: Line, weights: np.ndarray | None, level: float) -> tuple[float, float, float]:
    if weights is None or np.shape(weights) != line.estimate.shape:
        raise DataError(f"{line.name}: give a discount factor for each of its {len(line.estimate)} periods.")
    value = float(weights @ line.estimate)
    half = critical(level, line.df) * float(np.sqrt(max(weights @ line.covariance @ weights, 0.0)))
    return value, value - half, value + half


def _known_words(known: tuple[float, float, float], told: tuple[bool | None, bool | None], currency: str) -> str:
    if told[0] is None:
        return "Nothing is known of what they bring."
    value = f"{money(known[0], currency, (known[2] - known[1]) / 2)} ({money_range(known[1], known[2])})"
    if told[1]:
        return f"What they bring was estimated at {value} each, which rules out either."
    if told[0]:
        return f"What they bring was estimated at {value} each, which rules out the first but not the second."
    return f"What they bring was estimated at {value} each, which does not rule that out."
