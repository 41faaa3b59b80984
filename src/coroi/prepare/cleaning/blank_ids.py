"""Rows without a customer: nobody can be followed, so they are dropped and counted."""

from __future__ import annotations

from typing import Any

from coroi.prepare.cleaning.rules import Rule


def blank_id(table: Any) -> Rule:
    """Match rows whose customer is empty."""
    return Rule("blank id", table["customer_id"].isnull(), "no customer id", "customer_id")
