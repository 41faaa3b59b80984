"""The recipes, the folders of their datasets, and what their notebooks would work on."""

from __future__ import annotations

from pathlib import Path

import pytest

import coroi
from coroi.studies.inputs import Inputs, prepare_plan
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of

RECIPES = Path(__file__).parents[2] / "data" / "recipes"
FOLDERS = {  # where the folder of the data is not named after the recipe; "." holds several datasets
    "acsi_accounts": ".",
    "corporate_reputation": "psych_sem_surveys",
    "ecsi_bank": "psych_sem_surveys",
    "ecsi_mobile": "psych_sem_surveys",
    "mcgrath": "small_experiments",
    "ravenstack": "ravenstack_saas",
}
SEVERAL = {"acsi_accounts": ("acsi_firm_year", "sp500_fundamentals", "fama_french")}


@pytest.fixture(scope="session")
def data(shared):
    """Return the folder of a recipe's dataset."""

    def folder(recipe: str) -> Path:
        found = shared / "data" / FOLDERS.get(recipe, recipe)
        for needed in (found, *(found / name for name in SEVERAL.get(recipe, ()))):
            if not needed.is_dir():
                pytest.skip(f"there is no folder '{needed.name}' with the data of {recipe}.yaml")
        return found

    return folder


@pytest.fixture(scope="session")
def inputs(data, tmp_path_factory):
    """Return what a recipe's notebooks would work on; each recipe is prepared once."""
    ready = {}

    def opened(recipe: str) -> Inputs:
        if recipe not in ready:
            ready[recipe] = tmp_path_factory.mktemp(recipe)
            loaded = read_plan(
                RECIPES / f"{recipe}.yaml", data=data(recipe), known_studies={s: notebook_of(s) for s in STUDIES}
            )
            prepare_plan(loaded, ready[recipe])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COROI_PREPARED", str(ready[recipe]))
            patch.delenv("COROI_OUTPUT", raising=False)
            return coroi.open_inputs()

    return opened
