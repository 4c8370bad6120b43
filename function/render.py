"""Answer orders from files, as the server answers those of a control plane.

What an API server would refuse is refused here, too: it would never reach the function.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from function import environment, files, local, simulate
from function.contract import Manifest, Mode
from function.errors import EnvironmentInvalid, InvalidOrder, Problem, Refusal, all_of
from function.files import BadFile, Found
from function.fn import FunctionRunner, read_ask
from function.guards import KIND_LABEL, NAME_LABEL, TENANT_LABEL
from function.metadata import ConfigManifest, OrderManifest
from function.model import API_GROUP, API_VERSION, KINDS
from function.parsing import parse, unknown_fields
from function.schema import without_nulls

# Of what is printed beside objects.
RESULT_API_VERSION = "render.crossplane.io/v1beta1"
# Not an object of a control plane, whatever it says: it lists files for kubectl.
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
# What Crossplane adds to `spec`: of claims and their composites, of each alone, and namespaced.
_COMMON = frozenset(
    {
        "compositionRef",
        "compositionRevisionRef",
        "compositionRevisionSelector",
        "compositionSelector",
        "compositionUpdatePolicy",
        "publishConnectionDetailsTo",
        "writeConnectionSecretToRef",
    }
)
CLAIM = _COMMON | {"compositeDeletePolicy", "resourceRef"}
COMPOSITE = _COMMON | {"claimRef", "resourceRefs"}
NAMESPACED = frozenset({"crossplane"})
# What Crossplane adds to `status`.
_STATUS = ("conditions", "connectionDetails", "claimConditionTypes", "crossplane")
_LABELS = (environment.BASE_LABEL, environment.OVERLAY_LABEL, environment.TENANT_LABEL)
# How alike what people meant must be.
_ALIKE = 0.8


@dataclass(frozen=True)
class Given:
    """What orders are answered from, beside themselves.

    Attributes:
        layers: EnvironmentConfigs.
        observed: Composed resources as they are now.
        mode: Which install to play.
        namespace: Namespace of the tenant, as an option says it.
        until_ready: Whether to play the provider until all is built.
    """

    layers: Sequence[Found]
    observed: Sequence[Found] = ()
    mode: Mode = Mode.CLAIMS
    namespace: str | None = None
    until_ready: bool = False


@dataclass(frozen=True)
class Answered:
    """What became of one order.

    Attributes:
        file: Where it was read.
        name: What to call it.
        refusal: Why it is refused; empty if it is not.
        outcome: What the function answered, if it was called.
        resources: What is composed of it.
        more: Whether further resources follow once these are built.
    """

    file: str
    name: str
    refusal: str = ""
    outcome: local.Outcome | None = None
    resources: tuple[Manifest, ...] = ()
    more: bool = False


def orders(paths: Iterable[Path], *, recursive: bool) -> tuple[list[Found], list[str]]:
    """Return the orders at paths, and a note on each other kind of object there.

    Raises:
        BadFile: A path holds no order.
    """
    kinds = ", ".join(KINDS)
    what = f"order: apiVersion {API_VERSION}, kind {kinds} or their XR"
    return _sorted_out(paths, recursive, what, _is_order)


def layers(paths: Iterable[Path], *, recursive: bool) -> tuple[list[Found], list[str]]:
    """Return the EnvironmentConfigs at paths, and a note on each other kind of object there.

    Raises:
        BadFile: A path holds none.
        EnvironmentInvalid: An API server would not take one of them.
    """
    what = f"{environment.KIND}: apiVersion {environment.KIND_API_VERSION}"
    found, notes = _sorted_out(paths, recursive, what, _is_layer)
    problems = [problem for one in found for problem in _problems_of_layer(one)]
    if problems:
        raise EnvironmentInvalid(*problems)
    return found, notes + list(_unread(found))


def observed(path: Path, *, recursive: bool) -> list[Found]:
    """Return composed resources, also from what this command has printed.

    Raises:
        BadFile: One lacks the key that Crossplane gives it.
    """
    found = [one for one in files.load(path, recursive=recursive) if not _is_printed(one.manifest)]
    for one in found:
        if not _key(one):
            raise BadFile(f"{one.file}: a resource lacks the annotation {local.KEY_ANNOTATION}")
    return found


def answer(order: Found, given: Given, runner: FunctionRunner) -> Answered:
    """Answer one order.

    Raises:
        BadFile: It is no order, or nobody says whose it is.
    """
    name = _named(order.manifest)
    try:
        composite = _composite(order, given)
        return _answered(order, composite, given, runner)
    except Refusal as refusal:
        return Answered(order.file, name, f"{refusal.reason}: {refusal}")
    except simulate.Unsettled as error:
        return Answered(order.file, name, str(error))


def _answered(order: Found, composite: Manifest, given: Given, runner: FunctionRunner) -> Answered:
    name, configs = _named(order.manifest), [one.manifest for one in given.layers]
    known = _of_order(given.observed, composite)
    if given.until_ready:
        play = simulate.until_settled(composite, configs, known)
        played = local.held_here(_called(runner), play)
        outcome = played.outcome
        resources = [played.observed[key].manifest for key in outcome.resources]
    else:
        outcome = local.held_here(_called(runner), local.exchange(composite, configs, known))
        resources = list(outcome.resources.values())
    if outcome.fatal:
        return Answered(
            order.file, name, outcome.fatal + _nearest(order.manifest, outcome, configs)
        )
    # What is played ahead is nobody's call, and not logged.
    ahead = _called(FunctionRunner(alone=True))
    more = not given.until_ready and local.held_here(
        ahead, simulate.further(composite, configs, outcome)
    )
    return Answered(order.file, name, "", outcome, tuple(resources), more)


def _called(runner: FunctionRunner) -> local.Run:
    return lambda req: runner.RunFunction(req, None)


def _sorted_out(
    paths: Iterable[Path], recursive: bool, what: str, belongs: Callable[[Manifest], bool]
) -> tuple[list[Found], list[str]]:
    wanted, notes = list[Found](), dict[str, None]()
    for path in paths:
        found = files.load(path, recursive=recursive)
        mine = [one for one in found if _is_object(one) and belongs(one.manifest)]
        others = [one for one in found if one not in mine]
        if not mine:
            held = ", ".join(dict.fromkeys(_kind(one.manifest) for one in others))
            raise BadFile(f"{path}: holds {held or 'nothing'}, but needs an {what}")
        wanted += mine
        notes |= dict.fromkeys(f"{one.file}: left out {_kind(one.manifest)}" for one in others)
    return wanted, list(notes)


def _is_object(found: Found) -> bool:
    """Say whether this is an object of a control plane.

    Raises:
        BadFile: It should be one, and does not say of which kind.
    """
    if Path(found.file).name in KUSTOMIZATIONS:
        return False
    for key in ("apiVersion", "kind"):
        if not isinstance(found.manifest.get(key), str):
            raise BadFile(f"{found.file}: {key}: required in every object, as text")
    return True


def _is_order(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].partition("/")[0]
    return group == API_GROUP or bool(_close(group, [API_GROUP]))


def _is_layer(manifest: Manifest) -> bool:
    return bool(_close(manifest["kind"], [environment.KIND]))


def _is_printed(manifest: Manifest) -> bool:
    """Say whether an object is what we print beside composed resources."""
    version = str(manifest.get("apiVersion"))
    return version == RESULT_API_VERSION or version.partition("/")[0] == API_GROUP


def _kind(manifest: Manifest) -> str:
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    return f"{version} {kind}" if version and kind else "what lists files for kustomize"


def _close(text: str, known: Iterable[str], cutoff: float = _ALIKE) -> str:
    return next(iter(difflib.get_close_matches(text, known, n=1, cutoff=cutoff)), "")


def _named(manifest: Manifest) -> str:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = [metadata.get("namespace"), metadata.get("name")]
    return f"{manifest.get('kind')} {'/'.join(str(part) for part in parts if part)}".rstrip()


def _problems_of_layer(found: Found) -> Iterator[Problem]:
    manifest = found.manifest
    if (manifest["apiVersion"], manifest["kind"]) != (
        environment.KIND_API_VERSION,
        environment.KIND,
    ):
        text = f"needs apiVersion {environment.KIND_API_VERSION} and kind {environment.KIND}"
        yield Problem(found.file, text)
        return
    try:
        parse(ConfigManifest, manifest, at="", blame=EnvironmentInvalid)
    except EnvironmentInvalid as refusal:
        yield from (Problem(found.file, str(problem)) for problem in refusal.problems)


def _unread(found: Iterable[Found]) -> Iterator[str]:
    """Yield a note on each EnvironmentConfig that no order reads, for want of a label."""
    for one in found:
        labels = set(one.manifest["metadata"].get("labels") or {})
        if environment.BASE_LABEL in labels or labels >= set(_LABELS[1:]):
            continue
        typos = [
            f"label {label}: did you mean {close}?"
            for label in sorted(labels - set(_LABELS))
            if (close := _close_label(label, set(_LABELS) - labels))
        ]
        base, overlay, tenant = _LABELS
        wanted = f"it has no label {base}, nor both {overlay} and {tenant}"
        yield f"{one.file}: no order reads {_named(one.manifest)}: {'; '.join(typos) or wanted}"


def _close_label(label: str, known: Iterable[str]) -> str:
    """Return the label that was meant, whatever is wrong with prefix or name."""
    by_name = {one.rpartition("/")[2]: one for one in known}
    name = label.rpartition("/")[2]
    return _close(label, by_name.values()) or by_name.get(_close(name, by_name), "")


def _nearest(order: Manifest, outcome: local.Outcome, configs: Sequence[Manifest]) -> str:
    """Return which environments there are, if the order names none of them."""
    wanted = order["spec"].get("environment", "default")
    labels = [config["metadata"].get("labels") or {} for config in configs]
    known = sorted({str(found[_LABELS[0]]) for found in labels if found.get(_LABELS[0])})
    if not outcome.fatal.startswith("EnvironmentNotFound") or not known or wanted in known:
        return ""
    close = _close(wanted, known, cutoff=0.6)
    return f"; here: {', '.join(known)}{f', did you mean {close}?' if close else ''}"


def check(manifest: Manifest, mode: Mode) -> None:
    """Refuse an order that an API server would refuse.

    Raises:
        InvalidOrder: With all that is wrong.
    """
    kind = manifest["kind"].removeprefix("X")
    all_of(
        lambda: parse(OrderManifest, manifest, at="", blame=InvalidOrder),
        lambda: _check_spec(kind, manifest.get("spec"), _added(manifest, mode)),
        lambda: _check_status(kind, manifest.get("status")),
    )


def _composite(order: Found, given: Given) -> Manifest:
    """Return the XR of an order.

    Raises:
        BadFile: It is no order, or its namespace is missing or another.
        InvalidOrder: An API server would not take it.
    """
    manifest = _in_namespace(order, given.namespace)
    try:
        local.check_kind(manifest)
    except local.NotAnOrder as error:
        raise BadFile(f"{order.file}: {error}") from None
    check(manifest, given.mode)
    return local.composite_of(manifest, given.mode)


def _in_namespace(order: Found, namespace: str | None) -> Manifest:
    """Return an order with the namespace that an option says, as kubectl adds it."""
    manifest, metadata = order.manifest, order.manifest.get("metadata")
    if manifest["kind"] not in KINDS or not isinstance(metadata, dict):
        return manifest
    own = metadata.get("namespace")
    if not own and not namespace:
        raise BadFile(f"{order.file}: metadata.namespace: required, or give --namespace")
    if own and namespace and own != namespace:
        text = f"is {own}, which does not match --namespace {namespace}: give --namespace {own}"
        raise BadFile(f"{order.file}: metadata.namespace: {text}")
    return {**manifest, "metadata": {**metadata, "namespace": own or namespace}}


def _added(manifest: Manifest, mode: Mode) -> frozenset[str]:
    """Return the fields of `spec` that are Crossplane's."""
    if manifest["kind"] not in KINDS:
        return COMPOSITE
    return NAMESPACED if mode is Mode.NAMESPACED else CLAIM


