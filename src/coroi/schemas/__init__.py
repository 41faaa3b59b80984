"""The tables' columns, keys and units, the customer-period panel, and what each study may ask for."""

from coroi.schemas.blocks import EntityBlock, EntityBlocks
from coroi.schemas.columns import PERIODS_PER_YEAR, Column, ContractPrices, Kind, Period, Relationship, TableSchema
from coroi.schemas.customers import (
    CUSTOMERS,
    EXIT_FLAG,
    RESPONSES,
    SNAPSHOT,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    snapshot_with,
)
from coroi.schemas.markets import FACTORS, FIRM_RETURNS, FIRMS
from coroi.schemas.needs import Need, missing_for
from coroi.schemas.panel import PANEL_COLUMNS, Block, CellCounts, Panel, metric_columns
from coroi.schemas.practice import CHANGES, COSTS, PRACTICES, PROGRAMME, RECOGNITION
from coroi.schemas.service import ADVICE, COMPETITORS, REFERRALS, TOUCHPOINTS, USAGE

TABLES: dict[str, TableSchema] = {
    t.name: t
    for t in (
        CUSTOMERS,
        RESPONSES,
        SUBSCRIPTIONS,
        TRANSACTIONS,
        SNAPSHOT,
        TOUCHPOINTS,
        PROGRAMME,
        COSTS,
        COMPETITORS,
        PRACTICES,
        RECOGNITION,
        ADVICE,
        REFERRALS,
        CHANGES,
        USAGE,
        FIRMS,
        FIRM_RETURNS,
        FACTORS,
    )
}

__all__ = [
    "ADVICE",
    "CHANGES",
    "COMPETITORS",
    "COSTS",
    "CUSTOMERS",
    "EXIT_FLAG",
    "FACTORS",
    "FIRMS",
    "FIRM_RETURNS",
    "PANEL_COLUMNS",
    "PERIODS_PER_YEAR",
    "PRACTICES",
    "PROGRAMME",
    "RECOGNITION",
    "REFERRALS",
    "RESPONSES",
    "SNAPSHOT",
    "SUBSCRIPTIONS",
    "TABLES",
    "TOUCHPOINTS",
    "TRANSACTIONS",
    "USAGE",
    "Block",
    "CellCounts",
    "Column",
    "ContractPrices",
    "EntityBlock",
    "EntityBlocks",
    "Kind",
    "Need",
    "Panel",
    "Period",
    "Relationship",
    "TableSchema",
    "metric_columns",
    "missing_for",
    "snapshot_with",
]
