"""Comments tell more of what is meant than the score beside them."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.company.history import draw_history
from coroi.company.responses import NPS
from coroi.company.verbatims import HAPPY, LUKEWARM, SILENT, UNHAPPY, VERBATIMS, draw_tones, sentences


def test_the_tone_lies_between_the_score_and_what_is_meant():
    score, meant = np.repeat([9, 9, 2, 7], 4000), np.repeat([9.0, 4.0, 9.0, 7.5], 4000)
    tone = draw_tones(score, meant, (6, 8), 0.0, np.random.default_rng(1)).reshape(4, -1)
    assert (tone != SILENT).mean() == pytest.approx(0.12, abs=0.01)
    # Two thirds of what is meant, one third of the score: 9, 5.75, 6.55 and 7.3.
    for row, mood in zip(tone, (HAPPY, UNHAPPY, LUKEWARM, LUKEWARM), strict=True):
        assert set(row) == {SILENT, mood}


def test_words_follow_the_tone():
    tone = np.repeat([UNHAPPY, LUKEWARM, HAPPY, SILENT], 500)
    words = sentences(tone, np.random.default_rng(1)).reshape(4, -1)
    assert [set(row) for row in words] == [*(set(each) for each in VERBATIMS), {""}]


def test_among_equal_scores_the_tone_tells_who_is_happier():
    history = draw_history(customers=20_000, months=24, seed=9)
    nps = history.answers[0]
    month = nps.asked.astype("datetime64[D]").astype("datetime64[M]").astype(int) - 52 * 12
    felt = history.satisfaction[month + 1, nps.customer]
    for score in (6, 7, 8, 9):
        means = [felt[(nps.score == score) & (nps.tone == tone)].mean() for tone in (UNHAPPY, LUKEWARM, HAPPY)]
        known = [m for m in means if not np.isnan(m)]
        assert (np.diff(known) > 0.1).all(), (score, means)
        counts = [((nps.score == score) & (nps.tone == tone)).sum() for tone in (UNHAPPY, LUKEWARM, HAPPY)]
        assert sorted(counts)[1] > 30, (score, counts)
    assert nps.survey == NPS
