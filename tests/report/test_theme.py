from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from coroi.errors import ReportError
from coroi.report import PALETTE, finding, label_lines, new_figure
from coroi.report.theme import DOTS_PER_INCH, TEXT_SIZE, WIDTH, contrast, luminance, readable, spread

# How the three kinds of dichromacy see linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.0890])


def linear(color: str) -> np.ndarray:
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_six_colours_at_most_and_none_twice() -> None:
    assert len(PALETTE) == len(set(PALETTE)) == 6


def test_the_colours_stay_apart_in_grey() -> None:
    greys = sorted(116 * np.cbrt(luminance(to_rgb(c))) - 16 for c in PALETTE)
    assert min(np.diff(greys)) > 7


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_colours_stay_apart_for_all_eyes(eyes: str) -> None:
    seen = [lab(np.array(SEEN_BY[eyes]) @ linear(c)) for c in PALETTE]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 25


@pytest.mark.parametrize("color", PALETTE)
def test_every_colour_shows_on_the_page_and_its_label_can_be_read(color: str) -> None:
    assert contrast(to_rgb(color)) >= 3
    assert contrast(to_rgb(readable(color))) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0)) == pytest.approx(21)
    assert contrast(to_rgb("#767676")) == pytest.approx(4.54, abs=0.01)


def test_text_can_be_read_on_a_phone() -> None:
    pixels = TEXT_SIZE / 72 * 100 * 360 / (100 * WIDTH)
    assert pixels >= 8.9


def test_spread_keeps_what_is_clear_and_parts_what_is_not() -> None:
    assert spread([10, 50, 90], gap=15, low=0, high=100) == [10, 50, 90]
    assert spread([50, 52], gap=10, low=0, high=100) == pytest.approx([46, 56])
    assert spread([52, 50], gap=10, low=0, high=100) == pytest.approx([56, 46])
    assert spread([1, 2, 3], gap=10, low=0, high=100) == pytest.approx([0, 10, 20])
    assert spread([99, 98], gap=10, low=0, high=100) == pytest.approx([100, 90])


def test_labels_stand_clear_of_one_another_and_inside_the_figure() -> None:
    fig, ax = new_figure()
    for name, end in {"nine or ten": 0.90, "seven": 0.89, "six or less": 0.885, "never answered": 0.4}.items():
        ax.plot([0, 1, 2], [1, end, np.nan], label=name)
    ax.legend()
    texts = label_lines(ax)
    fig.draw_without_rendering()
    boxes = sorted((Text.get_window_extent(text) for text in texts), key=lambda box: box.y0)
    assert [text.get_text() for text in texts] == ["nine or ten", "seven", "six or less", "never answered"]
    assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))
    assert max(box.x1 for box in boxes) <= fig.bbox.x1
    assert ax.get_legend() is None


def test_labels_can_be_chosen_and_must_exist() -> None:
    _, ax = new_figure()
    ax.plot([0, 1], [0, 1], label="a")
    ax.plot([0, 1], [1, 0], label="b")
    assert [t.get_text() for t in label_lines(ax, {"b": "Band $b$"})] == ["Band $b$"]
    _, empty = new_figure()
    with pytest.raises(ReportError, match="No line of the figure carries a label"):
        label_lines(empty)


def test_the_finding_stands_above_the_axes_and_fits_the_width() -> None:
    fig, ax = new_figure()
    ax.plot([0, 1], [0, 1])
    title = (
        "Customers who score 9 or 10 stay longest, and those who score 6 or less leave three times as fast as they do"
    )
    finding(ax, title, "Share retained, from $5 to $10 a month")
    fig.draw_without_rendering()
    top, below = fig.texts
    assert top.get_text().replace("\n", " ") == title
    assert "\n" in top.get_text()
    assert below.get_text() == "Share retained, from $5 to $10 a month"
    boxes = [text.get_window_extent() for text in (top, below)]
    assert boxes[0].x0 == pytest.approx(boxes[1].x0, abs=0.02 * DOTS_PER_INCH)
    assert max(box.x1 for box in boxes) <= fig.bbox.x1
    assert boxes[0].y1 <= fig.bbox.y1
    assert boxes[0].y0 > boxes[1].y1
    assert boxes[1].y0 > ax.get_tightbbox().y1
