"""Write the configuration by which the API server of a Shoot knows its users."""

import json

from function.contract import Manifest
from function.model import ClusterSpec
from function.model.cluster import Oidc

# Every shoot binds these groups to cluster-admin and to read-only access.
ADMINS, VIEWERS = "gardener.cloud:project:admins", "gardener.cloud:project:viewers"


def authentication(issuer: Oidc, spec: ClusterSpec) -> Manifest:
    """Return the configuration by which the API server knows the issuer's users.

    Groups that administer or read the cluster are mapped to the groups that every shoot binds.
    """
    claim = _cel(issuer.groups_claim)
    value = f"claims[?{claim}].orValue([])"
    # Claims do not support `in`, and only `dyn` can be iterated. A single group may be a string.
    texts = f"[{value}].filter(g, type(g) == string)"
    listed = f"dyn(type({value}) == list ? {value} : {texts})"
    granted = "".join(
        f" + ({listed}.exists(g, g in {_cel(wanted)}) ? ['{group}'] : [])"
        for wanted, group in (
            (spec.access.admin_groups, ADMINS),
            (spec.access.viewer_groups, VIEWERS),
        )
        if wanted
    )
    mapped: Manifest = {"claim": issuer.groups_claim, "prefix": issuer.groups_prefix}
    if granted:
        mapped = {"expression": f"{listed}.map(g, {_cel(issuer.groups_prefix)} + g){granted}"}
    return {
        # The admission of Gardener 1.149 accepts v1beta1 and v1alpha1 only.
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "jwt": [
            {
                "issuer": {
                    "url": issuer.issuer_url,
                    "audiences": [issuer.client_id],
                    **({"certificateAuthority": issuer.ca_bundle} if issuer.ca_bundle else {}),
                },
                "claimMappings": {
                    "username": {"claim": issuer.username_claim, "prefix": issuer.username_prefix},
                    "groups": mapped,
                },
            }
        ],
    }


def _cel(value: object) -> str:
    """Return a CEL literal; CEL writes strings and lists as JSON does, except for surrogates."""
    return json.dumps(value, ensure_ascii=False)
