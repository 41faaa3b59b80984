from __future__ import annotations

from pathlib import Path

import pytest

from coroi.lab.pilot import design_pilot
from coroi.lab.pilot_options import PilotOptions
from coroi.studies.bundled import sample_folder

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_page_of_a_pilots_design_holds_in_a_browser(check_page, tmp_path: Path):
    plan = sample_folder() / "plan.yaml"
    check_page(design_pilot(plan, options=PilotOptions(replications=100), output=tmp_path).page)
