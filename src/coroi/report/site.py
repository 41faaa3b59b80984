"""The pages that list pages: one per plan, newest run first, and one for all plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from coroi.report.blocks import inline, words_and_shape
from coroi.report.page import fill, local
from coroi.report.words import plural

_STATES = {
    "failed": ("against", "Failed"),
    "timeout": ("against", "Stopped: out of time"),
    "kernel-died": ("against", "Failed: its process died"),
    "interrupted": ("untested", "Interrupted"),
    "skipped": ("untested", "Not possible with these data"),
}


def render_plan_index(plan_name: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """Render the page of a plan: the newest run with each study's answer, older runs below.

    Parameters
    ----------
    plan_name : str
        Name of the plan.
    runs : sequence of Mapping
        Records of runs in any order: ``run``, ``finished`` (ISO date and time), ``studies``, each with ``title``,
        ``status``, ``headline``, ``message`` and ``href`` relative to the page.
    """
    return fill(
        "plan.html.j2",
        tab_title=f"{plan_name} · reports",
        breadcrumbs=[("Reports", "../index.html")],
        here=plan_name,
        plan=plan_name,
        runs=_newest_first(runs),
        **_HELPERS,
    )


def render_site_index(plans: Sequence[Mapping[str, Any]]) -> str:
    """Render the page that lists every plan with its newest run.

    Parameters
    ----------
    plans : sequence of Mapping
        ``plan`` (name), ``href`` of its page, and ``runs`` as in :func:`render_plan_index`, their addresses relative
        to the plan's page.
    """
    shown = [
        {
            "plan": plan["plan"],
            "href": local(plan["href"]),
            "folder": plan["href"].rpartition("/")[0] + "/" if "/" in plan["href"] else "",
            "runs": _newest_first(plan["runs"]),
        }
        for plan in plans
    ]
    return fill("site.html.j2", tab_title="Reports", breadcrumbs=[], here="", plans=shown, **_HELPERS)


def _newest_first(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(runs, key=lambda run: (run["finished"], run["run"]), reverse=True)
    return [{**run, "studies": [_study(study) for study in run["studies"]]} for run in ordered]


def _study(study: Mapping[str, Any]) -> dict[str, Any]:
    return {"headline": "", "message": "", **study, "href": local(study["href"])}


def _state(status: str) -> Markup:
    return words_and_shape(*_STATES.get(status, ("untested", status)))


def _when(moment: str) -> str:
    """Write an ISO date and time for people: "22 November 2026, 07:37 UTC"."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    zone = when.tzname() or ""
    return f"{when.day} {when:%B %Y, %H:%M} {zone}".strip()


_HELPERS: dict[str, Any] = {"state": _state, "when": _when, "plural": plural, "inline": inline}
