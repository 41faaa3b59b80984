"""What came in, what was left out and why, who answers, and which questions can be asked of it?"""

from coroi.studies.readiness.borne_page import claim_table, study_table
from coroi.studies.readiness.page import (
    answer,
    coverage_table,
    drop_table,
    flag_table,
    flow_figure,
    leak_table,
    losses_table,
    meaning,
    method,
    respondent_table,
    verbatim_notes,
)
from coroi.studies.readiness.publish import publish
from coroi.studies.readiness.readings import Scores
from coroi.studies.readiness.scores import score_answers, with_scores
from coroi.studies.readiness.scores_page import measure_table, score_checks, score_method, score_table
from coroi.studies.readiness.survey import Survey, as_result, look
from coroi.studies.readiness.voices import Voices, hear, with_voices
from coroi.studies.readiness.voices_page import voice_checks, voice_method, voice_notes, voice_table

__all__ = [
    "Scores",
    "Survey",
    "Voices",
    "answer",
    "as_result",
    "claim_table",
    "coverage_table",
    "drop_table",
    "flag_table",
    "flow_figure",
    "hear",
    "leak_table",
    "look",
    "losses_table",
    "meaning",
    "measure_table",
    "method",
    "publish",
    "respondent_table",
    "score_answers",
    "score_checks",
    "score_method",
    "score_table",
    "study_table",
    "verbatim_notes",
    "voice_checks",
    "voice_method",
    "voice_notes",
    "voice_table",
    "with_scores",
    "with_voices",
]
