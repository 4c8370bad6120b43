"""Keep a profile running after the command that started it, and find it again.

A supervisor holds a lock on its directory for as long as it runs. The lock shows whether it runs,
which a PID file could not: the system reuses process ids.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from testbed import CACHE, ROOT, build, site
from testbed.cores import Profile
from testbed.locks import REPORT_SECONDS, taken
from testbed.running import Broken, Running, running
from testbed.waiting import PAUSE_SECONDS, TimedOut, until

STATES = CACHE / "state"
# A profile has up to eleven servers, each of which may take ten seconds to end.
STOP_SECONDS = 180.0
# A process that only checks the lock also holds it for a moment.
HELD_SECONDS = 1.0


@dataclass(frozen=True)
class Found:
    """What a supervisor reports about the profile that it runs.

    Attributes:
        supervisor: Its process.
        ready: Whether everything serves.
        ports: Ports on the loopback interface, by purpose.
        servers: Process of each server, by name.
        seconds: How long each took to serve.
    """

    supervisor: int
    ready: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    servers: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def site_of(profile: Profile, found: Found) -> site.Site:
    """Return where a profile that runs in the background is."""
    return site.Site(STATES / profile.name, found.ports)


def find(profile: Profile) -> Found | None:
    """Return what a supervisor reports about a profile; None if the profile does not run."""
    if not _is_held(profile):
        return None
    with suppress(FileNotFoundError):
        return Found(**json.loads(_file(profile, "json").read_text()))
    return None


def supervise(profile: Profile) -> None:
    """Run a profile here until a signal.

    Raises:
        Broken: It runs already, or one of its servers ended by itself.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    with held(profile):
        write(profile, Found(os.getpid()))
        with suppress(KeyboardInterrupt), running(profile, STATES / profile.name) as found:
            servers = {child.name: child.process.pid for child in found.children}
            seconds = {child.name: child.seconds for child in found.children}
            ports = dict(found.site.ports)
            write(profile, Found(os.getpid(), True, ports, servers, seconds))
            _watch(found)


def start(profile: Profile) -> Found:
    """Start a supervisor in the background, and show its output until everything is ready.

    Raises:
        Broken: It ended before that.
    """
    STATES.mkdir(parents=True, exist_ok=True)
    log = _file(profile, "log")
    command = (sys.executable, "-m", "testbed", "up", "--foreground", profile.name)
    with log.open("wb") as out:
        supervisor = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        return _awaited(profile, supervisor, log)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise


def await_start(profile: Profile) -> Found:
    """Wait for another process that starts a profile, and report that from time to time.

    Raises:
        Broken: It gave up.
    """
    reported = 0.0
    while (result := find(profile)) and not result.ready:
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            build.say(f"waiting for process {result.supervisor}, which starts {profile.name}")
        time.sleep(PAUSE_SECONDS)
    if result is None:
        raise Broken(f"{profile.name} did not start; its log is {_file(profile, 'log')}")
    return result


def stop(profile: Profile) -> bool:
    """End a profile; say whether there was anything to end."""
    found = find(profile)
    if found is None:
        return False
    os.kill(found.supervisor, signal.SIGTERM)
    until(lambda: not _is_held(profile), seconds=STOP_SECONDS, what=f"the end of {profile.name}")
    return True


def _awaited(profile: Profile, supervisor: "subprocess.Popen[bytes]", log: Path) -> Found:
    with log.open() as lines:
        while True:
            ended, result = supervisor.poll() is not None, find(profile)
            for line in lines:
                sys.stderr.write(line)
            if ended:
                raise Broken(f"{profile.name} did not start")
            if result and result.ready and result.supervisor == supervisor.pid:
                return result
            time.sleep(PAUSE_SECONDS)


def _watch(found: Running) -> None:
    while not found.ended():
        time.sleep(1)
    names = ", ".join(child.name for child in found.ended())
    raise Broken(f"ended by itself: {names}; logs are in {found.site.log('').parent}")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _file(profile: Profile, suffix: str) -> Path:
    return STATES / f"{profile.name}.{suffix}"


def write(profile: Profile, found: Found) -> None:
    """Publish what runs of a profile, atomically."""
    fresh = _file(profile, "new")
    fresh.write_text(json.dumps(asdict(found)))
    fresh.replace(_file(profile, "json"))


@contextmanager
def held(profile: Profile) -> Iterator[None]:
    """Keep others from running a profile.

    Raises:
        Broken: Another does.
    """
    STATES.mkdir(parents=True, exist_ok=True)
    with _file(profile, "lock").open("w") as handle:
        try:
            until(lambda: taken(handle), seconds=HELD_SECONDS, what=profile.name)
        except TimedOut:
            raise Broken(f"{profile.name} runs already") from None
        yield
        build.say(f"{profile.name}: ended")


def _is_held(profile: Profile) -> bool:
    lock = _file(profile, "lock")
    if not lock.exists():
        return False
    with lock.open("w") as handle:
        return not taken(handle)
