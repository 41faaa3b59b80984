"""Rival churn flags side by side, counted by hand."""

from __future__ import annotations

FILES = {
    "customers.csv": "customer_id,churned\nSECRET1,yes\nSECRET2,no\nSECRET3,no\nSECRET4,yes\n",
    "subscriptions.csv": "customer_id,start_at,end_at\nSECRET1,2024-01-01,2024-02-15\nSECRET2,2024-01-01,2024-02-20\n"
    "SECRET3,2024-01-01,\nSECRET4,2024-01-01,\n",
    "crm.csv": "who,when\nSECRET1,2024-02-15\nSECRET1,2024-03-15\nSECRET3,\nSECRET9,2024-01-01\n,2024-01-01\n",
}
CRM = {"path": "crm.csv", "columns": {"customer_id": "who", "flagged_at": "when"}}
ACCOUNTS = {"path": "customers.csv", "columns": {"flag": "churned"}}
WINDOW = {"relationship": "contract", "grace_days": 0}


def combinations(flags) -> dict[tuple[bool, ...], int]:
    names = [c for c in flags.columns if c != "customers"]
    return {tuple(bool(v) for v in row[:-1]): row[-1] for row in flags[[*names, "customers"]].itertuples(index=False)}


def test_flags_beside_the_exits_of_the_panel(prepare, entries):
    from datetime import date

    found = prepare(
        FILES,
        {"customers": {}, "subscriptions": {}},
        exit_flags={"accounts": ACCOUNTS, "crm": CRM},
        observed_until=date(2024, 6, 30),
        **WINDOW,
    )
    assert found.problems == ()
    assert list(found.flags.columns) == ["accounts", "crm", "exit_in_panel", "customers"]
    assert combinations(found.flags) == {
        (True, True, True): 1,  # 1
        (False, False, True): 1,  # 2
        (False, True, False): 1,  # 3
        (True, False, False): 1,  # 4
    }
    assert entries(found, "exit flag 'crm'") == {
        ("in", ""): 5,
        ("dropped", "blank id"): 1,
        ("out", ""): 4,
        ("flagged", "flags of strangers"): 1,
    }


def test_flags_beside_customers_where_there_is_no_panel(prepare):
    found = prepare(FILES, {"customers": {}}, exit_flags={"crm": CRM, "accounts": ACCOUNTS})
    assert combinations(found.flags) == {
        (True, True): 1,
        (False, False): 1,
        (True, False): 1,
        (False, True): 1,
    }
    assert found.flags["customers"].sum() == 4


def snapshot_files(header: str = "customer_id,left") -> dict[str, str]:
    return FILES | {"snapshot.csv": f"{header}\nSECRET1,yes\nSECRET2,yes\nSECRET3,no\nSECRET4,no\n"}


def test_a_snapshots_own_exits_stand_beside_the_flags(prepare):
    found = prepare(snapshot_files(), {"snapshot": {}}, exit_flags={"crm": CRM, "accounts": ACCOUNTS})
    assert list(found.flags.columns) == ["crm", "accounts", "left_in_snapshot", "customers"]
    assert combinations(found.flags) == {
        (True, True, True): 1,  # 1
        (False, False, True): 1,  # 2
        (True, False, False): 1,  # 3
        (False, True, False): 1,  # 4
    }


def test_beside_a_panel_the_panels_exits_count_and_not_the_snapshots(prepare):
    tables = {"subscriptions": {}, "snapshot": {}}
    found = prepare(snapshot_files(), tables, exit_flags={"crm": CRM}, **WINDOW)
    assert list(found.flags.columns) == ["crm", "exit_in_panel", "customers"]


def test_a_flag_named_like_the_snapshots_own_keeps_both(prepare):
    found = prepare(snapshot_files(), {"snapshot": {}}, exit_flags={"left_in_snapshot": CRM})
    assert list(found.flags.columns) == ["left_in_snapshot flag", "left_in_snapshot", "customers"]
    assert combinations(found.flags) == {(True, True): 1, (False, True): 1, (True, False): 1, (False, False): 1}


def test_the_most_frequent_combination_comes_first(prepare):
    files = {"customers.csv": "customer_id\na\nb\nc\n", "crm.csv": "customer_id\nb\n"}
    found = prepare(files, {"customers": {}}, exit_flags={"crm": {"path": "crm.csv"}})
    assert found.flags.to_dict("list") == {"crm": [False, True], "customers": [2, 1]}


def test_a_flag_named_like_a_column_of_the_table(prepare):
    found = prepare(FILES, {"customers": {}}, exit_flags={"customers": ACCOUNTS})
    assert found.flags.to_dict("list") == {"customers flag": [False, True], "customers": [2, 2]}


def test_a_flag_that_cannot_be_read_leaves_the_others(prepare, entries):
    broken = ACCOUNTS | {"columns": {"flag": "customer_id"}}
    found = prepare(FILES, {"customers": {}}, exit_flags={"accounts": broken, "crm": CRM})
    assert [p.where for p in found.problems] == ["exit flag 'accounts'.flag"]
    assert "4 of 4 cells are not yes or no" in str(found.problems[0])
    assert list(found.flags.columns) == ["crm", "customers"]
    assert entries(found, "exit flag 'accounts'") == {("in", ""): 4, ("dropped", "refused"): 4}


def test_without_flags_there_is_no_table(prepare):
    assert prepare(FILES, {"customers": {}}).flags.empty
