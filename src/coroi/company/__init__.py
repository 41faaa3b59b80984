"""The synthetic company: a chain from practices to profit, its tables, and the known truth beside them."""

from __future__ import annotations

from coroi.company.claims import true_claims
from coroi.company.files import write_company, write_tables
from coroi.company.scenario import SCENARIOS, Switches
from coroi.company.simulation import Company, simulate_company
from coroi.company.truth import true_retention

__all__ = [
    "SCENARIOS",
    "Company",
    "Switches",
    "simulate_company",
    "true_claims",
    "true_retention",
    "write_company",
    "write_tables",
]
