"""How much is a point of experience worth, after how long, and which way does the arrow run?"""

from coroi.studies.profit.answer import answer_of, verdicts
from coroi.studies.profit.meaning import meaning, method
from coroi.studies.profit.page import clock_table, flow_table, path_figure, sides_figure
from coroi.studies.profit.parts import Parts, fit_parts
from coroi.studies.profit.question import Question, ask
from coroi.studies.profit.words import answer, arrow_words, claim_words, selected_words, sides_words

__all__ = [
    "Parts",
    "Question",
    "answer",
    "answer_of",
    "arrow_words",
    "ask",
    "claim_words",
    "clock_table",
    "fit_parts",
    "flow_table",
    "meaning",
    "method",
    "path_figure",
    "selected_words",
    "sides_figure",
    "sides_words",
    "verdicts",
]
