"""Give examples to control planes whose cluster classes can log people in."""

from collections.abc import Iterable, Iterator
from typing import Any


def with_login(layers: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield EnvironmentConfigs whose classes of the profile `scs2` are repaired ones."""
    for layer in layers:
        for offer in layer["data"].get("classes", ()):
            if offer["profile"] == "scs2":
                offer["profile"] = "scs2-oidc"
        yield layer
