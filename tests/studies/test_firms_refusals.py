"""What the study `firms` says where the data cannot bear it: reasons, and no number that means nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_firms import drawn_firms, open_firms

from coroi.studies import firms

DROPPED = {
    "no money": ["revenue", "earnings", "market_value"],
    "no industry": ["industry"],
    "no earnings": ["earnings"],
}


def page_of(tmp_path, frame: pd.DataFrame, **asked):
    """Run the whole study, its words, figures and tables, and return its verdicts and first sentence."""
    opened = open_firms(tmp_path, {"firms": frame})
    question = firms.ask(opened, **asked)
    found = firms.fit(question)
    verdicts = firms.verdicts(question, found)
    answer = firms.answer(question, found, verdicts)
    opened.save(
        firms.gathered(question, found), verdict=verdicts[firms.headline_of(verdicts)], headline=answer.sentence
    )
    firms.meaning(question, found, verdicts), firms.method(question, found), firms.arrow_words(question, found)
    for shown in (firms.path_figure, firms.path_table, firms.standing_table, firms.spells_table, firms.shares_table):
        shown(question, found)
    firms.losses_table(question, found), firms.case_figure(question), firms.data_notes(opened.ledger)
    return verdicts, answer.sentence


def labels(verdicts) -> dict[str, bool]:
    return {name: v.label != "not testable with this data" for name, v in verdicts.items()}


@pytest.mark.parametrize(
    ("lacks", "tested"),
    [
        ("no money", {"standing": False, "value": False, "cost": False}),
        ("no industry", {"standing": False, "value": True, "cost": True}),
        ("no earnings", {"standing": True, "value": True, "cost": False}),
    ],
)
def test_what_the_columns_lack_is_not_tested(tmp_path, lacks, tested):
    verdicts, sentence = page_of(tmp_path, drawn_firms().drop(columns=DROPPED[lacks]))
    assert labels(verdicts) == tested
    for name, ok in tested.items():
        if not ok:
            assert verdicts[name].reason.startswith("the data hold n")
            assert np.isnan(verdicts[name].estimate)
    if lacks == "no money":
        assert "cannot be tested with these data" in sentence


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.assign(satisfaction=70.0), "never varies|no firm has all|fewer than 10"),
        (lambda d: d[d["period"] < "2012"], "no firm has all|never varies|fewer than|spare|no more rows"),
        (lambda d: d[d["firm_id"] == "Firm 01"], "fewer than|only as the periods do"),
        (lambda d: d[d["period"] == "2010-01-01"], "no firm has all|fewer than 10"),
        (lambda d: d[d["period"].isin(["2010-01-01", "2012-01-01", "2015-01-01"])], "no firm has all|fewer than"),
        (lambda d: d.assign(market_value=0.0, revenue=0.0, earnings=0.0), "no firm has all|no firm's standing"),
    ],
    ids=["flat", "two years", "one firm", "one year", "gaps", "zeros"],
)
def test_panels_that_tell_nothing_get_reasons(tmp_path, change, why):
    verdicts, sentence = page_of(tmp_path, change(drawn_firms()))
    assert labels(verdicts) == {"standing": False, "value": False, "cost": False}
    for verdict in verdicts.values():
        assert pd.Series([verdict.reason]).str.contains(why).all(), verdict.reason
    assert "nan" not in sentence


def test_a_case_seen_once_is_not_drawn(tmp_path):
    frame = drawn_firms()
    frame = frame[(frame["firm_id"] != "Firm 03") | (frame["period"] == "2012-01-01")]
    question = firms.ask(open_firms(tmp_path, {"firms": frame}), case_firm="Firm 03")
    assert firms.case_figure(question).text.endswith("Firm 03 is seen in fewer than two periods.")


def test_a_firm_whose_name_is_a_script_is_only_text(tmp_path):
    frame = drawn_firms().replace({"firm_id": {"Firm 02": "<script>alert(1)</script>"}})
    question = firms.ask(open_firms(tmp_path, {"firms": frame}), case_firm="<script>alert(1)</script>")
    html, _ = firms.case_figure(question)._repr_mimebundle_()
    assert "text/html" not in html
