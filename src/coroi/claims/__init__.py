"""What the literature asserts, the rule that turns an interval into a verdict, and the grade of the evidence."""

from coroi.claims.guards import GUARDS, Graded, Guard, graded, judged_by
from coroi.claims.register import CLAIMS, Claim, enabled_ids, enables
from coroi.claims.verdict import Declaration, headline_level, judge, label_of, untestable

__all__ = [
    "CLAIMS",
    "GUARDS",
    "Claim",
    "Declaration",
    "Graded",
    "Guard",
    "enabled_ids",
    "enables",
    "graded",
    "headline_level",
    "judge",
    "judged_by",
    "label_of",
    "untestable",
]
