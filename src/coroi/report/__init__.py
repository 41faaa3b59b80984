"""What notebooks show and stakeholders read: words, figures, tables and pages; no statistic is computed here.

Each function returns something that IPython displays: the last line of a cell, or ``display(a, b)`` for several.
"""

from __future__ import annotations

from coroi.report.blocks import Answer, Block, headline, notes, prose
from coroi.report.figures import Picture, figure
from coroi.report.tables import checks, table
from coroi.report.theme import PALETTE, finding, label_lines, new_figure, use_theme

__all__ = [
    "PALETTE",
    "Answer",
    "Block",
    "Picture",
    "checks",
    "figure",
    "finding",
    "headline",
    "label_lines",
    "new_figure",
    "notes",
    "prose",
    "table",
    "use_theme",
]
