"""The repairs, each made only where it is certain, each to be switched off in the plan by `keep_as_is`."""

from __future__ import annotations

from typing import get_args

from coroi.sources import Repair, Source

REPAIRS: dict[Repair, str] = {
    "blanks": "blanks around text and doubled ones inside it are cut",
    "dates": "dates in another style than the column's are read where the style leaves no doubt",
    "double_encoding": "text that was encoded twice is decoded once",
    "ids": "ids written as decimals lose their .0, and ids that lost leading zeros get them back",
    "numbers": "currency signs, separators of thousands and decimal commas are read",
    "repeats": "rows that stand twice, their own number included, are kept once",
    "swapped_dates": "days and months that an import swapped are put back",
    "words": 'words such as "n/a" in a column of numbers, dates or yes/no are read as empty',
}
assert set(REPAIRS) == set(get_args(Repair))


def wanted(repair: Repair, source: Source) -> bool:
    """Tell whether a table's repair is to be made."""
    return repair not in source.keep_as_is
