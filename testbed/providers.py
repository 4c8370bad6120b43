"""Apply what a provider needs to act for a tenant: its definitions, and credentials.

The credentials are those of a backend user with exactly the rights that orders need.
"""

from collections.abc import Iterator
from contextlib import closing

from function.contract import Mode
from testbed import build, kubeconfig
from testbed.install import (
    NAMESPACE,
    PATIENCE_SECONDS,
    Setup,
    await_definitions,
    documents,
    named,
    operator,
)
from testbed.kubernetes import Manifest
from testbed.programs import FILES_OF_PROVIDER
from testbed.site import TENANT, Site


def _define(site: Site) -> None:
    with closing(operator(site)) as api:
        found = list(documents(build.path(FILES_OF_PROVIDER)))
        for manifest in found:
            # Its webhook would convert what older releases stored; there is nothing of that.
            manifest["spec"].pop("conversion", None)
            api.apply(manifest, patience=PATIENCE_SECONDS)
        await_definitions(api, found)


DEFINITIONS = Setup("definitions of provider-kubernetes", _define)


def credentials(mode: Mode, backend: str, identity: str) -> Setup:
    """Return the ProviderConfig of the tenant for a backend on the same API server.

    Args:
        mode: Which kind of ProviderConfig.
        backend: Name of the backend.
        identity: Whose certificate it holds.
    """

    def run(site: Site) -> None:
        with closing(operator(site)) as api:
            for manifest in _credentials(site, mode, f"{TENANT}.{backend}", identity):
                api.apply(manifest, patience=PATIENCE_SECONDS)

    return Setup(f"credentials of {TENANT} for {backend}", run)


def _credentials(site: Site, mode: Mode, name: str, identity: str) -> Iterator[Manifest]:
    text = kubeconfig.text(site.url, site.identity(identity), identity, "default")
    yield named("v1", "Secret", name, {"namespace": NAMESPACE}, stringData={"kubeconfig": text})
    reference = {"namespace": NAMESPACE, "name": name, "key": "kubeconfig"}
    spec = {"credentials": {"source": "Secret", "secretRef": reference}}
    if mode is Mode.NAMESPACED:
        version, kind = "kubernetes.m.crossplane.io/v1alpha1", "ClusterProviderConfig"
    else:
        version, kind = "kubernetes.crossplane.io/v1alpha1", "ProviderConfig"
    yield named(version, kind, name, spec=spec)
