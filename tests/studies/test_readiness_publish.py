"""What the study `readiness` publishes tells no count of few customers."""

from __future__ import annotations

import pandas as pd
import pytest
from small_company import open_company

from coroi.studies.readiness import answer, as_result, coverage_table, flag_table, look, publish, respondent_table
from coroi.studies.small_cells import refuse_small

FLAGS = {"exit_flags": {"crm": {"path": "crm.csv", "columns": {"customer_id": "customer_id"}}}}


def company(folder, *, answered, left, flagged, n=80):
    """Return a snapshot of whom some answered, some left and some a second system calls gone."""
    rows = [(f"c{i}", "yes" if i < left else "no", i, 7 if i < answered else None) for i in range(n)]
    gone = [f"c{i}" for i in flagged]
    (folder / "crm.csv").write_text("customer_id\n" + "\n".join(gone) + "\n")
    return open_company(folder, {"snapshot": rows}, **FLAGS)


def test_a_cross_table_of_flags_hides_what_few_share_with_its_complement(tmp_path):
    inputs = company(tmp_path, answered=40, left=30, flagged=range(4, 40))
    exact = look(inputs)
    shown = publish(exact)
    counts = {tuple(r[:2]): r[2] for r in exact.flags.itertuples(index=False)}
    assert sorted(counts.values()) == [4, 10, 26, 40]
    assert not set(pd.to_numeric(shown.flags["customers"]).dropna()) & {4}
    assert shown.flags["customers"].isna().sum() == 4 or (shown.flags["customers_mark"] > 0).sum() >= 2
    said = next(c.sentence for c in shown.checks if c.name == "flags")
    assert "calls" in said and "80 customers" in said
    text = flag_table(shown).text
    assert "fewer than 10" in text
    assert "withheld" in text
    refuse_small(as_result(shown).tables, 10)


@pytest.mark.parametrize("answered", [4, 76])
def test_who_answered_is_not_counted_where_few_did_or_few_did_not(answered, tmp_path):
    shown = publish(look(company(tmp_path, answered=answered, left=30, flagged=range(30))))
    text = coverage_table(shown).text
    assert str(answered) not in text.replace("NPS", "")
    assert ("fewer than 10" if answered == 4 else "withheld") in text
    card = dict(answer(shown, company(tmp_path, answered=answered, left=30, flagged=range(30))).card)
    assert str(answered) not in card["Who ever answered"]


def test_means_of_few_are_withheld(tmp_path):
    inputs = company(tmp_path, answered=40, left=5, flagged=range(30))
    shown = publish(look(inputs))
    rows = shown.respondents.estimates.set_index(["trait", "term"])
    assert rows.loc[("tenure_months", "difference"), "identified"]
    assert not rows.loc[("left_share", "difference"), "identified"]
    line = next(t for t in respondent_table(shown, inputs).text.splitlines() if "left" in t.casefold())
    assert line.count("withheld") >= 3
    few = publish(look(company(tmp_path, answered=6, left=30, flagged=range(30))))
    assert not few.respondents.estimates["identified"].any()
    assert few.respondents.tables["moments"]["mean"].isna().all()


def test_where_all_is_large_nothing_is_hidden(tmp_path):
    exact = look(company(tmp_path, answered=40, left=30, flagged=range(15, 45)))
    shown = publish(exact)
    assert shown.flags["customers"].tolist() == exact.flags["customers"].tolist()
    assert [c.sentence for c in shown.checks] == [c.sentence for c in exact.checks]
