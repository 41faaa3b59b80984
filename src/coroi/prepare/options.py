"""What the plan decides about time, money and metrics, as preparation needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from coroi.schemas import ContractPrices, Period, Relationship
from coroi.sources import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareOptions:
    """Choices that turn clean tables into a panel.

    Parameters
    ----------
    period : str
        Length of a period.
    currency : str
        ISO 4217 code of every amount.
    relationship : str
        What an exit is: the end of a contract, or a lapse of purchases.
    grace_days : int
        Days without cover, or between purchases, that are not yet an exit.
    metrics : Mapping of str to Metric
        The plan's metrics.
    metric_age_limit : int
        Periods after which an answer is too old to be used.
    contract_prices : str
        Whether contracts' prices are among the transactions, and not counted again, or beside them.
    observed_from, observed_until : date or None
        First and last day of the data; the last day defaults to the last dated event.
    """

    period: Period
    currency: str
    relationship: Relationship
    grace_days: int
    metrics: Mapping[str, Metric]
    metric_age_limit: int
    contract_prices: ContractPrices = "in_transactions"
    observed_from: date | None = None
    observed_until: date | None = None
