"""Start a profile step by step, and end all of it whatever happens."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from testbed import build, processes, site
from testbed.cores import Profile
from testbed.processes import Child
from testbed.servers import READY_SECONDS, Server, apiserver
from testbed.site import Site
from testbed.waiting import TimedOut, until

# What the next start re-creates; the logs are kept for reading.
PASSING = ("etcd", "pki")
WATCH_SECONDS = 0.5
# With which a program in Go ends that the runtime stops; one that is killed has another code.
FATAL = 2


class Broken(Exception):
    """A server ended by itself, or did not start."""


@dataclass(frozen=True)
class Running:
    """A profile that runs."""

    profile: Profile
    site: Site
    children: list[Child]

    def ended(self) -> list[Child]:
        """Return the servers that ended by themselves."""
        return [child for child in self.children if not child.alive]

    def kill(self, name: str) -> None:
        """Kill a server without warning."""
        child = self.children[self._place(name)]
        child.process.kill()
        child.process.wait()

    def revive(self, name: str, other: Server | None = None) -> None:
        """Start a server that was killed, or another in its place, and wait until it serves."""
        (known,) = (one for one in self.profile.servers if one.name == name)
        self.children[self._place(name)] = _started(other or known, self.site)

    def restart_api(self) -> None:
        """Start the API server again if a fault of its own has ended it, as its node would."""
        for child in list(self.children):
            if child.name == apiserver.NAME and child.process.poll() == FATAL:
                build.say(f"{self.profile.name}: {child.name} ended by itself, started again")
                self.revive(child.name)

    def _place(self, name: str) -> int:
        return [child.name for child in self.children].index(name)


@contextmanager
def running(profile: Profile, directory: Path) -> Iterator[Running]:
    """Run a profile from scratch; end its servers in reverse order.

    Args:
        profile: What to run.
        directory: Where to put everything; leftovers of an earlier run are deleted.

    Raises:
        Broken: A server does not start.
    """
    build.ensure(*profile.needs)
    shutil.rmtree(directory, ignore_errors=True)
    place = site.prepare(directory, profile.ports)
    children: list[Child] = []
    try:
        for step in profile.steps:
            started = time.monotonic()
            if isinstance(step, Server):
                children.append(_started(step, place))
            else:
                step.run(place)
            build.say(f"{profile.name}: {step.name}, {time.monotonic() - started:.1f} s")
        found = Running(profile, place, children)
        with _watched(found):
            yield found
    finally:
        for child in reversed(children):
            processes.stop(child)
        for name in PASSING:
            shutil.rmtree(directory / name, ignore_errors=True)


@contextmanager
def _watched(running: Running) -> Iterator[None]:
    """Look after the API server while a profile is used.

    1.31 may end with `concurrent map read and map write` while it evaluates admission policies
    (`DeclTypeProvider.FindStructFieldType`): once in a dozen runs of the end-to-end tests.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            running.restart_api()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _started(server: Server, place: Site) -> Child:
    started = time.monotonic()
    child = processes.start(
        server.name, server.command(place), server.environment(place), place.log(server.name)
    )
    try:
        until(
            lambda: not child.alive or server.is_ready(place),
            seconds=READY_SECONDS,
            what=f"{server.name} serving",
        )
    except TimedOut as error:
        processes.stop(child)
        raise Broken(f"{error}; its log, {child.log}, ends:\n{child.last_words()}") from None
    if not child.alive:
        raise Broken(f"{server.name} ended; its log, {child.log}, ends:\n{child.last_words()}")
    return replace(child, seconds=time.monotonic() - started)
