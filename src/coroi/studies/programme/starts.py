"""Which unit starts when, with which practice, and how practices are named on a page."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.group_time import Compared
from coroi.masking import mask_text
from coroi.prepare.unit_panel import UnitPanel
from coroi.studies.inputs import Inputs
from coroi.studies.labels import identifiers_in

COMPARED: tuple[Compared, ...] = ("not_yet", "never")
FEWEST_UNITS, RARE = 3, "of few units"


def shown_practices(inputs: Inputs, practices: pd.Series) -> dict[str, str]:
    """Return how each practice is named on a page: by its name where three units share it, and nobody's own."""
    counts = practices.value_counts()
    names = sorted(name for name in counts.index if counts[name] >= FEWEST_UNITS)
    identifiers = identifiers_in(inputs.connection, inputs.tables, names)
    shown: dict[str, str] = {}
    for name in names:
        masked = mask_text(name, identifiers)
        taken = sum(other == masked or other.startswith(f"{masked} (") for other in shown.values())
        shown[name] = f"{masked} ({taken + 1})" if taken else masked
    return shown | {name: RARE for name in counts.index if counts[name] < FEWEST_UNITS}


def starts_of(units: UnitPanel, taken: pd.DataFrame, practice: str) -> pd.DataFrame:
    """Return one row a unit of the panel, as :class:`coroi.studies.programme.question.Question` tells them.

    Parameters
    ----------
    units : UnitPanel
    taken : pandas.DataFrame
        From :func:`coroi.prepare.treatments.unit_treatments`, practices as they are shown.
    practice : str
        The one asked about; empty for all, each unit from its first.
    """
    rows = []
    for unit, name in zip(units.units["unit"], units.units["unit_id"], strict=True):
        own = taken[taken["unit_id"] == name].sort_values("first_treated")
        mine = own[own["practice"] == practice] if practice else own
        begun = mine[mine["first_treated"].notna()]
        others = own[own["first_treated"].notna() & ~own.index.isin(begun.index[:1])]["first_treated"]
        row: dict[str, object] = {"unit": unit, "first_treated": np.nan, "practice": "", "ended": np.nan, "dose": 0.0}
        row |= {"restarts": 0.0, "planned_share": mine["planned_share"].iloc[0] if len(mine) else np.nan}
        row |= {"sponsored": np.nan, "arm": str(mine["arm"].iloc[0]) if len(mine) else ""}
        if len(begun):
            kept = ("first_treated", "practice", "ended", "dose", "sponsored", "restarts")
            row |= {c: begun.iloc[0][c] for c in kept}
        rows.append(row | {"until": float(others.min()) if len(others) else np.nan})
    columns = ["unit", "first_treated", "practice", "ended", "dose", "sponsored", "arm"]
    columns += ["planned_share", "restarts", "until"]
    return pd.DataFrame(rows, columns=columns)


def nobody_left(starts: pd.DataFrame, compared_with: Compared) -> str:
    """Say why there is nobody to compare with; empty where there is."""
    if compared_with == "never" and not starts["first_treated"].isna().any():
        return "every unit starts sooner or later, and only units that never start were to be compared with"
    return ""
