"""Figures: a picture sharp at twice the density, with words for those who cannot see it."""

from __future__ import annotations

import base64
import io
import re
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coroi.errors import ReportError
from coroi.report.blocks import MARK
from coroi.report.theme import DENSITY, DOTS_PER_INCH

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SHORTEST_ALT = 40
_PLACEHOLDER = re.compile(r"^(an?|the)?\s*(figure|chart|plot|graph|image|picture|description)\b[^a-z]*$")
_UNDESCRIBED = "no description has been provided"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with its size on the page, its alternative text and its caption."""

    png: bytes
    alt: str
    caption: str
    width: int
    height: int

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        image = {"alt": self.alt, "width": self.width, "height": self.height}
        data = {"image/png": base64.b64encode(self.png).decode(), "text/plain": f"{self.caption}\n{self.alt}"}
        marks = {"image/png": image, MARK: {"kind": "figure", "caption": self.caption}, "needs_background": "light"}
        return data, marks


def figure(fig: Drawing, *, alt: str, caption: str) -> Picture:
    """Show a matplotlib figure and close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The drawing.
    alt : str
        What the figure shows, for those who cannot see it: the finding and the shape, in a sentence or two.
    caption : str
        What is plotted, the source and n.

    Raises
    ------
    ReportError
        If the alternative text is missing, a placeholder or the caption again, or if the caption is empty.
    """
    problem = alt_problem(alt, caption)
    if problem:
        raise ReportError(problem)
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=DOTS_PER_INCH, transparent=True, metadata={"Software": None})
    _close(fig)
    png = file.getvalue()
    width, height = struct.unpack(">II", png[16:24])
    return Picture(png, alt.strip(), caption.strip(), round(width / DENSITY), round(height / DENSITY))


def alt_problem(alt: str, caption: str) -> str:
    """Say what is wrong with a figure's words, or return an empty string."""
    told, under = " ".join(alt.split()), " ".join(caption.split())
    advice = "Tell the finding and the shape in a sentence: figure(fig, alt=…, caption=…)."
    if not under:
        return "A figure has no caption. Say what is plotted, the source and n: figure(fig, alt=…, caption=…)."
    if not told:
        return f"A figure has no alternative text. {advice}"
    if _PLACEHOLDER.match(told.casefold()) or _UNDESCRIBED in told.casefold():
        return f"A figure's alternative text is a placeholder: '{told}'. {advice}"
    if told.casefold().rstrip(".") == under.casefold().rstrip("."):
        return f"A figure's alternative text repeats its caption. {advice}"
    if len(told) < SHORTEST_ALT:
        return f"A figure's alternative text has {len(told)} characters, at least {SHORTEST_ALT} are needed. {advice}"
    return ""


def _close(fig: Drawing) -> None:
    """Close a figure that pyplot holds, so that the notebook does not show it a second time."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(fig)
