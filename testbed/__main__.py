"""Run control planes on this machine: `python -m testbed up`, `down`, `status`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from testbed import ROOT, background, build, processes, programs
from testbed.background import Found
from testbed.cores import Profile
from testbed.kubernetes import Refused
from testbed.profiles import PROFILES
from testbed.running import Broken
from testbed.servers import Server, function, provider_kubernetes
from testbed.site import TENANT
from testbed.waiting import TimedOut

NEXT = """
{name} is up: {story}.

  export PATH={bin}:$PATH        # kubectl
  export KUBECONFIG={tenant}        # a tenant, in the namespace {namespace}
  kubectl apply -f {example}
  kubectl get scs
  kubectl get -f {example} -o yaml        # status and conditions

What the provider sees:

  export KUBECONFIG={operator}
  kubectl get objects.{group} -A
  kubectl get environmentconfigs

Logs are in {logs}. {end}
"""
ENDS = (
    "No provider runs here: what is composed is stored, and never becomes ready.",
    "Clusters become ready in about a minute; no machine is real.",
)
BACKEND = """
{name} is up: {story}.

  export PATH={bin}:$PATH        # kubectl
  export KUBECONFIG={operator}

Nobody orders here. Logs are in {logs}.
"""
EXAMPLE = Path("examples/cluster/minimal/claim.yaml")


def _chosen(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the names of profiles."""
    kind = click.Choice(sorted(PROFILES))
    return click.argument("names", metavar="[PROFILE]...", nargs=-1, type=kind)(command)


@click.group()
def main() -> None:
    """Run the real servers around the function on this machine."""


@main.command()
@_chosen
@click.option("--foreground", is_flag=True, help="Stay, and end it all with Ctrl-C.")
def up(*, names: tuple[str, ...], foreground: bool) -> None:
    """Start profiles (core if none is named), and say how to use them."""
    profiles = [PROFILES[name] for name in names or ("core",)]
    if foreground and len(profiles) > 1:
        raise click.UsageError("--foreground runs one profile")
    try:
        for profile in profiles:
            build.ensure(*profile.needs)
            if foreground:
                background.supervise(profile)
                return
            click.echo(_next(profile, _running(profile)))
    except (Broken, Refused, TimedOut) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@_chosen
def down(*, names: tuple[str, ...]) -> None:
    """End profiles (all if none is named); their logs stay."""
    ended = 0
    for name in names or PROFILES:
        try:
            if background.stop(PROFILES[name]):
                ended += 1
                click.echo(f"{name}: ended")
            elif names:
                click.echo(f"{name}: does not run")
        except TimedOut as error:
            raise click.ClickException(str(error)) from None
    if not names and not ended:
        click.echo("Nothing runs: there is nothing to end.")


@main.command()
def status() -> None:
    """Say what runs, its memory, how long it took to start, and where it listens."""
    running = {name: background.find(profile) for name, profile in PROFILES.items()}
    for profile in PROFILES.values():
        found = running[profile.name]
        state = "down" if found is None else "up" if found.ready else "starting"
        click.echo(f"{profile.name:<22}{state:<10}{profile.story}")
        for server in profile.servers:
            if found and server.name in found.servers:
                click.echo(_line(server, found))
    if not any(running.values()):
        click.echo("Nothing runs. `make up` starts core, `make up PROFILE=capi` another.")


@main.command("build")
@click.option("--all", "rest", is_flag=True, help="Also what only `make e2e-all` runs.")
def build_all(*, rest: bool) -> None:
    """Build the servers and command lines of `make e2e`; minutes the first time."""
    build.ensure(*(programs.ALL if rest else programs.GATE))


def _running(profile: Profile) -> Found:
    if background.find(profile):
        return background.await_start(profile)
    build.say(f"starting {profile.name}: {profile.story}")
    return background.start(profile)


def _line(server: Server, found: Found) -> str:
    pid = found.servers[server.name]
    figures = f"{processes.memory(pid):>5} MiB {found.seconds.get(server.name, 0):>5.1f} s"
    ports = ", ".join(f"{port} {found.ports[port]}" for port in server.ports)
    return f"  {server.name:<26}pid {pid:<9}{figures}   {ports}"


def _next(profile: Profile, found: Found) -> str:
    place = background.site_of(profile, found)
    facts: dict[str, Any] = {
        "name": profile.name,
        "story": profile.story,
        "bin": _short(build.path(programs.KUBE).parent),
        "tenant": _short(place.kubeconfig("tenant")),
        "operator": _short(place.kubeconfig("operator")),
        "namespace": TENANT,
        "example": EXAMPLE,
        "group": "kubernetes.m.crossplane.io"
        if profile.mode.value == "namespaced"
        else "kubernetes.crossplane.io",
        "logs": _short(place.log("").parent),
        "end": ENDS[provider_kubernetes.SERVER in profile.steps],
    }
    orders = any(one.name.startswith(function.SERVER.name) for one in profile.servers)
    return (NEXT if orders else BACKEND).format(**facts)


def _short(path: Path) -> str:
    """Return a path as one types it at the root of the project."""
    return f"$PWD/{path.relative_to(ROOT)}" if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    main(prog_name="python -m testbed")
