"""Write documents as people would: prose folded, texts as blocks, no anchors."""

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
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
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
