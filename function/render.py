"""Answer orders from files, as the server answers those of a control plane.

What an API server refuses is refused here, too: it would never reach the function.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import admission, environment, files, local, simulate
from function.contract import Manifest, Mode
from function.errors import EnvironmentInvalid, Problem, Refusal
from function.files import BadFile, Document
from function.fn import FunctionRunner, utc_now
from function.labels import ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL, labels_of
from function.model import API_GROUP, API_VERSION, KINDS
from function.requests import read_ask

# Of what is printed beside objects.
RESULT_API_VERSION = "render.crossplane.io/v1beta1"
# Files for kustomize, whatever they hold.
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
# Labels of EnvironmentConfigs: of a base layer the first, of an overlay the others.
_LABELS = (ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL)
# How similar a misspelled word is to the right one.
_SIMILAR = 0.8


@dataclass(frozen=True)
class Given:
    """What orders are answered from, beside themselves.

    Attributes:
        layers: EnvironmentConfigs.
        observed: Composed resources as they are now.
        mode: Which install to play.
        namespace: Namespace of the tenant, as an option gives it.
        until_ready: Whether to play the provider until everything is built.
    """

    layers: Sequence[Document]
    observed: Sequence[Document] = ()
    mode: Mode = Mode.CLAIMS
    namespace: str | None = None
    until_ready: bool = False


@dataclass(frozen=True)
class Answered:
    """The answer to one order.

    Attributes:
        file: Where the order was read.
        name: Its kind, namespace and name.
        refusal: Why it is refused; empty if it is not.
        outcome: The function's answer, if the order is not refused.
        resources: What is composed of it.
        more: Whether further resources follow once these are built.
    """

    file: str
    name: str
    refusal: str = ""
    outcome: local.Outcome | None = None
    resources: tuple[Manifest, ...] = ()
    more: bool = False


def orders(paths: Iterable[Path], *, recursive: bool) -> tuple[list[Document], list[str]]:
    """Return the orders at paths, and a note on each other kind of object there.

    Raises:
        BadFile: A path holds no order.
    """
    what = f"order: apiVersion {API_VERSION}, kind {', '.join(KINDS)} or their XR"
    return _chosen(paths, recursive, what, _is_order)


def layers(paths: Iterable[Path], *, recursive: bool) -> tuple[list[Document], list[str]]:
    """Return the EnvironmentConfigs at paths, with notes on other objects and unused layers.

    Raises:
        BadFile: A path holds none.
        EnvironmentInvalid: An API server refuses one of them.
    """
    what = f"{environment.KIND}: apiVersion {environment.KIND_API_VERSION}"
    configs, notes = _chosen(paths, recursive, what, _is_layer)
    problems = [
        Problem(config.file, str(problem))
        for config in configs
        for problem in admission.config_problems(config.manifest)
    ]
    if problems:
        raise EnvironmentInvalid(*problems)
    return list(map(_stored, configs, range(len(configs)))), notes + list(_unused(configs))


def _stored(config: Document, number: int) -> Document:
    """Return a layer with the identity that a control plane gives it, by which it is parsed once.

    Whatever it brought is replaced: a copy that was edited would share it with the original.
    """
    metadata = {**config.manifest["metadata"], "uid": str(number), "resourceVersion": "1"}
    return replace(config, manifest={**config.manifest, "metadata": metadata})


def observed(path: Path, *, recursive: bool) -> list[Document]:
    """Return composed resources; what this command prints beside them is skipped.

    Raises:
        BadFile: One lacks the key that Crossplane gives it.
    """
    documents = files.load(path, recursive=recursive)
    resources = [document for document in documents if not _is_printed(document.manifest)]
    for resource in resources:
        if not _key(resource):
            raise BadFile(
                f"{resource.file}: a resource lacks the annotation {local.KEY_ANNOTATION}"
            )
    return resources


def answer(order: Document, given: Given, runner: FunctionRunner) -> Answered:
    """Answer one order.

    Raises:
        BadFile: It is no order, or its namespace is missing or contradicted.
    """
    name = _name(order.manifest)
    try:
        return _answered(order, name, _composite(order, given), given, runner)
    except Refusal as refusal:
        return Answered(order.file, name, f"{refusal.reason}: {refusal}")
    except simulate.Unsettled as error:
        return Answered(order.file, name, str(error))


def _answered(
    order: Document, name: str, composite: Manifest, given: Given, runner: FunctionRunner
) -> Answered:
    configs = [config.manifest for config in given.layers]
    known = _of_order(given.observed, composite)
    if given.until_ready:
        play = simulate.until_settled(composite, configs, known)
        played = local.held_here(_run(runner), play)
        outcome = played.outcome
        resources = [played.observed[key].manifest for key in outcome.resources]
    else:
        outcome = local.held_here(_run(runner), local.exchange(composite, configs, known))
        resources = list(outcome.resources.values())
    if outcome.fatal:
        refusal = outcome.fatal + _other_environments(order.manifest, outcome, configs)
        return Answered(order.file, name, refusal)
    more = not given.until_ready and local.held_here(
        _ahead(runner), simulate.further(composite, configs, outcome)
    )
    return Answered(order.file, name, "", outcome, tuple(resources), more)


def _run(runner: FunctionRunner) -> local.Run:
    return lambda req: runner.RunFunction(req, None)


def _ahead(runner: FunctionRunner) -> local.Run:
    """Return how to ask what comes later; such calls are not logged."""

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        return (await runner.reply(req, utc_now())).response

    return run


def _chosen(
    paths: Iterable[Path], recursive: bool, what: str, belongs: Callable[[Manifest], bool]
) -> tuple[list[Document], list[str]]:
    """Return the objects that belong, and a note on each other kind, by file."""
    chosen, notes = list[Document](), dict[str, None]()
    for path in paths:
        previous, others = len(chosen), dict[str, None]()
        for document in files.load(path, recursive=recursive):
            if _is_object(document) and belongs(document.manifest):
                chosen.append(document)
                continue
            kind = _kind(document.manifest)
            others[kind] = None
            notes[f"{document.file}: skipped {kind}"] = None
        if len(chosen) == previous:
            raise BadFile(f"{path}: holds {', '.join(others) or 'nothing'}, but needs an {what}")
    return chosen, list(notes)


def _is_object(document: Document) -> bool:
    """Say whether this is an object of a control plane.

    Raises:
        BadFile: It does not say of which kind.
    """
    if Path(document.file).name in KUSTOMIZATIONS:
        return False
    for key in ("apiVersion", "kind"):
        if not isinstance(document.manifest.get(key), str):
            raise BadFile(f"{document.file}: {key}: required in every object, as text")
    return True


def _is_order(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].partition("/")[0]
    return group == API_GROUP or bool(_similar(group, [API_GROUP]))


def _is_layer(manifest: Manifest) -> bool:
    return bool(_similar(manifest["kind"], [environment.KIND]))


def _is_printed(manifest: Manifest) -> bool:
    version = str(manifest.get("apiVersion"))
    return version == RESULT_API_VERSION or version.partition("/")[0] == API_GROUP


def _kind(manifest: Manifest) -> str:
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    return f"{version} {kind}" if version and kind else "a list of files for kustomize"


def _name(manifest: Manifest) -> str:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = [metadata.get("namespace"), metadata.get("name")]
    return f"{manifest['kind']} {'/'.join(str(part) for part in parts if part)}".rstrip()


def _similar(text: str, known: Iterable[str], cutoff: float = _SIMILAR) -> str:
    return next(iter(difflib.get_close_matches(text, known, n=1, cutoff=cutoff)), "")


def _unused(configs: Iterable[Document]) -> Iterator[str]:
    """Yield a note on each EnvironmentConfig whose labels select it for no order."""
    for config in configs:
        labels = set(config.manifest["metadata"].get("labels") or {})
        if ENVIRONMENT_LABEL in labels or labels >= set(_LABELS[1:]):
            continue
        typos = [
            f"label {label}: did you mean {meant}?"
            for label in sorted(labels - set(_LABELS))
            if (meant := _similar_label(label, set(_LABELS) - labels))
        ]
        base, overlay, tenant = _LABELS
        missing = f"it has no label {base}, nor both {overlay} and {tenant}"
        reason = "; ".join(typos) or missing
        yield f"{config.file}: no order uses {_name(config.manifest)}: {reason}"


def _similar_label(label: str, known: Iterable[str]) -> str:
    """Return the label that was meant, whatever is wrong with its prefix."""
    by_name = {one.rpartition("/")[2]: one for one in known}
    name = label.rpartition("/")[2]
    return _similar(label, by_name.values()) or by_name.get(_similar(name, by_name), "")


def _other_environments(
    order: Manifest, outcome: local.Outcome, configs: Sequence[Manifest]
) -> str:
    """Return which environments there are, if the order names none of them."""
    wanted = order["spec"].get("environment", "default")
    labels = [config["metadata"].get("labels") or {} for config in configs]
    names = sorted({str(one[_LABELS[0]]) for one in labels if one.get(_LABELS[0])})
    if not outcome.fatal.startswith("EnvironmentNotFound") or not names or wanted in names:
        return ""
    meant = _similar(wanted, names, cutoff=0.6)
    return f"; here: {', '.join(names)}{f', did you mean {meant}?' if meant else ''}"


def _composite(order: Document, given: Given) -> Manifest:
    """Return the XR of an order.

    Raises:
        BadFile: It is no order, or its namespace is missing or contradicted.
        InvalidOrder: An API server refuses it.
    """
    manifest = _in_namespace(order, given.namespace)
    try:
        local.check_kind(manifest)
    except local.NotAnOrder as error:
        raise BadFile(f"{order.file}: {error}") from None
    admission.check_order(manifest, given.mode)
    return local.composite_of(manifest, given.mode)


def _in_namespace(order: Document, namespace: str | None) -> Manifest:
    """Return an order in the namespace that an option gives, as kubectl adds it."""
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


def _key(resource: Document) -> str:
    """Return the key of a composed resource; empty if it has none."""
    return _texts(resource, "annotations").get(local.KEY_ANNOTATION, "")


def _texts(resource: Document, name: str) -> dict[str, str]:
    """Return the labels or annotations of a composed resource.

    Raises:
        BadFile: They are no mapping of text.
    """
    metadata = resource.manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise BadFile(f"{resource.file}: metadata: must be a mapping")
    texts = metadata.get(name) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise BadFile(f"{resource.file}: metadata.{name}: must be a mapping of names to text")
    return texts


def _of_order(resources: Iterable[Document], composite: Manifest) -> dict[str, local.Observed]:
    """Return the observed resources of one order by key; labels say whose they are.

    Raises:
        BadFile: Two have the same key.
    """
    ask = read_ask(composite)
    own = labels_of(ask.tenant, ask.kind, ask.name)
    known: dict[str, local.Observed] = {}
    for resource in resources:
        labels = _texts(resource, "labels")
        if any(labels.get(label, value) != value for label, value in own.items()):
            continue
        key = _key(resource)
        if key in known:
            raise BadFile(f"--observed holds two resources with the key {key}")
        known[key] = local.Observed(resource.manifest)
    return known
