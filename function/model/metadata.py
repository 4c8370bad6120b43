"""Say which names orders may have: what an API server takes, and what labels can hold."""

import re

# Names of orders become values of labels, on their composites and on all that is composed. With
# claims Crossplane shortens a longer name before it appends a suffix for the composite.
LONGEST_NAME = 63
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def name_problem(name: str) -> str:
    """Return what is wrong with `metadata.name` of an order; empty if nothing is."""
    if len(name) > LONGEST_NAME:
        return f"must have at most {LONGEST_NAME} characters: it becomes the value of labels"
    if not _SUBDOMAIN.fullmatch(name):
        return (
            "must be lower-case letters, digits, dashes and dots between them, as in a DNS name, "
            f"such as {_suggested(name)}"
        )
    return ""


def _suggested(name: str) -> str:
    """Return a name that is allowed and near to one that is not."""
    allowed = re.sub(r"[^-a-z0-9.]+", "-", name.lower())
    parts = (part.strip("-") for part in allowed.split("."))
    return ".".join(filter(None, parts)) or "shop"
