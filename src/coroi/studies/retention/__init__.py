"""Do customers who scored higher stay more often, by how much, and how sure is that?"""

from coroi.studies.retention.answer import claim_verdict, fit, verdict
from coroi.studies.retention.meaning import meaning, method, point_method
from coroi.studies.retention.page import band_figure, band_table, curve_figure, data_notes, flow_table
from coroi.studies.retention.point import PointEffect, fit_point
from coroi.studies.retention.point_page import (
    check_prediction,
    hazard_table,
    point_words,
    prediction_table,
)
from coroi.studies.retention.publish import publish
from coroi.studies.retention.question import Question, ask
from coroi.studies.retention.tenure_page import tenure_figure
from coroi.studies.retention.words import answer, claim_words

__all__ = [
    "PointEffect",
    "Question",
    "answer",
    "ask",
    "band_figure",
    "band_table",
    "check_prediction",
    "claim_verdict",
    "claim_words",
    "curve_figure",
    "data_notes",
    "fit",
    "fit_point",
    "flow_table",
    "hazard_table",
    "meaning",
    "method",
    "point_method",
    "point_words",
    "prediction_table",
    "publish",
    "tenure_figure",
    "verdict",
]