def _check_spec(kind: str, spec: object, added: frozenset[str]) -> None:
    if isinstance(spec, dict):
        own = {name: value for name, value in spec.items() if name not in added}
        parse(KINDS[kind], without_nulls(KINDS[kind], own), at="spec", blame=InvalidOrder)


def _check_status(kind: str, status: object) -> None:
    if not isinstance(status, dict):
        return
    from function.model.status import STATUSES  # noqa: PLC0415  # few orders bring one

    own = {name: value for name, value in status.items() if name not in _STATUS}
    unknown = unknown_fields(STATUSES[kind], own, "status")
    if unknown:
        raise InvalidOrder(*(Problem(path, "unknown field") for path in unknown))


def _key(found: Found) -> str:
    """Return the key of a composed resource; empty if it has none.

    Raises:
        BadFile: Its labels or annotations are none.
    """
    return _texts(found, "annotations").get(local.KEY_ANNOTATION, "")


def _texts(found: Found, name: str) -> dict[str, str]:
    metadata = found.manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise BadFile(f"{found.file}: metadata: must be a mapping")
    texts = metadata.get(name) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise BadFile(f"{found.file}: metadata.{name}: must be a mapping of names to text")
    return texts


def _of_order(resources: Iterable[Found], composite: Manifest) -> dict[str, local.Observed]:
    """Return what is observed of one order, by key; what carries the labels of another is not."""
    ask = read_ask(composite)
    own = {TENANT_LABEL: ask.tenant, KIND_LABEL: ask.kind, NAME_LABEL: ask.name}
    known: dict[str, local.Observed] = {}
    for one in resources:
        labels = _texts(one, "labels")
        if any(labels.get(label, value) != value for label, value in own.items()):
            continue
        key = _key(one)
        if key in known:
            raise BadFile(f"--observed holds two resources with the key {key}")
        known[key] = local.Observed(one.manifest)
    return known
