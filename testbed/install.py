"""Apply what Crossplane, the function and a tenant need to the API server.

What a package manager, `core init` and the RBAC manager do elsewhere is done by hand here: there is
no registry to pull from, and no RBAC manager to grant roles.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from function import backends
from function.contract import Mode
from function.model import API_GROUP, API_VERSION
from testbed import ROOT, build
from testbed.examples import with_login
from testbed.kubernetes import Kubernetes, Manifest, condition
from testbed.programs import Files
from testbed.site import CROSSPLANE_USER, TENANT, Site
from testbed.waiting import until
from tools.generate.definitions import INSTALLED, served

ENVIRONMENTS = ROOT / "examples" / "environments"
SCHEMAS = ROOT / "tests" / "schemas"
CROSSPLANE = "crossplane"
NAMESPACE = "crossplane-system"
# Not an object: it lists files for kubectl.
KUSTOMIZATION = "kustomization.yaml"
ESTABLISHED_SECONDS = 180.0
# How long a refusal is retried while a control plane is set up.
PATIENCE_SECONDS = 30.0
# After which an order is reconciled again; people wait for this control plane.
REFRESH_SECONDS = 5
# Definitions are long: the parser in C, where available, takes a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFINITIONS = "/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions"
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
CANARY, CANARY_MESSAGE = "testbed-canary", "admission policies are in force"
# Never pulled: its package objects are paused.
PACKAGE = "registry.example.org/testbed/function:v0.0.0"


@dataclass(frozen=True)
class Setup:
    """Something that is applied between two servers.

    Attributes:
        name: Its name in progress output.
        run: Applies it.
    """

    name: str
    run: Callable[[Site], None]


def crossplane(files: Files, *, announced: bool = True) -> Setup:
    """Return what must exist before a core of this release starts.

    Args:
        files: Those of the release.
        announced: Whether the function is registered by hand; otherwise a package does it.
    """

    def run(site: Site) -> None:
        cluster = build.path(files)
        with closing(operator(site)) as api:
            _apply(api, cluster / "crds")
            await_definitions(api, documents(cluster / "crds"))
            api.apply(named("v1", "Namespace", NAMESPACE))
            for manifest in (*_roles(cluster), *_webhooks(site, cluster)):
                api.apply(manifest, patience=PATIENCE_SECONDS)
            if announced:
                _announce_function(api, site)

    address = " and the function's address" if announced else ""
    return Setup(f"crossplane's definitions, roles{address}", run)


def orders(mode: Mode, *, by_hand: bool = True, environment: str = "cluster-stacks") -> Setup:
    """Return what lets a tenant order: our kinds, an environment, schemas of what is composed.

    Args:
        mode: How orders are served.
        by_hand: Whether our kinds are applied by hand; otherwise a package installs them.
        environment: Which example.
    """

    def run(site: Site) -> None:
        with closing(operator(site)) as api:
            for file in sorted(SCHEMAS.glob("*.crossplane.io_*.yaml")):
                _apply(api, file)
            _apply(api, ROOT / "package" / "cluster")
            if by_hand:
                _serve(api, mode)
            for manifest in layers(environment):
                api.apply(manifest, patience=PATIENCE_SECONDS)
            for manifest in _tenant():
                api.apply(manifest, patience=PATIENCE_SECONDS)
            _await_rights(api, mode)
            _await_policies(api)

    kinds = f"our kinds ({mode.value}), " if by_hand else ""
    return Setup(f"{kinds}{environment}, a tenant", run)


def operator(site: Site) -> Kubernetes:
    """Return the API server as the operator sees it."""
    return Kubernetes(site.address("api"), site.identity("operator"))


def documents(path: Path) -> Iterator[Manifest]:
    """Yield the documents of a file, or of all files in a directory."""
    for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
        if file.name == KUSTOMIZATION:
            continue
        with file.open() as text:
            yield from filter(None, yaml.load_all(text, LOADER))  # safe, both


def layers(environment: str) -> Iterator[Manifest]:
    """Yield the layers of an example; the cluster classes of the testbed can log people in."""
    return with_login(documents(ENVIRONMENTS / environment))


def definitions(mode: Mode) -> list[Path]:
    """Return the XRDs of an install."""
    return [
        path
        for path in sorted((ROOT / "apis").glob("*/definition.yaml"))
        if (mode is Mode.CLAIMS) == path.parent.name.startswith("x")
    ]


def _serve(api: Kubernetes, mode: Mode) -> None:
    """Install all kinds at once, and wait for each; Compositions come after their XRD."""
    names = [path.parent.name for path in definitions(mode)]
    for path in definitions(mode):
        _apply(api, path)
    for name in names:
        _await_offer(api, f"{name}.{API_GROUP}", claims=mode is Mode.CLAIMS)
        for manifest in documents(ROOT / "compositions" / f"{name}.yaml"):
            manifest["spec"]["pipeline"][0]["input"]["refresh"] = REFRESH_SECONDS
            api.apply(manifest, patience=PATIENCE_SECONDS)
    for kind in served(mode):
        _await_served(api, f"/apis/{API_VERSION}/{kind.lower()}s")


def _apply(api: Kubernetes, path: Path) -> None:
    for manifest in documents(path):
        api.apply(manifest, patience=PATIENCE_SECONDS)


def await_definitions(api: Kubernetes, manifests: Iterable[Manifest]) -> None:
    """Wait until the kinds of definitions are served, a moment after their condition says so."""
    for manifest in manifests:
        await_condition(api, api.path(manifest), "Established")
        spec = manifest["spec"]
        versions = [one["name"] for one in spec["versions"] if one["served"]]
        for version in versions:
            _await_served(api, f"/apis/{spec['group']}/{version}/{spec['names']['plural']}")


def _await_served(api: Kubernetes, collection: str) -> None:
    until(
        lambda: api.get(f"{collection}?limit=1"),
        seconds=ESTABLISHED_SECONDS,
        what=f"{collection} served",
    )


def _await_offer(api: Kubernetes, name: str, *, claims: bool) -> None:
    where = f"{DEFINITIONS}/{name}"
    for kind in ("Established", "Offered") if claims else ("Established",):
        await_condition(api, where, kind)


def await_condition(api: Kubernetes, where: str, kind: str) -> None:
    """Wait until a condition of an object holds."""
    until(
        lambda: is_true(api.get(where), kind),
        seconds=ESTABLISHED_SECONDS,
        what=f"{where.rpartition('/')[2]} {kind}",
    )


def _await_rights(api: Kubernetes, mode: Mode) -> None:
    """Wait until the API server knows what a tenant and Crossplane may do."""
    namespace = TENANT if mode is Mode.NAMESPACED else ""
    rights = [("tenant", f"clusters.{API_GROUP}", TENANT)]
    rights += [(CROSSPLANE_USER, name, namespace) for name in backends.definitions(mode)]
    for user, name, where in rights:
        plural, _, group = name.partition(".")
        until(
            lambda: api.may(user, group, plural, where),  # noqa: B023  # called in this turn
            seconds=ESTABLISHED_SECONDS,
            what=f"{user} allowed to create {name}",
        )


def _await_policies(api: Kubernetes) -> None:
    """Wait until admission policies are in force: a second after they are stored, or later.

    The API server reads them in the order of their creation, so that checking the last one is
    enough.
    """
    canary = named("v1", "ConfigMap", CANARY, {"namespace": "default"})
    for manifest in _canary():
        api.apply(manifest)
    until(
        lambda: api.request("POST", api.collection(canary), canary, query={"dryRun": "All"}),
        lambda answer: CANARY_MESSAGE in answer.message,
        seconds=ESTABLISHED_SECONDS,
        what="admission policies in force",
    )


def _canary() -> Iterator[Manifest]:
    """Yield a policy that refuses a request that only the testbed makes."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    yield named(
        f"{ADMISSION}/v1",
        "ValidatingAdmissionPolicy",
        CANARY,
        spec={
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [
                {"expression": f"object.metadata.name != '{CANARY}'", "message": CANARY_MESSAGE}
            ],
        },
    )
    yield named(
        f"{ADMISSION}/v1",
        "ValidatingAdmissionPolicyBinding",
        CANARY,
        spec={"policyName": CANARY, "validationActions": ["Deny"]},
    )


