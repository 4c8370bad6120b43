"""Copy the project, as it is or as a later release of it."""

import shutil
import subprocess
import sys
from pathlib import Path

from release import ROOT
from testbed import CACHE
from testbed.packages import Release

# What the later release knows that this one does not: a field of every order, which it writes into
# its record as well. Each text is exactly once in its file.
LATER = "0.99.0"
FIELD = "colour"
EDITS = (
    ("function/__version__.py", '__version__ = "', f'__version__ = "{LATER}"  # "'),
    (
        "function/model/order.py",
        "    deletion_policy: Literal",
        f"    {FIELD}: str = ordered(\n"
        '        "Colour of the machines. None if absent.", change="in place", default=""\n'
        "    )\n"
        "    deletion_policy: Literal",
    ),
    (
        "function/record.py",
        "    rebuilt: bool = pydantic",
        f'    {FIELD}: str = ""\n    rebuilt: bool = pydantic',
    ),
    (
        "function/compose.py",
        "        filled=filled,\n        revision=",
        f'        filled=filled, {FIELD}=ask.written.get("{FIELD}", ""),\n        revision=',
    ),
)


def copied(target: Path) -> Path:
    """Copy the project, so that what others edit meanwhile does not matter."""
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    reported = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, reported.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    (target / CACHE.name).symlink_to(CACHE)
    return target


def later(target: Path) -> Release:
    """Copy the project as a later release, with what it generates."""
    copied(target)
    for name, previous, after in EDITS:
        text = (target / name).read_text()
        assert text.count(previous) == 1, (name, previous)
        (target / name).write_text(text.replace(previous, after))
    command = (sys.executable, "-P", "-m", "tools.generate")
    subprocess.run(command, cwd=target, env={"PYTHONPATH": str(target)}, check=True)
    return Release(LATER, target)
