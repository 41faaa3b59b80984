"""Tables of firms and of the market in which their shares are traded."""

from __future__ import annotations

from coroi.schemas.columns import Column, TableSchema

_FIRM = Column("firm_id", "id", "which firm", required=True)
_MONTH = Column("month", "date", "a day of the month", required=True, unit="month")


def _rate(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "number", meaning, required=required, unit="fraction per month", low=-1, high=1)


FIRMS = TableSchema(
    "firms",
    "one firm in one period",
    (
        _FIRM,
        Column("period", "date", "a day of the period, the same for all firms", required=True),
        Column("industry", "text", "which industry"),
        Column("other_industry", "text", "which industry by another definition, to set results beside"),
        Column("satisfaction", "number", "the firm's customer satisfaction", unit="the index's scale"),
        Column("revenue", "number", "revenue of the period", unit="currency"),
        Column("earnings", "number", "earnings of the period; negative for a loss", unit="currency"),
        Column("market_value", "number", "value of its shares at the period's end", unit="currency", low=0),
    ),
    key=("firm_id", "period"),
    time="period",
)
FIRM_RETURNS = TableSchema(
    "firm_returns",
    "one firm in one month",
    (
        _FIRM,
        _MONTH,
        Column(
            "total_return",
            "number",
            "return of its shares, dividends included",
            required=True,
            unit="fraction per month",
            low=-1,
        ),
    ),
    key=("firm_id", "month"),
    time="month",
)
FACTORS = TableSchema(
    "factors",
    "one month of the share market",
    (
        _MONTH,
        _rate("market", "return of the market less the risk-free rate", required=True),
        _rate("smb", "return of small firms less that of big ones"),
        _rate("hml", "return of firms with high book value less that of low ones"),
        _rate("mom", "return of past winners less that of losers"),
        _rate("risk_free", "risk-free rate", required=True),
    ),
    key=("month",),
    time="month",
)
