"""Competitors: how respondents rate each brand that they know, the firm's own among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coroi.prepare.cleaning.rules import Rule
from coroi.prepare.ledger import Ledger
from coroi.prepare.plain import prepare_plain
from coroi.schemas import COMPETITORS
from coroi.sources import Source

_ROUNDING = 0.005  # shares written with two decimals may add up to a little more than one


def prepare_competitors(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a respondent and brand.

    Raises
    ------
    DataError
        If the table cannot be used, or most scores lie off the scale.
    """
    return prepare_plain(connection, source, COMPETITORS, base, ledger, notes=_notes)


def _notes(table: Any, columns: tuple[str, ...]) -> list[Rule]:
    interview = [c for c in (*COMPETITORS.one_of, "asked_at") if c in columns]
    own = table["own_brand"].cast("int64").sum().over(group_by=interview)
    rated = table["brand"].count().over(group_by=[*interview, "brand"])
    rules = [
        Rule("several own brands", own > 1, "more than one brand of a respondent is the firm's own; all are kept"),
        Rule("no own brand", own == 0, "the respondent did not rate the firm's own brand"),
        Rule("brand rated twice", rated > 1, "the same respondent rated the brand more than once; all are kept"),
    ]
    if "share_of_wallet" in columns:
        total = table["share_of_wallet"].sum().over(group_by=interview)
        said = "the shares of wallet of a respondent add up to more than one"
        rules.append(Rule("shares above one", total > 1 + _ROUNDING, said))
    return rules
