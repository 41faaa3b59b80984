"""Content that a page, a shell, a spreadsheet or a disk might take for a command, and a company full of it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import yaml

SCRIPTS = (
    "<script>window.reached=1</script>",
    "<img src=x onerror=window.reached=2>",
    "<svg/onload=window.reached=3>",
    '" onmouseover="window.reached=4" x="',
    "' autofocus onfocus='window.reached=5",
    "</style></table><iframe srcdoc='<script>parent.reached=6</script>'>",
    "<a href=javascript:window.reached=7>here</a>",
    "[here](javascript:window.reached=8) ![x](http://example.invalid/x.png)",
    "<!--<b>bold</b>",
    "&lt;b&gt; &amp; &#60;script&#62;",
)
TEMPLATES = ("{{ 7 * 7 }}", "{% include 'style.css' %}", "${7 * 7}", "%s %(x)s {0}", "$\\frac{1}{0}$ and $")
FORMULAS = ("=1+1", "+1+cmd|' /C calc'!A0", "-1+1", "@SUM(1)", "\t=1+1", "＝1+1", " =1+1")
SHELL = (
    "$(touch reached)",
    "`touch reached`",
    "; touch reached",
    "| touch reached",
    "&& touch reached",
    "'; touch reached '",
)
TERMINAL = ("\x1b[31mred\x1b[0m", "\x07bell", "\u202egnp.exe", "zero\u200bwidth")


def hostile_company(folder: Path) -> Path:
    """Write a company whose segments, units, reasons, comments, identifiers, headers and file names are hostile.

    Returns
    -------
    pathlib.Path
        The plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(5)
    words = (*SCRIPTS, *TEMPLATES, *FORMULAS)
    people, contracts, answers = [], [], []
    for i in range(400):
        who = f"{words[i % len(words)]}{i}"
        segment = (SCRIPTS[0], SCRIPTS[1], FORMULAS[0])[i % 3]
        people.append((who, segment, SCRIPTS[i % len(SCRIPTS)]))
        score = draw.choice((2, 4, 7, 8, 9, 10))
        start = date(2021, 1, 1) + timedelta(days=draw.randrange(300))
        gone = draw.random() < (0.5 if score < 7 else 0.2)
        end = start + timedelta(days=500 + draw.randrange(400)) if gone else None
        contracts.append((who, start, end, words[i % len(words)] if gone else None, 10 + i % 7))
        if i % 5:
            answers.append(
                (who, date(2022, 1, 1) + timedelta(days=i % 90), score, words[i % len(words)], SCRIPTS[i % 4])
            )
    header = SCRIPTS[1]
    frames = {
        "people <script>.csv": pd.DataFrame(people, columns=["id", header, SCRIPTS[3]]),
        "=contracts&co.csv": pd.DataFrame(contracts, columns=["id", "from", "to", SCRIPTS[0], "price"]),
        "answers'$(x).csv": pd.DataFrame(answers, columns=["id", "day", "{{ score }}", "text", "where"]),
        "flags.csv": pd.DataFrame({"id": [p[0] for p in people[::4]]}),
    }
    for name, frame in frames.items():
        frame.to_csv(folder / name, index=False)
    people_file, contracts_file, answers_file, flags_file = frames
    plan = {
        "name": "hostile",
        "currency": "EUR",
        "period": "month",
        "observed_until": "2023-12-31",
        "metrics": {"nps": {"scale": [0, 10], "label": f"{SCRIPTS[1]} $x$ {TEMPLATES[0]}"}},
        "tables": {
            "customers": {
                "path": people_file,
                "columns": {"customer_id": "id", "segment": header, "unit_id": SCRIPTS[3]},
            },
            "subscriptions": {
                "path": contracts_file,
                "columns": {
                    "customer_id": "id",
                    "start_at": "from",
                    "end_at": "to",
                    "exit_reason": SCRIPTS[0],
                    "price": "price",
                },
            },
            "responses": {
                "path": answers_file,
                "columns": {"customer_id": "id", "answered_at": "day", "verbatim": "text", "touchpoint": "where"},
                "scores": {"nps": "{{ score }}"},
            },
        },
        "exit_flags": {SCRIPTS[2]: {"path": flags_file, "columns": {"customer_id": "id"}}},
    }
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    return path
