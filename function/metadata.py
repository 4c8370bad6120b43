"""Hold an object to what an API server accepts of it before it looks at its spec.

The rules for `metadata` are those of Kubernetes for every object. Names of orders are shorter,
because they become values of labels.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from function.model.metadata import LONGEST_NAME
from function.model.values import LabelValue
from function.schema import DNS_LABEL, Count, Flag, Schema, text

MAX_ANNOTATIONS = 256 * 1024
# Of the halves of `example.com/name`.
_LONGEST_PREFIX, _LONGEST_KEY = 253, 63
_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_PART}(\.{_PART})*"
_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_NAME_HINT = "lower-case letters, digits, dashes and dots, as in a DNS name"


def _key(key: str) -> str:
    prefix, _, name = key.rpartition("/")
    if len(prefix) > _LONGEST_PREFIX or len(name) > _LONGEST_KEY:
        limits = f"{_LONGEST_PREFIX} characters before the slash, and {_LONGEST_KEY} after it"
        raise ValueError(f"must have at most {limits}")
    return key


def _small(annotations: Mapping[str, str | None]) -> Mapping[str, str | None]:
    size = sum(len(f"{key}{value or ''}".encode()) for key, value in annotations.items())
    if size > MAX_ANNOTATIONS:
        raise ValueError(f"must have at most {MAX_ANNOTATIONS} bytes in all, has {size}")
    return annotations


Name = Annotated[str, text(f"^{_SUBDOMAIN}$", _NAME_HINT, max_length=253)]
OrderName = Annotated[str, text(f"^{_SUBDOMAIN}$", _NAME_HINT, max_length=LONGEST_NAME)]
# Empty is as good as absent.
Namespace = Annotated[
    str,
    text(
        f"^({DNS_LABEL[1:-1]})?$",
        "lower-case letters, digits and dashes, as in a DNS label",
        max_length=63,
    ),
]
Key = Annotated[
    str,
    text(f"^({_SUBDOMAIN}/)?{_WORD}$", "a key such as team or example.com/team"),
    pydantic.AfterValidator(_key),
]
# Of annotations an API server looks at the key in lower case.
AnnotationKey = Annotated[
    str,
    text(f"^((?i:{_SUBDOMAIN})/)?{_WORD}$", "a key such as team or example.com/team"),
    pydantic.AfterValidator(_key),
]
Time = Annotated[
    str,
    text(
        r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$",
        "a time such as 2026-10-27T12:00:00Z",
    ),
]
Text = Annotated[str, pydantic.StringConstraints(min_length=1)]


class Owner(Schema):
    """Name an owner of an object."""

    api_version: Text
    kind: Text
    name: Text
    uid: Text
    controller: Flag | None = None
    block_owner_deletion: Flag | None = None


class Metadata(Schema):
    """Hold `metadata`, with what an API server adds: `kubectl get -o yaml` prints it, too."""

    name: Name
    generate_name: str | None = None
    namespace: Namespace | None = None
    labels: dict[Key, LabelValue | None] | None = None
    annotations: (
        Annotated[dict[AnnotationKey, str | None], pydantic.AfterValidator(_small)] | None
    ) = None
    finalizers: tuple[Key, ...] | None = None
    owner_references: tuple[Owner, ...] | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: Count | None = None
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: Count | None = None
    managed_fields: tuple[dict[str, Any], ...] | None = None
    self_link: str | None = None


class OrderMetadata(Metadata):
    """Hold the `metadata` of an order."""

    name: OrderName


class OrderManifest(Schema):
    """Hold an order as it is written."""

    api_version: str
    kind: str
    metadata: OrderMetadata
    spec: dict[str, Any]
    status: Any = None


class ConfigManifest(Schema):
    """Hold an EnvironmentConfig as it is written."""

    api_version: str
    kind: str
    metadata: Metadata
    data: dict[str, Any] | None = None
