"""What looks like a secret, so that none is ever stored in a plan, a parameter or a report."""

from __future__ import annotations

import re

WAY_OUT = "Take it out of the plan: connections come from the environment."

_KEY = re.compile(
    r"(password|passwd|passphrase|pwd|secret|token|credentials?|connection|(api|access|private|secret|account) ?key"
    r"|(connection|database) ?(string|url|uri)|dsn)\Z"
)
_VALUE = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,40}://"  # all runs are bounded: else a long text takes its length squared
    r"|[^\s:/\\@]:[^\s/\\@]{1,1000}@\S"
    r"|\b(password|passwd|pwd|secret|token|(api|access|account)[ _-]?key)\s{0,20}=",
    re.IGNORECASE,
)


def is_secret_key(key: str) -> bool:
    """Tell whether a key's last words name a secret, as in ``db_password`` or ``apiKey``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    return bool(_KEY.search(re.sub(r"[^a-z0-9]+", " ", spaced.casefold()).strip()))


def is_secret_value(value: object) -> bool:
    """Tell whether a value holds an address with a scheme, a user with a password, or ``password=``."""
    return isinstance(value, str) and bool(_VALUE.search(value))
