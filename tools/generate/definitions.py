"""Say how Crossplane serves the orders: XRDs, Compositions and packages of both installs.

| | claims | namespaced |
|---|---|---|
| Crossplane | 1.20 and 2.x | 2.x |
| XRD | v1, `XCluster` with claims `Cluster` | v2, `Cluster` itself |

Both come from the same schema. They cannot stand on one control plane, because both own
the definition of the kind that tenants write.
"""

from collections.abc import Iterable
from typing import Any

from function import input as step_input
from function.__version__ import __version__
from function.contract import Mode
from function.model import API_GROUP, API_VERSION, KINDS
from function.model.metadata import LONGEST_NAME
from function.model.status import STATUSES
from tools.generate import openapi
from tools.generate.documents import yaml_text
from tools.generate.protection import FOREGROUND

FUNCTION = "function-central-api"
STEP = "central-api"
REGISTRY = "ghcr.io/sovereigncloudstack"
# As Crossplane names a dependency. Under another name it would install the function a second time,
# in the moment of an upgrade when the old revision is withdrawn and the new one not yet known.
INSTALLED = f"{REGISTRY.partition('/')[2]}-{FUNCTION}"
SOURCE = "https://github.com/SovereignCloudStack/central-api"
# The oldest Crossplane of each install. Without `-0` no version with a suffix would do, such as
# that of a candidate of a release or of a build of others (`v1.20.1-up.1`).
CROSSPLANE = {Mode.CLAIMS: ">=v1.20.0-0", Mode.NAMESPACED: ">=v2.0.0-0"}
# Title and path of what `kubectl get` shows; Crossplane adds its own. Conditions are there before
# any other status is, and while an order is refused.
CONDITION = '.status.conditions[?(@.type=="{}")].{}'.format
STATE = (
    ("PHASE", ".status.phase"),
    ("REASON", CONDITION("Accepted", "reason")),
    ("HEALTHY", CONDITION("BackendHealthy", "status")),
)
COLUMNS = {
    "Cluster": (*STATE, ("VERSION", ".status.version")),
    "Server": (*STATE, ("ADDRESS", ".status.servers[0].addresses[0].address")),
    "Network": (*STATE, ("CIDR", ".status.cidr")),
}
# What only `-o wide` shows: a message may be longer than a line, and widens every row.
WIDE = {
    "Cluster": (("ENDPOINT", ".status.endpoint"),),
    "Server": (("FLAVOR", ".status.flavor"),),
    "Network": (),
}
WIDE_OF_ALL = (
    ("ENVIRONMENT", ".status.environment"),
    ("MESSAGE", CONDITION("Accepted", "message")),
)
# Beside the short names of Kubernetes and of the providers' kinds on the same control plane.
SHORT_NAMES = {"Cluster": "scscl", "Server": "scssrv", "Network": "scsnet"}
CATEGORY = "scs"

Manifest = dict[str, Any]


def files() -> dict[str, str]:
    """Return the definitions and packages by path."""
    documents: dict[str, Manifest] = {
        "package/function/crossplane.yaml": _function(),
        f"package/function/input/{step_input.GROUP}_inputs.yaml": _input(),
    }
    for mode in Mode:
        documents[f"package/configuration-{mode.value}/crossplane.yaml"] = _configuration(mode)
        for kind in KINDS:
            name = _plural(kind, mode)
            documents[f"apis/{name}/definition.yaml"] = definition(kind, mode)
            documents[f"compositions/{name}.yaml"] = composition(kind, mode)
    return {path: yaml_text(document) for path, document in documents.items()}


def definition(kind: str, mode: Mode) -> Manifest:
    """Return the XRD of a kind."""
    name = f"{_plural(kind, mode)}.{API_GROUP}"
    tenants = {
        "kind": kind,
        "plural": _plural(kind),
        "shortNames": [SHORT_NAMES[kind]],
        "categories": [CATEGORY],
    }
    scope: Manifest = {"names": tenants, "scope": "Namespaced"}
    if mode is Mode.CLAIMS:
        scope = {
            "names": {"kind": composite(kind, mode), "plural": _plural(kind, mode)},
            "claimNames": tenants,
            "defaultCompositeDeletePolicy": FOREGROUND,
        }
    return {
        "apiVersion": f"apiextensions.crossplane.io/{'v1' if mode is Mode.CLAIMS else 'v2'}",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": API_GROUP,
            **scope,
            # Tenants could otherwise choose a Composition.
            "enforcedCompositionRef": {"name": name},
            "versions": [
                {
                    "name": API_VERSION.rpartition("/")[2],
                    "served": True,
                    "referenceable": True,
                    "additionalPrinterColumns": [
                        *_columns(COLUMNS[kind]),
                        *_columns((*WIDE[kind], *WIDE_OF_ALL), priority=1),
                    ],
                    "schema": {"openAPIV3Schema": schema(kind)},
                }
            ],
        },
    }


