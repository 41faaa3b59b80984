"""Comments: who writes one beside a score, and in what tone."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats, Ints

VERBATIM_SHARE = 0.12
TONE_BY_MEANT = 0.65  # the tone follows what is meant this much, and the score given for the rest
TONE_NOISE = 0.3  # of the noise of a score
SILENT = -1
VERBATIMS = (
    ("Waited too long for an answer.", "The bill was wrong again.", "Nobody called me back."),
    ("Does what it should.", "Good, but a little dear.", "No complaints so far."),
    ("Quick and friendly help.", "Everything simply works.", "Solved at the first call."),
)
UNHAPPY, LUKEWARM, HAPPY = range(len(VERBATIMS))


def draw_tones(score: Ints, meant: Floats, moods: tuple[int, int], noise: float, chance: np.random.Generator) -> Ints:
    """Draw the tone of each answer's comment: unhappy, lukewarm or happy; ``SILENT`` without a comment.

    Parameters
    ----------
    score : numpy.ndarray
        The answer, shape (n_answers,).
    meant : numpy.ndarray
        What the score would be without noise or rounding: words tell more of it than the score does.
    moods : tuple of int
        Highest scores of the unhappy and of the lukewarm.
    noise : float
        Standard deviation of a score's noise.
    chance : numpy.random.Generator
        Random stream.
    """
    writes, wording = chance.random(score.size), chance.standard_normal(score.size)
    heard = (1 - TONE_BY_MEANT) * score + TONE_BY_MEANT * meant + TONE_NOISE * noise * wording
    tone = np.searchsorted(np.array(moods) + 0.5, heard)
    return np.where(writes < VERBATIM_SHARE, tone, SILENT)


def sentences(tone: Ints, chance: np.random.Generator) -> np.ndarray:
    """Return a comment for each tone, empty where there is none."""
    chosen = chance.integers(len(VERBATIMS[0]), size=tone.size)
    return np.where(tone == SILENT, "", np.array(VERBATIMS)[tone, chosen])
