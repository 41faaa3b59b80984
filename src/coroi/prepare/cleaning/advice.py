"""What to do about each thing that the cleaning finds."""

from __future__ import annotations

ADVICE = {
    "blank id": "Look in the source system for who it was; a row without a customer cannot be used.",
    "repeated row": "Nothing; or export each row once.",
    "repeated line": "If it is a repeat, take it out of the export; if not, map the row's own number.",
    "reused ": "Find out whether the number counts orders, tickets or lines, and map the one that counts rows.",
    "unreadable ": "Correct it at its source, or tell its meaning under `values`, `missing_codes` or `date_format`.",
    "ids as decimals": "Nothing; or export identifiers as text.",
    "padded ids": "Nothing; or export identifiers as text, so that leading zeros stay.",
    "unknown ids": "Export both tables of the same day, with identifiers as text.",
    "order ids": "Map the column that names the person or firm; if all truly came once, nothing.",
    "missing code": "Nothing; it was named in the plan.",
    "no answer in words": "Nothing; or name the words under `missing_codes`.",
    "code inside the scale": "If it means no answer, name it under `missing_codes` of the metric.",
    "off the scale": "If it means no answer, name it under `missing_codes`; if the scale changed, see its own line.",
    "mixed scales": "Split the answers by wave or touchpoint into metrics with a scale each, or correct the export.",
    "scale drift": "Ask whoever ran the survey; then split the answers with `where` into metrics with a scale each.",
    "reversed item": "Set `higher_is: worse` for it if low answers are the good ones; else nothing.",
    "day and month swapped": "Correct the import that swapped them; leave the repair out with `keep_as_is`.",
    "day and month unclear": "Export dates as 2024-12-31; nothing here tells which of the two is the month.",
    "dates in another style": "Nothing; or name every style under `date_format`.",
    "numbers as text": "Nothing; or export numbers without signs and separators.",
    "blanks around text": "Nothing.",
    "text encoded twice": "Nothing; or export the file as UTF-8.",
    "spellings": "If they mean the same, make them one under `values`.",
    "column that knows the outcome": "Do not map it: it was written when the customer left, or because of it.",
    "return": "Nothing, if these are returns.",
    "nothing paid": "If these are no purchases, leave them out with `where`.",
    "negative price": "Find out what a price below zero means before trusting revenue.",
    "no price": "Add the price if revenue is to be told.",
    "negative amount": "Nothing, if these are refunds.",
    "nobody's cost": "Name whom it was spent on, if that is known.",
    "impossible ": "Check the column's unit.",
    "no ": "Fill it at its source; without it the row cannot be used.",
    "answer without weight": "Give its weight; or one to all answers of a wave that was not weighted, by `fixed`.",
    "encoding": "Give `encoding` if letters look wrong.",
    "join": "Check that both files are of the same day and that keys are written alike.",
    "where": "Nothing; the plan says so.",
    "group": "Nothing; the plan says so.",
    "refused": "See the problem that is named for this table.",
}
DOUBTS = (
    "code inside the scale", "column that knows the outcome", "day and month swapped", "day and month unclear",
    "mixed scales", "order ids", "reversed item", "scale drift", "spellings",
)  # fmt: skip
"""Rules that find what may make a number mean something else, while nothing is changed."""

_ELSE = "See whether these rows matter for the question."


def advice_on(rule: str) -> str:
    """Say what to do about the rows that a rule found; empty for lines that only count.

    Parameters
    ----------
    rule : str
        The rule's name in the ledger; names that carry a column begin with a key of ``ADVICE``.
    """
    if not rule:
        return ""
    if rule in ADVICE:
        return ADVICE[rule]
    begun = [key for key in ADVICE if rule.startswith(key)]
    if begun:
        return ADVICE[max(begun, key=len)]
    if " before " in rule:
        return "Neither date can be trusted; correct them at their source."
    return _ELSE
