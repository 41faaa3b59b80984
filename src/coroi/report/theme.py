"""One look for every figure: six colours that hold up for the colour-blind and in grey, and words set in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coroi.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

PALETTE = ("#244abd", "#b04223", "#06916f", "#c88600", "#672953", "#1b075a")
INK = "#1d2327"
MUTED = "#50595f"
GRID = "#d4d7d7"
TEXT_SIZE = 11.5
TITLE_SIZE = 14.0
WIDTH, HEIGHT = 6.4, 4.2
DENSITY = 2  # dots of a picture per pixel of a page
DOTS_PER_INCH = 100 * DENSITY
_EDGE = 0.04  # inches between the figure's edge and its words
_SETTINGS: dict[str, object] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_SIZE,
    "axes.labelsize": TEXT_SIZE,
    "xtick.labelsize": TEXT_SIZE,
    "ytick.labelsize": TEXT_SIZE,
    "legend.fontsize": TEXT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid.axis": "y",
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "ytick.left": False,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
}


def use_theme() -> None:
    """Set the house style for every figure drawn from now on."""
    import seaborn as sns

    sns.set_theme(context="notebook", style="whitegrid", palette=list(PALETTE), rc=_SETTINGS)


def new_figure(*, width: float = WIDTH, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """Start a figure with one pair of axes, in the house style.

    Parameters
    ----------
    width, height : float
        Size in inches; 6.4 inches fill the column of a page, where 1 inch is 100 pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    use_theme()
    fig = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.add_subplot()


def finding(ax: Axes, title: str, subtitle: str) -> None:
    """Set the finding above a figure, flush left and wrapped, with what is plotted below it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Any axes of the figure.
    title : str
        The finding: "Customers who score 9 or 10 stay longest".
    subtitle : str
        What is plotted, with its unit.
    """
    fig = ax.get_figure(root=True)
    assert fig is not None
    width, height = fig.get_size_inches()
    left, top = _EDGE / width, 1 - _EDGE / height
    lower = _place(fig, left, top, title, size=TITLE_SIZE, weight="bold", color=INK)
    lower = _place(fig, left, lower - 0.07 / height, subtitle, size=TEXT_SIZE, weight="normal", color=MUTED)
    fig.set_layout_engine("constrained", rect=(0, 0, 1, lower - 0.08 / height))


def label_lines(ax: Axes, labels: Mapping[str, str] | None = None) -> list[Text]:
    """Name lines at their right ends, in their colours and clear of one another, in place of a legend.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes with lines that carry labels; call this last, when limits and titles are set.
    labels : Mapping of str to str, optional
        What to write for a line's label; by default the label itself.

    Raises
    ------
    ReportError
        If no line carries a label.
    """
    lines = [line for line in ax.get_lines() if _is_named(line) and (labels is None or line.get_label() in labels)]
    if not lines:
        raise ReportError("No line of the figure carries a label. Draw each with label=… and call label_lines last.")
    legend, fig = ax.get_legend(), ax.get_figure(root=True)
    assert fig is not None
    if legend is not None:
        legend.remove()
    fig.draw_without_rendering()
    ends = [_end(line) for line in lines]
    points_per_pixel = 72 / fig.dpi
    heights = [ax.transData.transform(end)[1] * points_per_pixel for end in ends]
    floor, ceiling = (y * points_per_pixel for y in ax.bbox.intervaly)
    places = spread(heights, gap=TEXT_SIZE * 1.3, low=floor, high=ceiling)
    names = [str(line.get_label()) if labels is None else labels[str(line.get_label())] for line in lines]
    moves = [place - height for place, height in zip(places, heights, strict=True)]
    return [_name_end(ax, *each) for each in zip(lines, names, ends, moves, strict=True)]


def spread(heights: list[float], *, gap: float, low: float, high: float) -> list[float]:
    """Move heights apart to at least `gap`, as little as possible, and between `low` and `high` where they fit."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(heights))
    settled = isotonic_regression(np.asarray(heights, dtype=float)[order] - steps).x
    placed = np.empty(len(heights))
    placed[order] = np.clip(settled, low, max(low, high - steps[-1])) + steps
    return [float(p) for p in placed]


def readable(color: object) -> str:
    """Darken a colour until text in it has a contrast of 4.5 : 1 on the page."""
    from matplotlib.colors import to_hex, to_rgb

    rgb = to_rgb(color)  # type: ignore[arg-type]
    while contrast(rgb) < 4.5:
        rgb = tuple(0.95 * c for c in rgb)  # type: ignore[assignment]
    return to_hex(rgb)


def contrast(rgb: tuple[float, float, float], paper: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    light, dark = sorted((luminance(rgb), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: tuple[float, float, float]) -> float:
    """Return a colour's relative luminance, as WCAG 2 defines it."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _place(fig: Figure, x: float, y: float, words: str, *, size: float, weight: str, color: str) -> float:
    """Write wrapped words with their top left corner at (x, y) and return the height of their lower edge."""
    text = fig.text(x, y, words, ha="left", va="top", size=size, weight=weight, color=color, linespacing=1.25)
    text.set_text(_wrapped(text, words, fig.bbox.width * (1 - 2 * x)))
    return float(text.get_window_extent().transformed(fig.transFigure.inverted()).y0)


def _wrapped(text: Text, words: str, width: float) -> str:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        text.set_text(longer)
        if lines and text.get_window_extent().width <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _is_named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_")


def _end(line: Line2D) -> tuple[float, float]:
    """Return the last point that has a height, in the axes' units."""
    import numpy as np

    x = np.asarray(line.get_xdata(orig=False), dtype=float)
    y = np.asarray(line.get_ydata(orig=False), dtype=float)
    last = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[-1]
    return float(x[last]), float(y[last])


def _name_end(ax: Axes, line: Line2D, name: str, end: tuple[float, float], move: float) -> Text:
    """Write a line's name beside its end, `move` points higher, with a thin leader where it moved."""
    leader = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.8, "shrinkA": 0, "shrinkB": 2}
    return ax.annotate(
        name,
        xy=end,
        xytext=(10, move),
        textcoords="offset points",
        va="center",
        color=readable(line.get_color()),
        fontsize=TEXT_SIZE,
        annotation_clip=False,
        arrowprops=leader if abs(move) > 1 else None,
    )
