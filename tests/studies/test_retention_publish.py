"""What the study `retention` publishes tells no count of few customers, by whatever subtraction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_company import question_of

from coroi.errors import StudyError
from coroi.inference.disclosure import SHOWN, exposed_cells
from coroi.studies.retention import (
    answer,
    band_figure,
    band_table,
    claim_verdict,
    claim_words,
    curve_figure,
    fit,
    flow_table,
    publish,
    verdict,
)
from coroi.studies.small_cells import Cells, refuse_small

FEW = {
    "few of the best left": question_of("contract", (95, 100), (60, 100)),
    "few of the worst stayed": question_of("contract", (50, 90), (5, 60)),
    "few in the middle": question_of("contract", (80, 100), (40, 90), middle=(4, 7)),
    "few never answered": question_of("contract", (80, 100), (40, 90), silent=(3, 6)),
    "few bought again": question_of("repeat_purchase", (40, 100), (4, 100)),
    "few left by the snapshot": question_of("snapshot", (95, 100), (60, 100)),
}


def published(question):
    result = fit(question)
    told = publish(question, result, verdict(question, result), claim_verdict(question, result))
    return result, *told


@pytest.mark.parametrize("case", FEW)
def test_no_small_count_and_no_share_of_one_is_published(case):
    question = FEW[case]
    exact, result, _, _ = published(question)
    sizes = exact.tables["bands"].set_index("band")
    rest = sizes["customers"] - sizes["events"]
    small = {b for b in sizes.index if 0 < sizes.loc[b, "events"] < 10 or 0 < rest[b] < 10}
    assert small
    refuse_small({"estimates": result.estimates, **result.tables, **{c.name: c.table for c in result.checks}}, 10)
    shares = result.estimates[result.estimates["term"] == "share"].set_index("band")
    for band in small:
        assert not shares.loc[band, "identified"]
        assert np.isnan(shares.loc[band, "estimate"])
        assert not (result.tables["curves"]["band"] == band).any()
    told = [flow_table(question, result).text, band_table(question, result).text]
    told += [c.sentence for c in result.checks]
    assert "fewer than 10" in " ".join(told)


@pytest.mark.parametrize("case", FEW)
def test_counts_left_beside_the_suppressed_ones_do_not_tell_them(case):
    """A reader who adds up and subtracts whatever is shown finds no small count narrowed."""
    question = FEW[case]
    exact, result, _, _ = published(question)
    sizes, shown = (r.tables["bands"].set_index("band") for r in (exact, result))
    counts, marks, relations, bands = [], [], [], list(sizes.index)
    shares = result.estimates[result.estimates["term"] == "share"]
    known = shares.set_index("band")["identified"].astype(bool)
    for band in bands:
        n, events = (int(sizes.loc[band, c]) for c in ("customers", "events"))
        counts += [events, n - events, n]
        rest = SHOWN if known[band] else _mark(n - events)
        marks += [int(shown.loc[band, "events_mark"]), rest, int(shown.loc[band, "customers_mark"])]
    n_cells = 3 * len(bands) + 1
    for i in range(len(bands)):
        relations.append(_row(n_cells, {3 * i: 1, 3 * i + 1: 1, 3 * i + 2: -1}))
    relations.append(_row(n_cells, dict.fromkeys(range(2, 3 * len(bands), 3), 1) | {n_cells - 1: -1}))
    counts.append(int(sizes["customers"].sum()))
    marks.append(SHOWN)
    exposed = exposed_cells(np.array(counts, float), np.array(relations), np.array(marks), 10)
    of_small_bands = {3 * i + j for i, band in enumerate(bands) if sizes.loc[band, "customers"] < 10 for j in range(3)}
    assert set(exposed) <= of_small_bands  # parts of a small count are narrowed by its being small, and by nothing else


def _mark(n):
    return 1 if 0 < n < 10 else 2 if n else 0


def _row(n_cells, parts):
    row = np.zeros(n_cells)
    row[list(parts)] = list(parts.values())
    return row


def test_a_withheld_answer_keeps_its_verdict_and_says_why_no_number_stands_there():
    question = FEW["few of the best left"]
    exact, result, judged, _ = published(question)
    before = verdict(question, exact)
    assert (judged.label, judged.grade) == (before.label, before.grade) == ("consistent with", "D")
    assert np.isnan([judged.estimate, judged.conf_low, judged.conf_high]).all()
    shown = answer(question, result, judged)
    assert shown.sentence == (
        "NPS 9–10 is found together with higher retention than NPS 0–6; the numbers are withheld, since fewer than 10 "
        "customers of NPS 9–10 left."
    )
    assert ("Effect", "Withheld, since fewer than 10 customers of NPS 9–10 left.") in shown.card
    assert not any(label.startswith("Interval") for label, _ in shown.card)


def test_the_claim_and_the_figures_say_what_is_withheld():
    question = question_of("contract", (80, 100), (40, 90), middle=(95, 100))
    _, result, judged, claim = published(question)
    assert (
        "by an amount that is withheld, since fewer than 10 customers of NPS 7–8 left"
        in claim_words(question, result, claim)[1]
    )
    for picture in (band_figure(question, result), curve_figure(question, result)):
        assert "Not shown, so that nobody can be named: 7–8." in picture.caption
        assert "7–8" not in picture.alt
    assert "80 against 44 of every 100 customers" in answer(question, result, judged).sentence


def test_curves_have_a_point_only_where_enough_more_have_left():
    question = FEW["few of the best left"]
    steps = pd.DataFrame({"band": "0–6", "duration": [2, 5, 7, 11], "event": 1, "n": [6, 6, 15, 4]})
    stay = pd.DataFrame({"band": ["0–6"], "duration": [12], "event": [0], "n": [69]})
    best = question.counts[question.counts["band"] != "0–6"]
    from dataclasses import replace

    counts = pd.concat([steps, stay, best], ignore_index=True)
    _, result, _, _ = published(replace(question, counts=counts))
    assert result.tables["curves"]["period"].tolist() == [0, 5, 12]


def test_where_all_counts_are_large_nothing_changes():
    question = question_of("contract", (80, 100), (40, 90), silent=(100, 150))
    exact, result, judged, _ = published(question)
    assert judged == verdict(question, exact)
    pd.testing.assert_frame_equal(
        result.estimates.drop(columns="customers"), exact.estimates.drop(columns="customers"), check_dtype=False
    )
    assert result.spec["suppressed"] == {"smallest_cell": 10, "fewer": 0, "withheld": 0}


def test_a_table_that_counts_few_is_refused_with_its_column():
    with pytest.raises(StudyError, match=r"sizes.customers: 1 of 3 counts are of fewer than 10 customers"):
        refuse_small({"sizes": pd.DataFrame({"customers": [9, 10, 0]}), "none": None}, 10)
    refuse_small({"sizes": pd.DataFrame({"customers": [9, 10, 0]})}, 1)


def test_cells_know_their_sums():
    cells: Cells[str] = Cells()
    cells.add_sum([cells.add("a", 3), cells.add("b", 40), cells.add("c", 50, printed=False)], "all")
    assert cells.counts["all"] == 93
    assert cells.marks(10) == {"a": 1, "b": 0, "c": 2, "all": 0}
