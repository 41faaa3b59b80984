"""Did the programme work, for whom, by how much, and what would a referee say?"""

from coroi.studies.programme.answer import answer_of, verdicts
from coroi.studies.programme.guards import Guards, run_guards
from coroi.studies.programme.meaning import meaning, method, next_words
from coroi.studies.programme.page import (
    comparisons_table,
    flow_table,
    guards_table,
    lost_table,
    outcomes_table,
    parts_table,
    path_figure,
    verdicts_table,
    ways_figure,
)
from coroi.studies.programme.parts import Parts, fit_parts
from coroi.studies.programme.question import Question, ask
from coroi.studies.programme.words import (
    answer,
    claim_words,
    dose_words,
    guard_words,
    slide_words,
    sponsor_words,
)

__all__ = [
    "Guards",
    "Parts",
    "Question",
    "answer",
    "answer_of",
    "ask",
    "claim_words",
    "comparisons_table",
    "dose_words",
    "fit_parts",
    "flow_table",
    "guard_words",
    "guards_table",
    "lost_table",
    "meaning",
    "method",
    "next_words",
    "outcomes_table",
    "parts_table",
    "path_figure",
    "run_guards",
    "slide_words",
    "sponsor_words",
    "verdicts",
    "verdicts_table",
    "ways_figure",
]
