"""Declare what a provider installs in a `Cluster` and keeps up to date."""

from function.schema import Flag, Schema, ordered


class Addon(Schema):
    """Ask for one addon."""

    enabled: Flag | None = ordered(
        "Whether the addon is installed. Defaults to the provider's choice.",
        change="in place",
        default=None,
        example=True,
    )


class Addons(Schema):
    """Ask for addons; which of them there are is the provider's choice."""

    metrics_server: Addon = ordered(
        "metrics-server, for autoscaling of pods and kubectl top.",
        change="in place",
        default=Addon(),
    )
    ingress_nginx: Addon = ordered(
        "ingress-nginx, a controller for Ingress.", change="in place", default=Addon()
    )
    cert_manager: Addon = ordered(
        "cert-manager, for certificates.", change="in place", default=Addon()
    )
    flux: Addon = ordered("Flux, for deployment from git.", change="in place", default=Addon())
    harbor: Addon = ordered("Harbor, a registry of images.", change="in place", default=Addon())
    monitoring: Addon = ordered(
        "Metrics and alerts of the cluster.", change="in place", default=Addon()
    )
