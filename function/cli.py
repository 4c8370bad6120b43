"""Give people the function without a control plane: the same code path, no network.

Only what reads the command line is imported here: `--help` and completion answer at once.
"""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
from click import shell_completion

from function.__version__ import __version__

PROGRAM = "central-api"
REFUSED = 1
# As those of `contract.Mode` and `forms.FORMS`, which take long to import.
MODES = ("claims", "namespaced")
FORMS = ("yaml", "json", "name", "status", "summary")
SHELLS = ("bash", "zsh", "fish")
# Click keeps the lines of a paragraph that begins so.
_COMPLETION = """\b
bash: source <(central-api completion bash)
zsh:  source <(central-api completion zsh)
fish: central-api completion fish | source
"""
_PATH = click.Path(exists=True, allow_dash=True, path_type=Path)


class BadUsage(click.ClickException):
    """What was given is not what it should be."""

    exit_code = 2


def _debug(command: Callable[..., None]) -> Callable[..., None]:
    text = "Write to stderr what the server would log."
    return click.option("--debug", is_flag=True, help=text)(command)


def _recursive(command: Callable[..., None]) -> Callable[..., None]:
    text = "Look into directories below directories, too."
    return click.option("-R", "--recursive", is_flag=True, help=text)(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
@_debug
@click.pass_context
def main(context: click.Context, *, debug: bool) -> None:
    """See what becomes of an order with the SCS Central API."""
    context.obj = debug


@main.command()
@click.argument("orders", metavar="ORDER...", type=_PATH, nargs=-1, required=True)
@click.option(
    "-e", "--environment", "environments", type=_PATH, multiple=True, required=True,
    help="EnvironmentConfigs: a file, or a directory of them. Repeatable.",
)  # fmt: skip
@click.option(
    "--observed", "seen", type=_PATH,
    help="Composed resources as they are now: as this command, crossplane render or kubectl "
    "prints them.",
)  # fmt: skip
@click.option("-n", "--namespace", help="Namespace of the tenant, if the order names none.")
@click.option(
    "--mode", type=click.Choice(MODES), default=MODES[0], show_default=True,
    help="Which install to play.",
)  # fmt: skip
@click.option(
    "--until-ready", is_flag=True,
    help="Play the provider, wave by wave, and show everything as it is once it is built.",
)  # fmt: skip
@_recursive
@click.option(
    "-o", "--output", type=click.Choice(FORMS), default=FORMS[0], show_default=True,
    help="Form of what is printed.",
)  # fmt: skip
@_debug
@click.pass_context
def render(context: click.Context, /, *, debug: bool, **options: Any) -> None:
    """Show what becomes of each ORDER: its status, and what the provider would run.

    ORDER is a file of tenants' manifests or XRs, a directory of such files, or - for standard
    input. Exit code 0: all are answered; 1: one is refused, with the reason on stderr; 2: bad
    usage.
    """
    with _without_collector():
        code = _rendered(debug=debug or context.obj, **options)
    sys.exit(code)


def _rendered(  # noqa: PLR0913  # one argument for each option
    *,
    orders: tuple[Path, ...],
    environments: tuple[Path, ...],
    seen: Path | None,
    namespace: str | None,
    mode: str,
    until_ready: bool,
    recursive: bool,
    output: str,
    debug: bool,
) -> int:
    from function import files, forms, render  # noqa: PLC0415  # see above
    from function.contract import Mode  # noqa: PLC0415
    from function.errors import EnvironmentInvalid  # noqa: PLC0415

    if [*orders, *environments, seen].count(files.STDIN) > 1:
        raise BadUsage("standard input can be read once only")
    try:
        documents, notes = render.orders(orders, recursive=recursive)
        layers, others = render.layers(environments, recursive=recursive)
        observed = render.observed(seen, recursive=recursive) if seen else []
        given = render.Given(layers, observed, Mode(mode), namespace, until_ready)
        runner = _runner(debug=debug)
        answered = [render.answer(order, given, runner) for order in documents]
    except files.BadFile as error:
        raise BadUsage(str(error)) from None
    except EnvironmentInvalid as refusal:
        _say(f"{refusal.reason}: {refusal}")
        return REFUSED
    for note in (*notes, *others, *forms.notes(answered)):
        _say(f"note: {note}")
    _write(forms.printed(answered, output))
    refused = list(forms.refusals(answered))
    for text in refused:
        _say(text)
    return REFUSED if refused else 0


@main.command()
@click.argument("classes", metavar="CLASS...", type=_PATH, nargs=-1, required=True)
@_recursive
def profile(classes: tuple[Path, ...], *, recursive: bool) -> None:
    """Write the layer of an environment that offers each ClusterClass.

    CLASS is a file of ClusterClasses with the templates that they name, a directory of such files,
    or - for standard input, such as what kubectl get prints. What follows from the classes is
    written; what is left to you is said on stderr.
    """
    from function import files, forms  # noqa: PLC0415  # see above
    from function.backends.capi import derive  # noqa: PLC0415

    try:
        documents = [one for path in classes for one in files.load(path, recursive=recursive)]
    except files.BadFile as error:
        raise BadUsage(str(error)) from None
    found = derive.derive(one.manifest for one in documents)
    if not found:
        raise BadUsage("no ClusterClass among what was given")
    for one in found:
        for text in (*one.left, *one.replacing):
            _say(f"note: {one.class_name}: {text}")
    _write(forms.dumped([derive.layer(found)]))


@main.command(epilog=_COMPLETION)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options and files."""
    kind = shell_completion.get_completion_class(shell)
    if kind is None:
        raise BadUsage(f"{shell} is not known")
    _write(kind(main, {}, PROGRAM, "_CENTRAL_API_COMPLETE").source() + "\n")


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Look for no garbage, at the end of the program neither: a quarter of one short run."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _runner(*, debug: bool) -> Any:
    from function.fn import FunctionRunner  # noqa: PLC0415  # see above

    if not debug:
        return FunctionRunner(alone=True)
    import structlog  # noqa: PLC0415

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    log = structlog.get_logger()

    def observe(call: Any) -> None:
        log.log(call.level, "call", **call.line())

    return FunctionRunner(observe, alone=True)


def _say(text: str) -> None:
    click.echo(f"{PROGRAM}: {text}", err=True)


def _write(text: str) -> None:
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_quietly()
    except OSError as error:
        raise BadUsage(f"cannot write what is printed: {error.strerror}") from None


def _end_quietly() -> NoReturn:
    """End as a program that SIGPIPE ends: who reads has read enough, and nothing is refused."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


if __name__ == "__main__":
    main(prog_name=PROGRAM)
