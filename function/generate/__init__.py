"""Write everything that follows from the models: what people read, and what is installed.

    models -> openapi (+ rules) -> definitions, reference, examples -> {path: text}

Nothing here is typed twice: a field that is added to a model appears in the XRDs of both
installs, in the reference and in the schema of the environment, or a test says what is
missing. `python -m function.generate` writes the files; `--check` says which have drifted.
"""

from pathlib import Path

import yaml

from function import local
from function.generate import definitions, reference
from function.generate.documents import UNFOLDED, yaml_text

README = "README.md"


def files(root: Path) -> dict[str, str]:
    """Return every generated file by its path below the project root.

    Args:
        root: The project, whose examples are turned into XRs.
    """
    found = {**definitions.files(), **reference.files(), **examples(root)}
    page = root / README
    return {**found, README: readme(page.read_text("utf-8"))} if page.exists() else found


def readme(text: str) -> str:
    """Return the README with its table of what is supported as the backends declare it."""
    before, begin, rest = text.partition(reference.SUPPORT_BEGIN)
    _, end, after = rest.partition(reference.SUPPORT_END)
    return f"{before}{begin}\n{reference.support()}{end}{after}" if end else text


def examples(root: Path) -> dict[str, str]:
    """Return the XR that Crossplane makes of each example, which `crossplane render` needs."""
    found = {}
    for path in sorted(root.glob("examples/*/*/claim.yaml")):
        claim = yaml.safe_load(path.read_text("utf-8"))
        xr = local.claimed(claim, claim["metadata"]["namespace"])
        found[path.with_name("xr.yaml").relative_to(root).as_posix()] = yaml_text(xr, UNFOLDED)
    return found


def drifted(root: Path) -> list[str]:
    """Return the paths of files that are not what the models say."""
    return [
        path
        for path, text in sorted(files(root).items())
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]


def write(root: Path) -> list[str]:
    """Write the files that have drifted, and return their paths."""
    wanted, changed = files(root), drifted(root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], "utf-8")
    return changed
