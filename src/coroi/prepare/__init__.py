"""From raw exports to clean tables and the customer-period panel."""

from coroi.prepare.company import Prepared, prepare_company
from coroi.prepare.options import PrepareOptions

__all__ = ["PrepareOptions", "Prepared", "prepare_company"]
