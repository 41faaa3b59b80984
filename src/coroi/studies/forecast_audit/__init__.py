"""How did the forecasts of earlier runs come true?"""

from coroi.studies.forecast_audit.audit import Audit, audit_of, kept_of
from coroi.studies.forecast_audit.page import audit_card, audit_table, audit_words, scores_table

__all__ = ["Audit", "audit_card", "audit_of", "audit_table", "audit_words", "kept_of", "scores_table"]
