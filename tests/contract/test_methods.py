"""Every method found in coroi.models keeps the house's promises; `<method>_case.py` beside this says how to run it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import coroi.models
from coroi.errors import DataError
from coroi.inference.joint import cross_covariance
from coroi.models import Info
from coroi.results import Result
from coroi.storage import read_result, write_result

MODULES = {
    m.name: importlib.import_module(f"coroi.models.{m.name}") for m in pkgutil.iter_modules(coroi.models.__path__)
}
METHODS = sorted(name for name, module in MODULES.items() if any(n.startswith("fit_") for n in vars(module)))
REPLICATIONS, PAIRS = 400, 250
EVERY_DAY = {"replications": 100, "pairs": 80}


@pytest.fixture(params=METHODS)
def method(request) -> str:
    return request.param


@pytest.fixture
def module(method):
    return MODULES[method]


@pytest.fixture
def case(method):
    beside = Path(__file__).with_name(f"{method}_case.py")
    assert beside.is_file(), f"{method} has no {beside.name} with KEYS, draw, fit, read, rescaled, twin and pair"
    return importlib.import_module(f"{method}_case")


def test_the_walk_finds_methods():
    assert "survival" in METHODS


def test_it_states_the_model_twice_and_says_what_it_assumes(method, module):
    assert callable(getattr(module, f"fit_{method}"))
    assert callable(getattr(module, f"simulate_{method}"))
    assert isinstance(module.INFO, Info)
    assert module.INFO.estimand
    assert module.INFO.unit
    assert re.search(r"\b(18|19|20)\d\d\b", module.INFO.reference)
    assert module.INFO.assumptions
    assert all(said and check for said, check in module.INFO.assumptions)


def test_its_public_functions_are_documented_in_full(method, module):
    for name in (f"fit_{method}", f"simulate_{method}"):
        function = getattr(module, name)
        said = inspect.getdoc(function) or ""
        first = said.splitlines()[0]
        assert first.endswith(".")
        assert not re.match(r"(This|The|A|Returns|Fits|Estimates|Draws)\b", first), f"{name}: not an imperative line"
        assert "Parameters\n----------" in said
        assert "Returns\n-------" in said
        described = {name for line in re.findall(r"^(\w+(?:, \w+)*) : ", said, re.M) for name in line.split(", ")}
        undescribed = set(inspect.signature(function).parameters) - described
        assert undescribed == set()
    assert "Raises\n------" in (inspect.getdoc(getattr(module, f"fit_{method}")) or "")
    assert "Assumptions" in (inspect.getdoc(getattr(module, f"fit_{method}")) or "")


def test_fit_and_simulate_share_no_code_of_their_module(method, module):
    ours = {name for name, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__}
    drawn = names_used(module, f"simulate_{method}", ours)
    fitted = names_used(module, f"fit_{method}", ours)
    assert len(fitted) > 1
    assert drawn & fitted == set()


@pytest.mark.parametrize(
    "replications", [EVERY_DAY["replications"], pytest.param(REPLICATIONS, marks=pytest.mark.slow)]
)
def test_it_is_unbiased_in_its_own_world(case, replications):
    rng = np.random.default_rng(20240101)
    errors = []
    for _ in range(replications):
        data, truth = case.draw(rng)
        found = case.read(case.fit(data))
        errors.append([found[k] - truth[k] for k in truth])
    errors = np.array(errors)
    assert not np.isnan(errors).any()
    bias = errors.mean(axis=0) / errors.std(axis=0, ddof=1)
    limit = 0.1 if replications == REPLICATIONS else 3 / np.sqrt(replications)
    assert np.abs(bias).max() <= limit, dict(zip(truth, bias.round(3), strict=True))


def test_the_same_chance_gives_the_same_world_and_the_same_data_the_same_answer(case):
    (first, truth), (second, again) = (case.draw(np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert truth == again
    assert_same(case.fit(first), case.fit(second), exact=True)


def test_the_order_of_rows_does_not_matter(case):
    data, _ = case.draw(np.random.default_rng(4))
    shuffled = data.sample(frac=1, random_state=5)
    assert not shuffled.index.equals(data.index)
    assert_same(case.fit(data), case.fit(shuffled), exact=False)


def test_its_input_is_left_as_it_was(case):
    data, _ = case.draw(np.random.default_rng(6))
    before = data.copy(deep=True)
    case.fit(data)
    pd.testing.assert_frame_equal(data, before)


def test_its_answer_survives_the_disk(case, tmp_path):
    data, _ = case.draw(np.random.default_rng(7))
    result = case.fit(data)
    write_result(result, tmp_path)
    back = read_result(tmp_path)
    assert back.spec == dict(result.spec)
    assert (back.method, back.estimand, back.n_obs, back.n_entities) == (
        result.method,
        result.estimand,
        result.n_obs,
        result.n_entities,
    )
    assert_same(result, back, exact=False)


def test_units_change_the_answer_as_units_should(case):
    data, truth = case.draw(np.random.default_rng(9))
    before = case.fit(data)
    after, factors = case.rescaled(data, 4.0)
    assert set(factors) == set(truth)
    for column in ("estimate", "std_error"):
        want = {key: value * factors[key] for key, value in case.read(before, column).items()}
        assert case.read(after, column) == pytest.approx(want, rel=1e-8)


def test_it_refuses_rows_that_repeat_their_key(case):
    data, _ = case.draw(np.random.default_rng(10))
    assert not data.duplicated(case.KEYS).any()
    with pytest.raises(DataError, match=r"1 (rows )?repeat"):
        case.fit(pd.concat([data, data.head(1)]))


def test_it_equals_its_brute_force_twin(case):
    data, truth = case.draw(np.random.default_rng(11))
    result, slow = case.fit(data), case.twin(data)
    assert set(slow) == set(truth)
    for at, column in enumerate(("estimate", "std_error")):
        want = {key: numbers[at] for key, numbers in slow.items()}
        assert case.read(result, column) == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize("pairs", [EVERY_DAY["pairs"], pytest.param(PAIRS, marks=pytest.mark.slow)])
def test_two_results_of_one_panel_vary_together_as_their_influence_says(case, pairs):
    estimates, claimed = [], []
    for seed in range(pairs):
        (one, _, moved), (other, _, also_moved) = case.pair(np.random.default_rng([12, seed]))
        estimates.append((one, other))
        claimed.append(cross_covariance(moved.to_frame(), also_moved.to_frame()).iloc[0, 0])
    seen, said = np.cov(np.array(estimates), rowvar=False), np.mean(claimed)
    assert 0.3 < seen[0, 1] / np.sqrt(seen[0, 0] * seen[1, 1]) < 0.95, "the pair tells nothing"
    noise = np.sqrt((seen[0, 0] * seen[1, 1] + seen[0, 1] ** 2) / pairs)
    assert abs(said - seen[0, 1]) < 3.5 * noise


def test_a_result_varies_with_itself_as_its_error_says(case):
    for _, error, moved in case.pair(np.random.default_rng(13)):
        variance = cross_covariance(moved.to_frame(), moved.to_frame()).iloc[0, 0]
        assert np.sqrt(variance) == pytest.approx(error, rel=0.005)


def test_a_cluster_in_twice_is_refused(case):
    (_, _, moved), _ = case.pair(np.random.default_rng(13))
    with pytest.raises(DataError, match="twice"):
        cross_covariance(pd.concat([moved, moved]).to_frame(), moved.to_frame())


def test_it_names_its_module_in_the_result(method, case):
    data, _ = case.draw(np.random.default_rng(8))
    assert case.fit(data).method == method


def assert_same(one: Result, other: Result, *, exact: bool) -> None:
    tolerance = {"check_exact": True} if exact else {"rtol": 1e-8, "atol": 1e-9}
    pd.testing.assert_frame_equal(one.estimates, other.estimates, **tolerance)
    assert set(one.tables) == set(other.tables)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], **tolerance)
    if one.vcov is None:
        assert other.vcov is None
    else:
        pd.testing.assert_frame_equal(one.vcov, other.vcov, **tolerance)


def names_used(module, start: str, ours: set[str]) -> set[str]:
    """Follow the module's own functions from one of them."""
    seen, queue = set(), [start]
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        tree = ast.parse(inspect.getsource(getattr(module, name)))
        queue += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in ours]
    return seen
