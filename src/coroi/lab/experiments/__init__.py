"""The experiments: one for each estimator, found by name."""

from __future__ import annotations

from coroi.lab.experiments.direction import DIRECTION
from coroi.lab.experiments.dynamic_panel import DYNAMIC_PANEL
from coroi.lab.experiments.effects import EFFECTS, SPENDING
from coroi.lab.experiments.few_units import FEW_UNITS
from coroi.lab.experiments.firms import FIRMS
from coroi.lab.experiments.hazard import HAZARD
from coroi.lab.experiments.long_run import LONG_RUN
from coroi.lab.experiments.parts import COMPANIES, OWN, Estimand, Experiment, Findings, Found
from coroi.lab.experiments.paybacks import PAYBACKS
from coroi.lab.experiments.projections import PROJECTIONS
from coroi.lab.experiments.randomised_pilots import RANDOMISED_PILOTS
from coroi.lab.experiments.respondents import RESPONDENTS
from coroi.lab.experiments.retention import RETENTION
from coroi.lab.experiments.roll_outs import ROLL_OUTS
from coroi.lab.experiments.verdicts import VERDICTS
from coroi.lab.experiments.worth import WORTH

EXPERIMENTS: dict[str, Experiment] = {
    each.name: each
    for each in (
        RETENTION,
        HAZARD,
        RESPONDENTS,
        EFFECTS,
        SPENDING,
        LONG_RUN,
        PROJECTIONS,
        DIRECTION,
        DYNAMIC_PANEL,
        WORTH,
        FIRMS,
        ROLL_OUTS,
        RANDOMISED_PILOTS,
        FEW_UNITS,
        PAYBACKS,
        VERDICTS,
    )
}

__all__ = ["COMPANIES", "EXPERIMENTS", "OWN", "Estimand", "Experiment", "Findings", "Found"]
