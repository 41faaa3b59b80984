"""The tables of the study `readiness` on what the data can bear: studies and claims."""

from __future__ import annotations

import pandas as pd

from coroi import report
from coroi.studies.readiness.survey import Survey


def study_table(survey: Survey) -> report.Block:
    """Show which studies can run."""
    frame = survey.studies
    shown = pd.DataFrame(
        {"Study": frame["study"], "Question": frame["question"], "Can run": [_can(m) for m in frame["missing"]]}
    )
    return report.table(shown, caption="Studies", name="studies")


def claim_table(survey: Survey) -> report.Block:
    """Show which of the claims the data can bear."""
    frame = survey.claims
    shown = pd.DataFrame(
        {
            "Claim": frame["claim"],
            "What is claimed": frame["text"],
            "Data": [_can(m) for m in frame["missing"]],
            "Study": [
                s if here else f"{s} (not tested in this version)"
                for s, here in zip(frame["study"], frame["here"], strict=True)
            ],
        }
    )
    return report.table(shown, caption="The 25 claims, and whether these data can bear them", name="claims")


def _can(missing: str) -> str:
    return "yes" if not missing else f"no: lacks {missing.replace('`', '')}"
