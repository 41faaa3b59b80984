"""What a table is made of: columns with kind, unit and limits, and the keys that rows are told apart by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "date", "number", "text", "flag"]
Period = Literal["week", "month", "quarter", "year"]
Relationship = Literal["contract", "repeat_purchase", "snapshot"]
ContractPrices = Literal["in_transactions", "beside_transactions"]

PERIODS_PER_YEAR: dict[str, float] = {"week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a clean table.

    Parameters
    ----------
    name, kind, meaning : str
        Name, kind of value, and what it says.
    required : bool
        A plan has to map it, and a row without a value is dropped.
    unit : str
        Unit of a number; a date in months is kept as the month's first day.
    low, high : float or None
        Smallest and largest value that can be.
    choices : tuple of str
        The only words that may stand in it.
    after : str
        Date of the same row that it cannot lie before.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    after: str = ""

    @property
    def of_period(self) -> bool:
        """Whether a date stands for the period that it lies in, so that its day need not be told."""
        return self.unit == "month" or self.name == "period"


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A clean table.

    Parameters
    ----------
    name, row : str
        Name, and what one row is.
    columns : tuple of Column
        Its columns, in order.
    key : tuple of str
        Columns whose values no two rows may share.
    row_id : str
        The row's own number in the system that it comes from; repeats are removed, reuse is flagged.
    takes_scores : bool
        Whether it holds answers to the plan's metrics.
    takes_scale : bool
        Whether its scores are on one scale of their own, which the plan has to give.
    time : str
        The date that rows are told apart by in time.
    one_of : tuple of str
        Columns of which a plan has to map at least one, and a row without any is dropped.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    row_id: str = ""
    takes_scores: bool = False
    takes_scale: bool = False
    time: str = ""
    one_of: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a plan has to map."""
        return tuple(c.name for c in self.columns if c.required)

    def row_key(self, columns: Sequence[str]) -> str:
        """Return the column that a row of a table is known by: its own number, else the first of the key; or "".

        Parameters
        ----------
        columns : sequence of str
            The columns that the table has.
        """
        return next((c for c in (self.row_id, *self.key[:1]) if c in columns), "")

    def column(self, name: str) -> Column:
        """Return one column by name."""
        return next(c for c in self.columns if c.name == name)


CUSTOMER_ID = Column("customer_id", "id", "who: the person or firm, not the order", required=True)
UNIT_ID = Column("unit_id", "id", "branch, region or team, as in `customers`", required=True)
