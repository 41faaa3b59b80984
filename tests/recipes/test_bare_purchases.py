"""Purchases as a bare list without header, delimiter or numbers of their own: read, typed, and noted."""

from __future__ import annotations

from coroi import storage
from coroi.prepare.ledger import Ledger
from coroi.prepare.transactions import prepare_transactions
from coroi.sources import Source

LINES = """\
 0007 0001 19970101  2   29.33
 0007 0001 19970101  3   29.33
 0007 0001 19970118  1    0.00
 0021 0002 19970113  1  -11.77
 0021 0002 19970113  1   11.77
"""


def test_a_bare_list_keeps_every_line_and_says_what_is_odd(tmp_path):
    (tmp_path / "purchases.txt").write_text(LINES)
    source = Source(
        path="purchases.txt",
        delimiter="whitespace",
        names=["who", "n", "day", "discs", "dollars"],
        columns={"customer_id": "who", "occurred_at": "day", "amount": "dollars"},
        date_format="%Y%m%d",
    )
    ledger, connection = Ledger(), storage.connect()
    clean = connection.to_pandas(prepare_transactions(connection, source, tmp_path, ledger))
    found = sorted(zip(clean["customer_id"], clean["occurred_at"].astype(str), clean["amount"], strict=True))
    assert found == [
        ("0007", "1997-01-01", 29.33),
        ("0007", "1997-01-01", 29.33),
        ("0007", "1997-01-18", 0.0),
        ("0021", "1997-01-13", -11.77),
        ("0021", "1997-01-13", 11.77),
    ]
    lines = ledger.frame()
    assert lines[["step", "rule", "rows", "examples"]].to_numpy().tolist() == [
        ["in", "", 5, ""],
        ["flagged", "repeated line", 1, "2"],
        ["flagged", "return", 1, "4"],
        ["flagged", "nothing paid", 1, "3"],
        ["out", "", 5, ""],
    ]
