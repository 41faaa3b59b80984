"""What the literature asserts, the rule that turns an interval into a verdict, and the grade of the evidence."""

from coroi.claims.register import CLAIMS, Claim, enabled_ids, enables
from coroi.claims.verdict import Declaration, headline_level, judge, label_of, untestable

__all__ = [
    "CLAIMS",
    "Claim",
    "Declaration",
    "enabled_ids",
    "enables",
    "headline_level",
    "judge",
    "label_of",
    "untestable",
]
