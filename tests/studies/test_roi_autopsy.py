"""The slide's figure taken apart by the study `roi`: what is corrected, what cannot be, and where there is nothing."""

from __future__ import annotations

import html
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_words import misprinted

from coroi.studies import roi
from coroi.studies.inputs import Inputs
from coroi.studies.roi import autopsy


@pytest.fixture(scope="module")
def sample(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def question(sample) -> roi.Question:
    return roi.ask(sample)


def drawn(*, n: int = 400, per: int = 4, second: bool = True, top: float = 10.0, seed: int = 1) -> pd.DataFrame:
    """Draw answers: who is worth more scores higher, and answers more often."""
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(n), per)
    worth = rng.normal(size=n)[entity]
    score = np.clip(np.round(7 + 1.5 * worth + 1.5 * rng.normal(size=n * per)), 0, top)
    answered = (rng.random(n * per) < 0.5 + 0.1 * np.clip(worth, -1, 1)).astype(float)
    frame = pd.DataFrame(
        {
            "entity": entity,
            "period": np.tile(np.arange(per), n),
            "score": np.where(answered == 1, score, np.nan),
            "answered": answered,
            "outcome": 100 + 20 * worth + 2 * (score - 7) + 5 * rng.normal(size=n * per),
            "recent": 30 + 6 * worth + rng.normal(size=n * per),
            "level": 10 + 2 * worth + rng.normal(size=n * per),
            "tenure": rng.integers(1, 40, n * per).astype(float),
            "segment": np.where(entity % 2 == 0, "a", "b"),
        }
    )
    past = frame.groupby("entity")["score"].transform(lambda s: s.shift().expanding().mean())
    return frame.assign(earlier=past if second else np.nan)


def fitted(sample: Inputs, question: roi.Question, frame: pd.DataFrame, monkeypatch):
    monkeypatch.setattr(autopsy, "answers_with_money", lambda *_, **__: frame.copy())
    return roi.fit_autopsy(sample, question, metric="nps")


def test_every_step_is_corrected_where_the_data_bear_it(sample, question, monkeypatch):
    found = fitted(sample, question, drawn(), monkeypatch)
    assert not isinstance(found, str)
    words = roi.autopsy_words(sample, question, found, metric="nps")
    for text in words:
        assert misprinted(text) == [], text
    assert words[0].startswith(
        "A slide would set customers who answer at the good end of NPS beside those at its bad end"
    )
    assert words[-1].endswith("The answer above does not rest on it.")
    figure = roi.autopsy_figure(sample, question, found)
    assert figure.alt.startswith("The slide's figure lies above the interval of the corrected one. ")


def test_without_second_answers_that_step_is_named_as_not_made(sample, question, monkeypatch):
    found = fitted(sample, question, drawn(second=False), monkeypatch)
    words = " ".join(roi.autopsy_words(sample, question, found, metric="nps"))
    assert "Not corrected for: " in words


def test_with_nobody_at_the_top_it_is_refused_with_its_reason(sample, question, monkeypatch):
    found = fitted(sample, question, drawn(top=8.0), monkeypatch)
    assert isinstance(found, str)
    assert not found.endswith(".")
    assert roi.autopsy_words(sample, question, found) == ("What the slide's figure is made of cannot be told.",)
    assert "There is no autopsy of the slide's figure: " in html.unescape(
        roi.autopsy_figure(sample, question, found).html
    )


def test_without_answers_there_is_no_autopsy(sample, question, monkeypatch):
    bare = replace(sample, tables={k: v for k, v in sample.tables.items() if k != "responses"})
    assert roi.fit_autopsy(bare, question) == "the data hold no answers of customers with money"
    nobody = drawn().assign(answered=0.0, score=np.nan)
    assert fitted(sample, question, nobody, monkeypatch) == "no answer has money before it and after it"
    assert fitted(sample, question, nobody.iloc[:0], monkeypatch) == "no answer has money before it and after it"


def test_where_low_is_good_the_mirrored_scale_gives_the_same_answer(sample, question, monkeypatch):
    frame = drawn()
    usual = fitted(sample, question, frame, monkeypatch)
    metrics = dict(sample.plan.metrics)
    metrics["nps"] = metrics["nps"].model_copy(update={"higher_is": "worse"})
    worse = replace(sample, plan=sample.plan.model_copy(update={"metrics": metrics}))
    mirrored = frame.assign(score=10 - frame["score"], earlier=10 - frame["earlier"])
    other = fitted(worse, question, mirrored, monkeypatch)
    assert not isinstance(other, str)
    columns = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(
        usual.estimates[columns].to_numpy(float), other.estimates[columns].to_numpy(float), rtol=1e-7, atol=1e-7
    )
