"""The synthetic company: customers, contracts and surveys with a known truth beside them."""

from __future__ import annotations

from coroi.company.files import write_company
from coroi.company.simulation import Company, simulate_company
from coroi.company.truth import true_retention

__all__ = ["Company", "simulate_company", "true_retention", "write_company"]
