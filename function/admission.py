"""Refuse manifests that an API server would refuse, for users without one."""

from collections.abc import Iterator, Mapping
from typing import Any

from function import machinery, texts
from function.constraints import violations
from function.contract import Manifest, Mode
from function.environment import KIND, KIND_API_VERSION
from function.errors import EnvironmentInvalid, InvalidOrder, Problem, all_of
from function.metadata import ConfigManifest, OrderManifest
from function.model import KINDS
from function.parsing import parse, unknown_fields
from function.schema import without_nulls


def check_order(manifest: Manifest, mode: Mode) -> None:
    """Refuse an order that an API server would refuse.

    Args:
        manifest: An object of one of our kinds, or an XR.
        mode: Which install serves it.

    Raises:
        InvalidOrder: With every problem.
    """
    kind = manifest["kind"].removeprefix("X")
    all_of(
        lambda: parse(OrderManifest, manifest, at="", blame=InvalidOrder),
        lambda: _check_spec(kind, manifest.get("spec"), _added(manifest, mode)),
        lambda: _check_status(kind, manifest.get("status")),
    )


def config_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield the problems that make an API server refuse an EnvironmentConfig."""
    if (manifest["apiVersion"], manifest["kind"]) != (KIND_API_VERSION, KIND):
        yield Problem("", f"needs apiVersion {KIND_API_VERSION} and kind {KIND}")
        return
    try:
        parse(ConfigManifest, manifest, at="", blame=EnvironmentInvalid)
    except EnvironmentInvalid as refusal:
        yield from refusal.problems


def _added(manifest: Manifest, mode: Mode) -> frozenset[str]:
    if manifest["kind"] not in KINDS:
        return machinery.COMPOSITE
    return machinery.NAMESPACED if mode is Mode.NAMESPACED else machinery.CLAIM


def _check_spec(kind: str, spec: object, added: frozenset[str]) -> None:
    if isinstance(spec, dict):
        written = without_nulls(KINDS[kind], _without(spec, added))
        parsed = parse(KINDS[kind], written, at="spec", blame=InvalidOrder)
        texts.judge(kind, written, {}, None)
        if violated := violations(parsed, "spec"):
            raise InvalidOrder(*(Problem(one.field, one.message) for one in violated))


def _check_status(kind: str, status: object) -> None:
    if not isinstance(status, dict):
        return
    from function.model.status import STATUSES  # noqa: PLC0415  # few manifests have a status

    unknown = unknown_fields(STATUSES[kind], _without(status, machinery.STATUS), "status")
    if unknown:
        raise InvalidOrder(*(Problem(path, "unknown field") for path in unknown))


def _without(data: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