def is_true(manifest: Manifest | None, kind: str) -> bool:
    """Say whether a condition of an object holds."""
    return bool(condition(manifest, kind).get("status") == "True")


def _roles(cluster: Path) -> Iterator[Manifest]:
    """Yield the roles of Crossplane's chart, bound to its user; ours are in `package/cluster`."""
    chart = cluster / "charts" / "crossplane" / "templates" / "clusterrole.yaml"
    lines = chart.read_text().replace('{{ template "crossplane.name" . }}', CROSSPLANE)
    plain = "\n".join(line for line in lines.splitlines() if "{{" not in line)
    yield from yaml.safe_load_all(plain)
    yield _bound("ClusterRoleBinding", CROSSPLANE, CROSSPLANE, CROSSPLANE_USER)


def _webhooks(site: Site, cluster: Path) -> Iterator[Manifest]:
    """Yield the webhooks of Crossplane, called by address where it has a service elsewhere."""
    for manifest in documents(cluster / "webhookconfigurations"):
        for webhook in manifest["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            url = f"https://{site.address('crossplane-webhook')}{path}"
            webhook["clientConfig"] = {"url": url, "caBundle": site.authority}
        yield manifest


def _announce_function(api: Kubernetes, site: Site) -> None:
    """Create the objects of an installed package, as its runtime would have left them."""
    paused = {"annotations": {"crossplane.io/paused": "true"}}
    api.apply(
        named("pkg.crossplane.io/v1", "Function", INSTALLED, paused, spec={"package": PACKAGE})
    )
    labels = {"labels": {"pkg.crossplane.io/package": INSTALLED}}
    revision = named(
        "pkg.crossplane.io/v1",
        "FunctionRevision",
        f"{INSTALLED}-testbed",
        paused | labels,
        spec={"desiredState": "Active", "image": PACKAGE, "revision": 1},
    )
    api.apply(revision)
    # Core verifies the certificate against this host. Before 2.0 there are no capabilities.
    endpoint = f"localhost:{site.ports['function']}"
    api.set_status(revision, {"endpoint": endpoint, "capabilities": ["composition"]})


def _tenant() -> Iterator[Manifest]:
    """Yield a namespace, in which a tenant may order, and nothing else."""
    yield named("v1", "Namespace", TENANT)
    role = "central-api-tenant-admin"
    binding = _bound("RoleBinding", role, role, "tenant")
    yield {**binding, "metadata": {"name": role, "namespace": TENANT}}


def _bound(kind: str, name: str, role: str, user: str) -> Manifest:
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": user}]
    return named(f"{RBAC}/v1", kind, name, roleRef=reference, subjects=subjects)


def named(
    version: str, kind: str, name: str, metadata: Manifest | None = None, **content: Any
) -> Manifest:
    """Return an object."""
    found = {"name": name, **(metadata or {})}
    return {"apiVersion": version, "kind": kind, "metadata": found, **content}
