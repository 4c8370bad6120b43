"""Know which keys of labels, annotations and metadata a tenant may not use.

They end up on objects of the provider, where its tools select by them. A live order keeps the
keys that it has: only what is new, or has another value, is judged.
"""

from collections.abc import Collection, Mapping

# What a tenant reads of such a key.
RESERVED = "is kept for the provider; choose another key"


def domain(key: str) -> str:
    """Return the domain of a key; empty where it has none."""
    return key.partition("/")[0] if "/" in key else ""


def is_within(key: str, reserved: Collection[str]) -> bool:
    """Say whether a key is one of these, or of a domain that is one of these or below one."""
    head = f".{key.partition('/')[0]}"
    return key in reserved or any(head.endswith(f".{name}") for name in reserved)


def changed(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """Return the keys that are new or have another value, sorted."""
    return sorted(key for key, value in now.items() if before.get(key) != value)
