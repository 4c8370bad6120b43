"""Show the backend: settings, credentials, and what class profiles do not support."""

from collections.abc import Iterator

from function.backends.capi.profile import PROFILES, Profile
from function.backends.capi.targets import CLUSTER_FIELDS, POOL_FIELDS
from function.example import KUBECONFIG, KUBERNETES, WATCH, Example, Gap


def _gaps(profile: Profile) -> Iterator[Gap]:
    for path in (*CLUSTER_FIELDS, *POOL_FIELDS):
        target = profile.target(path)
        if target.unsupported:
            yield Gap(path, target.unsupported, target.always)
    for path, reason in profile.unsaid.items():
        yield Gap(path, reason)


EXAMPLE = Example(
    least={},
    full={"namespace": "{tenant}", "managementCIDRs": ["192.0.2.0/24"], "taints": True},
    provider=KUBERNETES,
    credentials=KUBECONFIG,
    runtime=KUBERNETES.name,
    flags=(WATCH,),
    gaps={
        f"class profile `{name}`": tuple(_gaps(PROFILES[name]))
        # Those of today; docs/classes.md has them all.
        for name in ("scs2", "scs2-oidc")
    },
    gaps_story=(
        "Here `capi` means a class profile of the provider's own, which can express what the "
        "class can; beside it are built-in ones. What other classes express is in "
        "[classes](../classes.md)."
    ),
)
