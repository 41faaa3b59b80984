"""How much is run: companies' size, replications and seeds, all stated before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from coroi.errors import CoroiError, Problem, did_you_mean
from coroi.lab.experiments import COMPANIES, EXPERIMENTS, OWN, Experiment

SEEDS_APART = 10_000  # between scenarios, so that none shares its chance with another


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a replication and a truth are made of.

    Parameters
    ----------
    customers, months : int
        Size of each company.
    truth_companies, truth_customers : int
        Companies that stand for the population, each with a roll-out of its own, and customers in each.
    """

    customers: int
    months: int
    truth_companies: int
    truth_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One way to run the lab.

    Parameters
    ----------
    name : str
        Its name.
    sizes : Sizes
        Of companies and of truths.
    replications : dict of str to int
        By experiment.
    scenarios : tuple of str
        Scenarios tried; empty for all.
    """

    name: str
    sizes: Sizes
    replications: dict[str, int]
    scenarios: tuple[str, ...] = ()

    def seeds(self, experiment: str, scenario: str) -> range:
        """Return the seeds of an experiment in a scenario: one a replication, without a gap, and none is dropped."""
        first = first_seed(scenario)
        return range(first, first + self.replications[experiment])

    def scenarios_of(self, experiment: Experiment) -> tuple[str, ...]:
        """Return where an experiment is tried."""
        return tuple(each for each in experiment.scenarios if not self.scenarios or each in self.scenarios)


def first_seed(scenario: str) -> int:
    """Return the first seed of a scenario: 1, 10001, 20001 and so on, in their fixed order."""
    return 1 + SEEDS_APART * (OWN, *COMPANIES).index(scenario)


_FULL = Sizes(customers=1500, months=30, truth_companies=100, truth_customers=10_000)
_SMALL = Sizes(customers=350, months=24, truth_companies=4, truth_customers=1_000)
PROFILES = {
    "fast": Profile(
        name="fast",
        sizes=_SMALL,
        replications={
            "retention": 20,
            "hazard": 12,
            "respondents": 12,
            "effects": 12,
            "spending": 12,
            "long_run": 12,
            "projections": 12,
            "direction": 12,
            "dynamic_panel": 12,
            "worth": 12,
            "firms": 12,
            "roll_outs": 16,
            "randomised_pilots": 12,
            "few_units": 12,
            "paybacks": 12,
            "verdicts": 4,
        },
        scenarios=("own", "null", "confounded"),
    ),
    "trial": Profile(
        name="trial",
        sizes=_FULL,
        replications={
            "retention": 100,
            "hazard": 100,
            "respondents": 100,
            "effects": 100,
            "spending": 100,
            "long_run": 100,
            "projections": 100,
            "direction": 100,
            "dynamic_panel": 100,
            "worth": 100,
            "firms": 100,
            "roll_outs": 100,
            "randomised_pilots": 100,
            "few_units": 100,
            "paybacks": 100,
            "verdicts": 50,
        },
    ),
    "full": Profile(
        name="full",
        sizes=_FULL,
        replications={
            "retention": 2_000,
            "hazard": 2_000,
            "respondents": 2_000,
            "effects": 2_000,
            "spending": 2_000,
            "long_run": 2_000,
            "projections": 2_000,
            "direction": 2_000,
            "dynamic_panel": 2_000,
            "worth": 2_000,
            "firms": 2_000,
            "roll_outs": 2_000,
            "randomised_pilots": 2_000,
            "few_units": 2_000,
            "paybacks": 2_000,
            "verdicts": 500,
        },
    ),
}


def choose_profile(name: str, only: str | None = None) -> Profile:
    """Return a profile by name, of one experiment alone where `only` names it.

    Raises
    ------
    CoroiError
        If there is no such profile or experiment.
    """
    if name not in PROFILES:
        raise CoroiError(Problem("lab", f"there is no profile '{name}'.", did_you_mean(name, PROFILES)))
    profile = PROFILES[name]
    if only is None:
        return profile
    if only not in EXPERIMENTS:
        raise CoroiError(Problem("lab", f"there is no experiment '{only}'.", did_you_mean(only, EXPERIMENTS)))
    return replace(profile, replications={only: profile.replications[only]})
