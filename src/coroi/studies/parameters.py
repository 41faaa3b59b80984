"""The values that a plan or a command line gives to a notebook, checked before any kernel starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coroi.errors import PlanError, Problem, did_you_mean
from coroi.studies.no_secrets import WAY_OUT, is_secret_key, is_secret_value
from coroi.studies.parameters_cell import Parameter, Typed, read_parameters
from coroi.studies.yaml_lines import shown

__all__ = ["Fault", "Parameter", "Typed", "check_parameters", "faults_in", "parse_assignment", "read_parameters"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with one given value."""

    name: str
    what: str
    fix: str = ""


def check_parameters(
    notebook: Path, values: Mapping[str, object], where: str, *, metrics: Collection[str] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Check given values against a notebook's parameters.

    Parameters
    ----------
    notebook : Path
        The notebook.
    values : Mapping of str to object
        What is given, by name; :class:`Typed` text is read by the parameter's type.
    where : str
        Where the values come from, for messages, as ``-p retention``.
    metrics : collection of str, optional
        The plan's metrics; a parameter called ``metric`` then has to name one of them.

    Returns
    -------
    resolved : dict
        Every parameter's value, its default where nothing valid is given.
    problems : list of Problem
        What is wrong with the values, or with the notebook's cell.
    """
    try:
        parameters = read_parameters(notebook)
    except PlanError as error:
        return {}, list(error.problems)
    resolved, faults = faults_in(parameters, values, metrics=metrics)
    return resolved, [Problem(f"{where}.{f.name}", f.what, f.fix) for f in faults]


def faults_in(
    parameters: Mapping[str, Parameter], values: Mapping[str, object], *, metrics: Collection[str] | None = None
) -> tuple[dict[str, Any], list[Fault]]:
    """Resolve values against parameters; see :func:`check_parameters`."""
    resolved: dict[str, Any] = {name: p.default for name, p in parameters.items()}
    faults = []
    for name, value in values.items():
        if is_secret_key(name) or is_secret_value(value):
            faults.append(Fault(name, "this looks like a secret; parameters are stored in the report.", WAY_OUT))
        elif name not in parameters:
            faults.append(Fault(name, "the notebook has no parameter of this name.", did_you_mean(name, parameters)))
        else:
            parameter = parameters[name]
            try:
                resolved[name] = parameter.accept(value)
            except ValueError as error:
                faults.append(Fault(name, str(error), _way_out(parameter, value)))
                continue
            if name == "metric" and metrics is not None and resolved[name] not in {"", *metrics}:
                what = f"{shown(resolved[name])} is not one of the plan's metrics."
                faults.append(Fault(name, what, did_you_mean(str(resolved[name]), metrics)))
                resolved[name] = parameter.default
    return resolved, faults


def parse_assignment(text: str) -> tuple[str, str, Typed]:
    """Split ``study.name=value`` as given after ``-p``.

    Raises
    ------
    PlanError
        If the text is not of that form.
    """
    left, equals, value = text.partition("=")
    study, dot, name = left.strip().partition(".")
    if not (equals and dot and study and name):
        given = "a text without '='" if not equals else shown(left)
        raise PlanError(Problem("-p", f"{given} does not name a parameter.", "Write -p study.name=value."))
    return study, name, Typed(value)


def _way_out(parameter: Parameter, value: object) -> str:
    if value is None or (value == "" and isinstance(value, Typed)):
        return f"Leave it out to take {shown(parameter.default)}."
    if parameter.type == "bool" and str(value).casefold() in {"yes", "no", "on", "off", "0", "1", "y", "n"}:
        return f"Write {'true' if str(value).casefold() in {'yes', 'on', '1', 'y'} else 'false'}."
    if parameter.type == "str" and isinstance(value, (int, float)) and not parameter.choices:
        return "Put it in quotes."
    hint = did_you_mean(str(value), map(str, parameter.choices)) if parameter.choices else ""
    return hint if hint.startswith("Did") else ""
