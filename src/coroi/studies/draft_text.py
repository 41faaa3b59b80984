"""Text from a file's names and cells as it may stand in a draft: quoted for YAML, or on one line of a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from coroi.studies.yaml_lines import read_scalar

_PLAIN = re.compile(r"[A-Za-z_/.][A-Za-z0-9_ ./()%+-]*(?<! )\Z")
_COMMENT = 100


def quoted(text: str) -> str:
    """Write text as YAML, in quotes where it needs them; characters that cannot be seen become escapes."""
    if _PLAIN.match(text) and isinstance(read_scalar(text), str):
        return text
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in json.dumps(text, ensure_ascii=False))


def one_line(text: str) -> str:
    """Write text for a comment: on one line, in characters that can be seen, and not at length."""
    seen = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))
    return seen if len(seen) <= _COMMENT else f"{seen[: _COMMENT - 1]}…"


def named(names: Iterable[str]) -> str:
    """Write names for a comment, parted by commas."""
    return ", ".join(map(one_line, names))
