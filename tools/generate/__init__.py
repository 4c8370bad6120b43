"""Write everything that follows from the models: what people read, and what is installed.

    models -> openapi (+ rules) -> definitions, reference, rest, examples -> {path: text}

    definitions, cluster     XRDs, Compositions, packages; what packages cannot hold
    rules, checks            CEL for what the models say in Python
    protection, nesting, rights, runtime   admission policies, roles, how the function is run
    backends                 providers, and rights on the clusters of backends
    monitoring               how Prometheus finds the function, and alerts
    activation, credentials, restore   kinds that are served, ProviderConfigs, backups
    reference, environments  pages for tenants and operators
    schemas                  a JSON schema for each file that people write
    outline, wording, support, markdown   what these pages are made of
    rest, rest_paths         the tenant API as one OpenAPI document

Nothing here is typed twice: a field that is added to a model appears in the XRDs of both
installs, in the reference and in the schema of the environment, or a test says what is
missing. `python -m tools.generate` writes the files; `--check` says which have drifted.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from function import local
from tools.generate import (
    backends,
    cluster,
    definitions,
    environments,
    monitoring,
    reference,
    rest,
    schemas,
    support,
)
from tools.generate.documents import UNFOLDED, yaml_text

README, OVERVIEW, GUIDE = "README.md", "docs/README.md", "docs/install.md"
STATUS = "docs/status.md"


def files(root: Path) -> dict[str, str]:
    """Return every generated file by its path below the project root.

    Args:
        root: The project, whose examples are turned into XRs.
    """
    found = {
        **definitions.files(),
        **cluster.files(),
        **backends.files(),
        **monitoring.files(),
        **reference.files(),
        **environments.files(),
        **rest.files(),
        **schemas.files(),
        **examples(root),
    }
    tables = {
        README: {"kinds": support.kinds()},
        STATUS: {"support": support.matrix()},
        OVERVIEW: {"decisions": decisions(root)},
        GUIDE: {"alerts": monitoring.table()},
    }
    pages = {path: root / path for path in tables if (root / path).exists()}
    reported = {path: filled(page.read_text("utf-8"), tables[path]) for path, page in pages.items()}
    return {**found, **reported}


def filled(text: str, tables: Mapping[str, str]) -> str:
    """Return a page that people write, with what is generated between its marks."""
    for name, table in tables.items():
        previous, begin, rest_of_it = text.partition(f"<!-- {name}, by make generate -->")
        _, end, after = rest_of_it.partition(f"<!-- end of {name} -->")
        text = f"{previous}{begin}\n{table}{end}{after}" if end else text
    return text


def decisions(root: Path) -> str:
    """Return the list of decisions, by their titles."""
    pages = sorted((root / "docs" / "adr").glob("*.md"))
    titles = ((page, page.read_text("utf-8").partition("\n")[0]) for page in pages)
    return "".join(f"- [{title.removeprefix('# ')}](adr/{page.name})\n" for page, title in titles)


def examples(root: Path) -> dict[str, str]:
    """Return the XR that Crossplane makes of each example, which `crossplane render` needs."""
    result = {}
    for path in sorted(root.glob("examples/*/*/claim.yaml")):
        claim = yaml.safe_load(path.read_text("utf-8"))
        xr = local.claimed(claim, claim["metadata"]["namespace"])
        result[path.with_name("xr.yaml").relative_to(root).as_posix()] = yaml_text(xr, UNFOLDED)
    return result


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
