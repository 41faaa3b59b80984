"""What did the pilot show, for the single customers that it was given to, and was it drawn by lot?"""

from coroi.studies.pilot.answer import answer_of, verdicts
from coroi.studies.pilot.guards import Guards, run_guards
from coroi.studies.pilot.meaning import meaning, method, next_words
from coroi.studies.pilot.page import (
    arms_table,
    effects_figure,
    flow_table,
    matched_table,
    outcomes_table,
    slide_figure,
    verdicts_table,
)
from coroi.studies.pilot.parts import Parts, fit_parts
from coroi.studies.pilot.question import Question, ask
from coroi.studies.pilot.words import answer, claim_words, guard_words, left_out_words, slide_words

__all__ = [
    "Guards",
    "Parts",
    "Question",
    "answer",
    "answer_of",
    "arms_table",
    "ask",
    "claim_words",
    "effects_figure",
    "fit_parts",
    "flow_table",
    "guard_words",
    "left_out_words",
    "matched_table",
    "meaning",
    "method",
    "next_words",
    "outcomes_table",
    "run_guards",
    "slide_figure",
    "slide_words",
    "verdicts",
    "verdicts_table",
]
