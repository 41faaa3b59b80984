"""Do customers who scored higher stay more often, by how much, and how sure is that?"""

from coroi.studies.retention.answer import fit, verdict
from coroi.studies.retention.meaning import meaning, method
from coroi.studies.retention.page import band_figure, band_table, curve_figure, data_notes, flow_table
from coroi.studies.retention.question import Question, ask
from coroi.studies.retention.words import answer

__all__ = [
    "Question",
    "answer",
    "ask",
    "band_figure",
    "band_table",
    "curve_figure",
    "data_notes",
    "fit",
    "flow_table",
    "meaning",
    "method",
    "verdict",
]
