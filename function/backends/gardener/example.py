"""Show the backend: settings and credentials."""

from function.contract import Manifest
from function.example import KUBECONFIG, KUBERNETES, WATCH, Example

# Members of a project in a garden may not watch, and the provider's own interval is ten minutes.
POLL = "--poll=1m"
_LEAST: Manifest = {
    "project": "p1",
    "cloudProfile": {"name": "stack"},
    "region": "one",
    "networking": {
        "nodes": "10.250.0.0/16",
        "pods": "100.96.0.0/11",
        "services": "100.64.0.0/13",
    },
    "openstack": {"floatingPoolName": "public", "loadBalancerProvider": "amphora"},
    "defaultVolume": {"sizeGiB": 50, "type": "ssd"},
}

EXAMPLE = Example(
    least=_LEAST,
    full={
        **_LEAST,
        "openstack": {**_LEAST["openstack"], "serverGroupPolicy": "soft-anti-affinity"},
        "addons": {"certManager": {"extension": "shoot-cert-service"}},
        "privateExposureClass": "internal",
        "acl": True,
    },
    provider=KUBERNETES,
    credentials=KUBECONFIG,
    runtime=f"{KUBERNETES.name}-garden",
    flags=(WATCH, POLL),
)
