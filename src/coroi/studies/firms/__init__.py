"""Do firms that satisfy customers more come to be worth more, and to lead their industries?"""

from coroi.studies.firms.answer import Findings, fit, verdict
from coroi.studies.firms.case import case_figure
from coroi.studies.firms.elasticity import elasticity_table, elasticity_words
from coroi.studies.firms.join import losses
from coroi.studies.firms.meaning import meaning, method
from coroi.studies.firms.page import (
    data_notes,
    losses_table,
    naive_table,
    path_figure,
    path_table,
    shares_table,
    spells_table,
    standing_table,
)
from coroi.studies.firms.publish import all_checks, gathered, verdicts
from coroi.studies.firms.question import Question, ask
from coroi.studies.firms.words import answer, arrow_words, claim_words, headline_of

__all__ = [
    "Findings",
    "Question",
    "all_checks",
    "answer",
    "arrow_words",
    "ask",
    "case_figure",
    "claim_words",
    "data_notes",
    "elasticity_table",
    "elasticity_words",
    "fit",
    "gathered",
    "headline_of",
    "losses",
    "losses_table",
    "meaning",
    "method",
    "naive_table",
    "path_figure",
    "path_table",
    "shares_table",
    "spells_table",
    "standing_table",
    "verdict",
    "verdicts",
]
