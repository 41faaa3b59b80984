"""What the study `roi` asks of tables: the route, the horizon, what is missing, and values that none can mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml
from plain_words import misprinted
from test_roi import sentences, told

from coroi.errors import PlanError, StudyError
from coroi.studies import roi
from coroi.studies.bundled import sample_folder
from coroi.studies.inputs import Inputs
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of
from coroi.studies.roi.parts import PROGRAMME, SCORE
from coroi.studies.roi.words import who


@pytest.fixture(scope="module")
def sample(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def asked(sample) -> roi.Question:
    return roi.ask(sample)


def without(inputs: Inputs, *tables: str) -> Inputs:
    return replace(inputs, tables={k: v for k, v in inputs.tables.items() if k not in tables})


def test_the_horizon_is_what_three_quarters_of_the_units_are_followed_for(sample, asked):
    base = asked.programme
    first = base.starts["first_treated"].dropna().to_numpy(float)
    spans = sorted((int(base.units.last_idx - f + 1) for f in first if f <= base.units.last_idx), reverse=True)
    longest = max(h for h in range(1, 61) if sum(s >= h for s in spans) >= 0.75 * len(spans))
    assert asked.horizon == longest
    assert asked.n_short == sum(s < longest for s in spans)
    assert f"{asked.n_short} units that could not be followed that long left aside" in who(asked)
    short = roi.ask(sample, horizon=6)
    assert (short.horizon, short.n_short) == (6, sum(s < 6 for s in spans))
    assert roi.ask(sample, horizon=600).horizon == longest  # nobody is followed longer


def test_units_left_aside_tell_nothing_after_their_start_and_all_before_it(asked):
    starts = asked.programme.starts
    spans = asked.programme.units.last_idx - starts["first_treated"] + 1
    aside = spans < asked.horizon
    assert int(aside.sum()) == asked.n_short > 0
    assert (starts.loc[aside, "until"] == starts.loc[aside, "first_treated"]).all()
    members = asked.programme.units.units.set_index("unit")["n_customers"]
    kept = starts.loc[~aside & starts["first_treated"].notna(), "unit"]
    assert asked.n_customers == int(members.reindex(kept).sum())


def test_early_and_rate_have_usual_values_that_can_be_changed(sample, asked):
    assert (asked.early, asked.rate) == (asked.horizon // 4, 0.10)
    changed = roi.ask(sample, early=3, discount_rate=0.0, run_out=5, half_life=4.0)
    assert (changed.early, changed.rate, changed.run_out, changed.half_life) == (3, 0.0, 5, 4.0)
    assert roi.ask(sample, early=600).early == asked.horizon - 1
    assert (asked.run_out, asked.half_life) == (12, 12.0)
    brought = asked.programme.outcome("money").mean
    assert asked.delta == pytest.approx(0.01 * brought * float(asked.factors.sum()))
    assert changed.delta == pytest.approx(0.01 * brought * changed.horizon)


def test_anticipation_and_one_practice_are_passed_on(sample):
    early = roi.ask(sample, anticipation=2)
    assert early.programme.anticipation == 2
    one = roi.ask(sample, practice="ride-along")
    assert one.programme.own_names == ("ride-along",)
    assert one.named == "the practice “ride-along”"
    with pytest.raises(StudyError, match=r"No unit takes up a practice 'ride-alone'. Did you mean 'ride-along'"):
        roi.ask(sample, practice="ride-alone")
    with pytest.raises(StudyError, match="There is no table 'programme', so that no practice can be asked for"):
        roi.ask(without(sample, "programme"), practice="ride-along")


def test_who_bears_costs_changes_costs_alone(sample, asked):
    alone = roi.ask(sample, costs_borne="cohort")
    parts, other = roi.fit_parts(asked), roi.fit_parts(alone)
    for name in parts.benefits:
        if name != "cost to serve":
            np.testing.assert_allclose(parts.flows.line(name).estimate, other.flows.line(name).estimate, atol=1e-9)
    paid = [float(-p.flows.line(PROGRAMME).estimate.sum()) for p in (parts, other)]
    assert paid[1] > paid[0] > 0


BAD = {
    "horizon": (-1, "horizon: -1 periods lie before the start. Give 1 or more, or 0 for all that is seen."),
    "discount_rate": (10.0, "discount_rate: 10 is 1000 % a year. Write a rate as a share: 0.1 for 10 %."),
    "half_life": (-1.0, "half_life and run_out: give periods above 0, or 0 for a year."),
    "run_out": (-1, "half_life and run_out: give periods above 0, or 0 for a year."),
    "early": (-1, "early: -1 periods are none. Give 1 or more, or 0 for a quarter of the horizon."),
    "reported_margin": (-5.0, "reported_margin: -5 is below zero. Give what the accounts report, or 0 for none."),
    "costs_borne": ("cohrt", "costs_borne: there is no 'cohrt'. Did you mean 'cohort'?"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_value_that_none_can_mean_is_refused_in_one_sentence(sample, name):
    value, said = BAD[name]
    with pytest.raises(StudyError) as error:
        roi.ask(sample, **{name: value})
    assert str(error.value) == said


def test_a_rate_below_zero_that_is_not_the_plans_is_refused(sample):
    with pytest.raises(StudyError, match=r"discount_rate: -0\.5 is below zero"):
        roi.ask(sample, discount_rate=-0.5)
    with pytest.raises(StudyError, match="There is no panel"):
        roi.ask(replace(sample, panel=None))


@pytest.mark.parametrize(
    ("name", "value"), [("horizon", -1), ("half_life", -1), ("early", -1), ("costs_borne", "cohrt"), ("level", 2)]
)
def test_a_parameter_out_of_bounds_is_told_with_its_line_before_anything_runs(tmp_path, name, value):
    text = (sample_folder() / "plan.yaml").read_text(encoding="utf-8")
    plan = yaml.safe_load(text)
    lines = text.splitlines()
    at = lines.index("  roi:")
    lines.insert(at + 1, f"    {name}: {value}")
    (tmp_path / "plan.yaml").write_text("\n".join(lines), encoding="utf-8")
    for source in plan["tables"].values():
        (tmp_path / source["path"]).symlink_to(sample_folder() / source["path"])
    with pytest.raises(PlanError) as error:
        read_plan(tmp_path / "plan.yaml", known_studies={study: notebook_of(study) for study in STUDIES})
    (problem,) = error.value.problems
    assert str(problem).startswith(f"plan.yaml line {at + 2}: studies.roi.{name}: ")
    assert ("Did you mean" in str(problem)) == (name == "costs_borne")


def test_without_costs_the_effect_is_kept(sample):
    question = roi.ask(without(sample, "costs"))
    assert question.route == "roll-out"
    assert question.cost_reason == "there is no table 'costs'"
    found = told(question)
    assert found.valued is not None
    assert "before costs: EUR" in found.said


def test_without_a_roll_out_the_score_is_asked_and_the_grade_is_low(sample):
    less = without(sample, "programme")
    bare = roi.ask(less)
    assert bare.route == "score"
    assert bare.cost_reason == "there is no roll-out, and `score_change` and its cost are not given as an assumption"
    found = told(bare)
    assert found.guards.grade in ("C", "D")
    assert found.parts.benefits == (SCORE,)
    assert "step of the score for the better: EUR" in found.said
    one = roi.ask(less, score_change=1.0)
    assert one.cost_reason == "there is no roll-out, and its cost is not given as an assumption"
    full = roi.ask(less, score_change=2.0, cost_at_start=3.0, cost_running=0.5)
    assert full.cost_reason == ""
    path = found.parts.fits["total"]
    np.testing.assert_allclose(found.parts.flows.total.covariance, path.vcov.to_numpy(float), rtol=1e-12)
    assert found.parts.flows.df == path.n_entities - 1
    told_ = told(full)
    flows = told_.parts.flows
    np.testing.assert_allclose(
        flows.line(SCORE).estimate, 2.0 * found.parts.flows.line(SCORE).estimate, rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(flows.total.covariance, 4.0 * path.vcov.to_numpy(float), rtol=1e-12)
    paid = np.full(full.horizon, -0.5)
    paid[0] -= 3.0
    np.testing.assert_allclose(flows.line(PROGRAMME).estimate, paid)
    assert told_.guards.grade in ("C", "D")
    assert "likely" not in told_.said
    assert "grade C at best" in " ".join(roi.method(full, told_.parts))
    for each in (found, told_):
        for text in sentences(each):
            assert misprinted(text) == [], text


def test_with_neither_roll_out_nor_answers_it_is_refused_in_one_sentence(sample):
    nothing = without(sample, "programme", "responses")
    question = roi.ask(replace(nothing, plan=sample.plan.model_copy(update={"metrics": {}})))
    assert (question.route, question.reason) == ("none", "the plan names no metric and no roll-out")
    found = told(question)
    assert found.said.startswith("Whether a programme pays cannot be tested with these data, because ")
    assert {v.label for v in found.verdicts.values()} == {"not testable with this data"}
    for text in sentences(found):
        assert misprinted(text) == [], text


def test_a_series_of_few_customers_is_neither_observed_nor_forecast(asked):
    assert set(roi.observed(asked)["name"]) == {"money_per_customer", "exit_rate"}
    made = roi.predictions(asked, 0.95)
    assert set(made["name"]) == {"money_per_customer", "exit_rate"}
    assert (made["customers"] >= asked.smallest_cell).all()
    units = asked.programme.units
    last = units.rows["period"] == units.last_idx
    rows = units.rows.assign(n_at_risk=units.rows["n_at_risk"].where(~last, 0))
    rows.loc[rows.index[last][0], ["n_at_risk", "exit_rate"]] = [3, 0.0]
    few = replace(asked, programme=replace(asked.programme, units=replace(units, rows=rows)))
    assert set(roi.observed(few)["name"]) == {"money_per_customer"}
    assert set(roi.predictions(few, 0.95)["name"]) == {"money_per_customer"}
