from __future__ import annotations

import pytest

from coroi.schemas import (
    EXIT_FLAG,
    PANEL_COLUMNS,
    PERIODS_PER_YEAR,
    TABLES,
    Need,
    metric_columns,
    missing_for,
)

OUTCOMES = (("responses", "subscriptions"), ("responses", "transactions"), ("snapshot",))


@pytest.mark.parametrize("schema", [*TABLES.values(), EXIT_FLAG], ids=lambda s: s.name)
def test_a_table_is_whole(schema):
    assert len(set(schema.names)) == len(schema.names)
    assert set(schema.key) <= set(schema.required)
    assert {schema.row_id or schema.names[0], *schema.one_of} <= set(schema.names)
    assert not set(schema.one_of) & set(schema.required)
    assert [c.name for c in schema.columns if not c.meaning] == []
    assert [c.name for c in schema.columns if c.kind == "number" and not c.unit] == []
    assert [c.name for c in schema.columns if (c.kind == "id") != c.name.endswith("_id")] == []
    assert [
        c.name for c in schema.columns if c.choices and (c.kind != "text" or any(w != w.lower() for w in c.choices))
    ] == []
    assert [c.name for c in schema.columns if (c.low, c.high) != (None, None) and c.kind != "number"] == []
    assert [c.name for c in schema.columns if c.after and schema.column(c.after).kind != "date"] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_its_own_name_and_a_date_to_sort_it_by(name):
    schema = TABLES[name]
    assert schema.name == name
    assert schema.column(schema.time).kind == "date"


def test_the_tables_of_this_version():
    assert list(TABLES) == [
        "customers", "responses", "subscriptions", "transactions", "snapshot", "touchpoints", "programme", "costs",
        "competitors", "practices", "recognition", "advice", "referrals", "changes", "usage", "firms", "firm_returns",
        "factors",
    ]  # fmt: skip
    assert {n for n, s in TABLES.items() if s.takes_scale} == {"competitors", "practices"}
    assert {n for n, s in TABLES.items() if s.takes_scores} == {"responses", "snapshot"}


def test_a_metric_has_four_columns_in_the_panel_none_of_them_the_panels():
    assert metric_columns("nps") == ("nps", "nps_age_periods", "nps_mean_to_date", "nps_n_to_date")
    assert set(metric_columns("nps")).isdisjoint(PANEL_COLUMNS)
    assert len(set(PANEL_COLUMNS)) == len(PANEL_COLUMNS)


def test_periods_of_a_year():
    assert {name: round(n, 2) for name, n in PERIODS_PER_YEAR.items()} == {
        "week": 52.18,
        "month": 12,
        "quarter": 4,
        "year": 1,
    }


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"responses", "subscriptions"}, ""),
        ({"snapshot"}, ""),
        ({"responses"}, "`subscriptions` or `transactions`"),
        ({"subscriptions"}, "`responses` or `snapshot`"),
        (set(), "`snapshot` or `responses` and `subscriptions`"),
    ],
)
def test_what_is_missing_is_the_shortest_way_there(tables, said):
    assert missing_for(Need(OUTCOMES), tables, {"nps"}, set()) == said


def test_a_longer_way_that_holds_a_shorter_one_is_not_named():
    need = Need((("usage", "subscriptions"), ("usage", "transactions")))
    assert missing_for(need, {"subscriptions"}, set(), set()) == "`usage`"
    assert missing_for(need, {"subscriptions", "transactions"}, set(), set()) == "`usage`"
    assert missing_for(need, set(), set(), set()) == "`usage` with `subscriptions` or `transactions`"


def test_metrics_and_columns_are_asked_for_where_their_table_is():
    need = Need((("responses",),), metrics=True, columns=("responses.verbatim",))
    assert missing_for(need, {"responses"}, set(), set()) == (
        "a metric (`scores` of responses or of a snapshot), and `responses.verbatim`"
    )
    assert missing_for(need, {"responses"}, {"nps"}, {"responses.verbatim"}) == ""
    assert missing_for(need, set(), {"nps"}, set()) == "`responses`"
    assert missing_for(need, set(), set(), set()) == (
        "`responses`, and a metric (`scores` of responses or of a snapshot)"
    )


def test_nothing_needed_nothing_missing():
    assert missing_for(Need(()), set(), set(), set()) == ""