def _columns(columns: Iterable[tuple[str, str]], **priority: int) -> list[Manifest]:
    return [
        {"name": title, "type": "string", "jsonPath": path, **priority} for title, path in columns
    ]


def schema(kind: str) -> Manifest:
    """Return the schema of a kind, the same in both installs."""
    spec = openapi.spec_schema(KINDS[kind])
    return {
        "type": "object",
        "description": spec["description"],
        "required": ["spec"],
        "properties": {
            # Crossplane says so too; what is generated from this schema alone would not.
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string", "maxLength": LONGEST_NAME}},
            },
            "spec": spec,
            "status": openapi.status_schema(STATUSES[kind]),
        },
    }


def composition(kind: str, mode: Mode) -> Manifest:
    """Return the Composition of a kind: one step, everything else is in the function."""
    secrets = {"writeConnectionSecretsToNamespace": "crossplane-system"}
    return {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": f"{_plural(kind, mode)}.{API_GROUP}"},
        "spec": {
            "compositeTypeRef": {"apiVersion": API_VERSION, "kind": composite(kind, mode)},
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": STEP,
                    "functionRef": {"name": INSTALLED},
                    "input": {"apiVersion": step_input.API_VERSION, "kind": "Input"},
                }
            ],
            **(secrets if mode is Mode.CLAIMS else {}),
        },
    }


def _function() -> Manifest:
    return _meta(
        "Function",
        FUNCTION,
        "Answer orders for clusters, servers and networks with what this provider runs.",
        {"crossplane": {"version": CROSSPLANE[Mode.CLAIMS]}},
    )


def _configuration(mode: Mode) -> Manifest:
    dependency = {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Function",
        "package": f"{REGISTRY}/{FUNCTION}",
        "version": f">=v{__version__}",
    }
    return _meta(
        "Configuration",
        package(mode),
        f"Serve the SCS Central API to tenants, in {mode.value} mode. Install the function first, "
        f"under the name {INSTALLED}.",
        {"crossplane": {"version": CROSSPLANE[mode]}, "dependsOn": [dependency]},
    )


def _meta(kind: str, name: str, description: str, spec: Manifest) -> Manifest:
    annotations = {
        "meta.crossplane.io/maintainer": "Sovereign Cloud Stack",
        "meta.crossplane.io/source": SOURCE,
        "meta.crossplane.io/license": "Apache-2.0",
        "meta.crossplane.io/description": description,
    }
    return {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": kind,
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    }


def _input() -> Manifest:
    group, _, version = step_input.API_VERSION.partition("/")
    properties = openapi.plain_schema(step_input.Input)["properties"]
    # Every object has these; the API server brings their schema along.
    properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    properties["metadata"] = {"type": "object"}
    root = {
        "type": "object",
        "description": "Configure the function in a Composition.",
        "properties": properties,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"inputs.{group}"},
        "spec": {
            "group": group,
            "names": {
                "kind": "Input",
                "listKind": "InputList",
                "plural": "inputs",
                "singular": "input",
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": root},
                }
            ],
        },
    }


def composite(kind: str, mode: Mode) -> str:
    """Return the kind of what Crossplane composes for an order of a kind."""
    return f"X{kind}" if mode is Mode.CLAIMS else kind


def served(mode: Mode) -> set[str]:
    """Return all kinds of an install: of orders, and of composites if they are others."""
    return {name for kind in KINDS for name in (kind, composite(kind, mode))}


def package(mode: Mode) -> str:
    """Return the name of the Configuration of an install."""
    return f"configuration-central-api-{mode.value}"


def _plural(kind: str, mode: Mode = Mode.NAMESPACED) -> str:
    return f"{composite(kind, mode).lower()}s"
