"""A company's plan is read whatever the company is called."""

from __future__ import annotations

import pytest
import yaml

from coroi.company.plan import _quoted


@pytest.mark.parametrize("name", ["sample", "null", "on", "2024", "1e5", "~", "north-2"])
def test_a_name_is_read_as_the_text_that_it_is(name: str) -> None:
    assert yaml.safe_load(f"name: {_quoted(name)}") == {"name": name}


def test_a_plain_name_is_written_plainly() -> None:
    assert _quoted("sample") == "sample"
