from __future__ import annotations

import base64

import pytest
from matplotlib import pyplot

from coroi.errors import ReportError
from coroi.report import figure, new_figure
from coroi.report.figures import Picture

ALT = "A curve that falls from 100 % to 80 % over twelve months."
CAPTION = "Retention by month; n = 1,204."


def draw(**size: float) -> Picture:
    fig, ax = new_figure(**size)
    ax.plot([0, 1], [1, 0])
    return figure(fig, alt=ALT, caption=CAPTION)


def test_a_figure_is_drawn_at_twice_its_size_on_the_page() -> None:
    picture = draw(width=5, height=3)
    assert (picture.width, picture.height) == (500, 300)
    assert picture.png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture.png[16:20], "big") == 1000


def test_its_words_travel_in_the_metadata() -> None:
    picture = draw()
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == picture.png
    assert metadata["image/png"] == {"alt": ALT, "width": 640, "height": 420}
    assert metadata["coroi"] == {"kind": "figure", "caption": CAPTION}
    assert metadata["needs_background"] == "light"


def test_equal_drawings_give_equal_bytes_without_date_or_software() -> None:
    first, second = draw(), draw()
    assert first.png == second.png
    assert b"Software" not in first.png
    assert b"tIME" not in first.png


def test_a_figure_of_pyplot_is_closed() -> None:
    before = pyplot.get_fignums()
    fig = pyplot.figure()
    figure(fig, alt=ALT, caption=CAPTION)
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize(
    ("alt", "message"),
    [
        ("", "has no alternative text"),
        ("   ", "has no alternative text"),
        ("a chart", "is a placeholder: 'a chart'"),
        ("Figure", "is a placeholder: 'Figure'"),
        ("Figure 12.", "is a placeholder: 'Figure 12.'"),
        ("No description has been provided for this image", "is a placeholder"),
        (CAPTION, "repeats its caption"),
        (CAPTION.upper().rstrip("."), "repeats its caption"),
        ("Retention falls by month.", "has 25 characters, at least 40 are needed"),
    ],
)
def test_words_that_tell_nothing_are_refused(alt: str, message: str) -> None:
    fig, _ = new_figure()
    with pytest.raises(ReportError) as error:
        figure(fig, alt=alt, caption=CAPTION)
    assert message in str(error.value)


def test_a_missing_caption_is_refused() -> None:
    fig, _ = new_figure()
    with pytest.raises(ReportError, match="no caption"):
        figure(fig, alt=ALT, caption=" ")


def test_a_sentence_that_begins_with_the_word_chart_is_fine() -> None:
    fig, _ = new_figure()
    alt = "Figure of two curves: promoters end near 93 %, detractors near 80 %."
    assert figure(fig, alt=alt, caption=CAPTION).alt == alt
