"""Write documents as people would: prose folded, texts as blocks, no anchors."""

from collections.abc import Iterable
from typing import Any

import yaml

HEADER = "Generated from function/model by `make generate`; do not edit."
WIDTH = 100
UNFOLDED = 1_000_000
# Room for indentation and key: shorter texts stay on the line of their key.
_BEFORE = 30


def yaml_text(document: dict[str, Any], width: int = WIDTH) -> str:
    """Return a document as YAML, keys in the given order, below the header.

    Args:
        document: Plain data.
        width: Length at which prose is folded.
    """
    return yaml_texts([document], width)


def yaml_texts(documents: Iterable[dict[str, Any]], width: int = WIDTH) -> str:
    """Return documents as one file of YAML, below the header."""
    text = "---\n".join(
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
        for document in documents
    )
    return f"# {HEADER}\n{text}"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # given by yaml
        """Repeat what occurs twice; people cannot follow anchors."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None
    if "\n" in value:
        style = "|"
    elif " " in value and (len(value) > dumper.best_width - _BEFORE or ": " in value):
        # The latter would have to be quoted.
        style = ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
