from __future__ import annotations

import pytest

from coroi.metrics.bands import band_labels, default_bands
from coroi.sources import Metric

CASES = {
    (0, 10): ((6, 8), ("0–6", "7–8", "9–10")),
    (1, 10): ((6, 8), ("1–6", "7–8", "9–10")),
    (1, 5): ((2, 3, 4), ("1–2", "3", "4", "5")),
    (1, 7): ((4, 5, 6), ("1–4", "5", "6", "7")),
    (0, 100): ((33, 66), ("0–33", "34–66", "67–100")),
    (1, 4): ((2, 3), ("1–2", "3", "4")),
    (0, 1): ((0,), ("0", "1")),
    (1, 2): ((1,), ("1", "2")),
    (-100, 100): ((-34, 33), ("-100 to -34", "-33 to 33", "34 to 100")),
    (0.5, 5): ((2.0, 3.5), ("0.5–2", ">2–3.5", ">3.5–5")),
    (0, 0.5): ((0.167, 0.333), ("0–0.167", ">0.167–0.333", ">0.333–0.5")),
}


@pytest.mark.parametrize("scale", CASES)
def test_each_scale_has_its_bands_and_labels(scale):
    metric = Metric(scale=scale)
    assert (default_bands(metric), band_labels(metric)) == CASES[scale]


def test_a_plan_s_own_bands_hold():
    metric = Metric(scale=(0, 10), bands=(3,))
    assert default_bands(metric) == (3,)
    assert band_labels(metric) == ("0–3", "4–10")


def test_broken_edges_on_a_whole_scale_are_told_apart():
    assert band_labels(Metric(scale=(0, 100), bands=(33.3, 66.7))) == ("0–33.3", ">33.3–66.7", ">66.7–100")


@pytest.mark.parametrize("low", range(-3, 4))
@pytest.mark.parametrize("span", range(1, 30))
def test_edges_rise_inside_the_scale_and_labels_cover_every_whole_answer_once(low, span):
    metric = Metric(scale=(low, low + span))
    edges = default_bands(metric)
    assert list(edges) == sorted(set(edges))
    assert all(low <= edge < low + span for edge in edges)
    assert len(band_labels(metric)) == len(edges) + 1
    assert len(set(band_labels(metric))) == len(edges) + 1
