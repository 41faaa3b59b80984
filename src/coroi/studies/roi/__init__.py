"""Does it pay, when, and what is the strongest case against?"""

from coroi.studies.roi.answer import answer_of, verdicts
from coroi.studies.roi.asking import ask
from coroi.studies.roi.autopsy import autopsy_figure, autopsy_words, fit_autopsy
from coroi.studies.roi.books import Books, keep_books
from coroi.studies.roi.case_against import CaseAgainst, case_against
from coroi.studies.roi.figures import swings_figure, valley_figure
from coroi.studies.roi.foresight import observed, predictions
from coroi.studies.roi.guards import Guards, run_guards
from coroi.studies.roi.horizons import grid_table, horizon_table
from coroi.studies.roi.meaning import meaning, method, next_words, referee_words
from coroi.studies.roi.page import (
    flow_table,
    information_table,
    ledger_table,
    ledger_words,
    numbers_table,
    run_out_table,
    verdicts_table,
)
from coroi.studies.roi.parts import Parts, fit_parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued, value
from coroi.studies.roi.words import answer, claim_words, left_out_words, payback_and_valley

__all__ = [
    "Books",
    "CaseAgainst",
    "Guards",
    "Parts",
    "Question",
    "Valued",
    "answer",
    "answer_of",
    "ask",
    "autopsy_figure",
    "autopsy_words",
    "case_against",
    "claim_words",
    "fit_autopsy",
    "fit_parts",
    "flow_table",
    "grid_table",
    "horizon_table",
    "information_table",
    "keep_books",
    "ledger_table",
    "ledger_words",
    "left_out_words",
    "meaning",
    "method",
    "next_words",
    "numbers_table",
    "observed",
    "payback_and_valley",
    "predictions",
    "referee_words",
    "run_guards",
    "run_out_table",
    "swings_figure",
    "valley_figure",
    "value",
    "verdicts",
    "verdicts_table",
]
