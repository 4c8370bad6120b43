"""Give people the function without a control plane: the same code path, no network."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import structlog
import yaml

from function import environment, local, plain
from function.__version__ import __version__
from function.contract import Manifest, Mode
from function.errors import InvalidOrder, Refusal
from function.fn import FunctionRunner, read_ask
from function.model import KINDS
from function.parsing import parse, unknown_fields

REFUSED = 1
RESULT_API_VERSION = "render.crossplane.io/v1beta1"
_FILE = click.Path(exists=True, path_type=Path)
_MERGE = "tag:yaml.org,2002:merge"


class BadFile(click.ClickException):
    """A file does not hold what it should; exit code 2, as for other bad usage."""

    exit_code = 2


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; YAML forbids it, and the last would count."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Return the mapping as it is written, before other mappings are merged into it."""
        node = super().compose_mapping_node(anchor)
        seen = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    text = f"found the key {key.value} twice"
                    raise yaml.MarkedYAMLError(problem=text, problem_mark=key.start_mark)
                seen.add(key.value)
        return node


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="central-api")
@click.option("--debug", is_flag=True, help="Write to stderr what the server would log.")
def main(*, debug: bool) -> None:
    """See what becomes of an order with the SCS Central API."""
    factory = structlog.PrintLoggerFactory(sys.stderr) if debug else structlog.ReturnLoggerFactory()
    structlog.configure(logger_factory=factory)


@main.command()
@click.argument("order", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-e", "--environment", "environments", type=_FILE, multiple=True, required=True,
    help="EnvironmentConfigs: a file, or a directory of them. Repeatable.",
)  # fmt: skip
@click.option(
    "--observed", "seen", type=_FILE,
    help="Composed resources as they are now, as crossplane render takes or kubectl prints them.",
)  # fmt: skip
@click.option("-n", "--namespace", help="Namespace of the tenant, if the order names none.")
@click.option(
    "--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.CLAIMS.value,
    show_default=True, help="Which install to play.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
    help="Form of what is printed.",
)  # fmt: skip
def render(  # noqa: PLR0913  # one argument for each option
    order: Path,
    environments: Sequence[Path],
    seen: Path | None,
    namespace: str | None,
    mode: str,
    output: str,
) -> None:
    """Show what becomes of ORDER: its status, and what the provider would run.

    ORDER is a tenant's manifest, or an XR. Exit code 0: answered; 1: refused, with the reason
    on stderr; 2: bad usage.
    """
    composite = _composite(order, Mode(mode), namespace)
    layers = [layer for path in environments for layer in _environment_configs(path)]
    observed = _by_key(_observed(seen)) if seen else {}
    try:
        _check_fields(composite)
    except Refusal as refusal:
        _refuse(f"{refusal.reason}: {refusal}")
    runner = FunctionRunner()
    outcome = asyncio.run(
        local.answer(lambda req: runner.RunFunction(req, None), composite, layers, observed)
    )
    if outcome.fatal:
        _refuse(outcome.fatal)
    _write(_printed([outcome.composite, *outcome.resources.values(), *_results(outcome)], output))


def _write(text: str) -> None:
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadFile(f"cannot write what is printed: {error.strerror}") from None


def _refuse(text: str) -> NoReturn:
    click.echo(f"central-api: {text}", err=True)
    sys.exit(REFUSED)


def _check_fields(composite: Manifest) -> None:
    """Refuse unknown fields, as kubectl does; a function that is asked takes them for newer ones.

    Raises:
        InvalidOrder: With all that is wrong.
    """
    ask = read_ask(plain.to_dict(plain.to_struct(composite)))
    if unknown_fields(KINDS[ask.kind], ask.written, "spec"):
        parse(KINDS[ask.kind], ask.written, at="spec", blame=InvalidOrder)


def _composite(path: Path, mode: Mode, namespace: str | None) -> Manifest:
    documents = list(_documents(path))
    if len(documents) != 1:
        raise BadFile(f"{path}: must hold one order, holds {len(documents)} objects")
    try:
        return local.composite_of(documents[0], mode, namespace)
    except local.NotAnOrder as error:
        raise BadFile(f"{path}: {error}") from None


def _environment_configs(path: Path) -> Iterator[Manifest]:
    for file in _files(path):
        for document in _documents(file):
            if document.get("kind") != environment.KIND:
                raise BadFile(f"{file}: must hold {environment.KIND}s only")
            _texts(file, document, "labels")
            yield document


def _observed(path: Path) -> Iterator[tuple[str, local.Observed]]:
    for file in _files(path):
        for document in _documents(file):
            key = _texts(file, document, "annotations").get(local.KEY_ANNOTATION)
            if not key:
                raise BadFile(f"{file}: a resource lacks the annotation {local.KEY_ANNOTATION}")
            yield key, local.Observed(document)


def _by_key(resources: Iterable[tuple[str, local.Observed]]) -> dict[str, local.Observed]:
    found: dict[str, local.Observed] = {}
    for key, resource in resources:
        if key in found:
            raise BadFile(f"--observed holds two resources with the key {key}")
        found[key] = resource
    return found


def _texts(path: Path, document: Manifest, name: str) -> dict[str, str]:
    """Return the labels or annotations of an object."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        raise BadFile(f"{path}: metadata: must be a mapping")
    found = metadata.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise BadFile(f"{path}: metadata.{name}: must be a mapping of names to text")
    return found


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml", ".json"))
    if not found:
        raise BadFile(f"{path}: holds no .yaml, .yml or .json file")
    return found


def _documents(path: Path) -> Iterator[Manifest]:
    try:
        loaded = [d for d in yaml.load_all(path.read_text("utf-8"), _Loader) if d is not None]
        documents = [_as_json(document) for document in loaded]
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise BadFile(f"{path}: is not YAML: {_told(error)}") from None
    except UnicodeDecodeError:
        raise BadFile(f"{path}: is not UTF-8 text") from None
    except (TypeError, ValueError):
        raise BadFile(
            f"{path}: holds an unquoted date, or another value that JSON lacks: quote it"
        ) from None
    except (OverflowError, RecursionError):
        raise BadFile(f"{path}: holds too large a number, or is nested too deep") from None
    for document in documents:
        yield from _objects(path, document)


def _objects(path: Path, document: object) -> Iterator[Manifest]:
    """Yield an object, or those of a List, as `kubectl get -o yaml` prints several."""
    if not isinstance(document, dict):
        raise BadFile(f"{path}: must hold Kubernetes objects")
    items = document.get("items")
    if not str(document.get("kind")).endswith("List") or not isinstance(items, list):
        yield document
        return
    for item in items:
        yield from _objects(path, item)


def _as_json(document: object) -> object:
    """Return the document as kubectl would send it: text keys, numbers that a double holds."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int:
    float(int(digits))
    return int(digits)


def _told(error: yaml.YAMLError) -> str:
    """Return what is wrong in one line, and where, without the excerpt that PyYAML adds."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark, problem = error.problem_mark, " ".join(str(error.problem).split())
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    return " ".join(str(error).split())


def _results(outcome: local.Outcome) -> Iterable[Manifest]:
    for message in outcome.warnings:
        yield {
            "apiVersion": RESULT_API_VERSION,
            "kind": "Result",
            "message": message,
            "severity": "SEVERITY_WARNING",
            "step": "central-api",
        }


def _printed(documents: Sequence[Manifest], output: str) -> str:
    if output == "json":
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        return json.dumps(listed, indent=2) + "\n"
    return "".join(
        "---\n" + yaml.safe_dump(d, sort_keys=False, allow_unicode=True) for d in documents
    )


if __name__ == "__main__":
    main()
