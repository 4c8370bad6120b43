"""Write `package/monitoring`: how Prometheus finds the function, and what is worth an alert.

For the Prometheus operator; the groups of the rule are also what a Prometheus without it loads.
`sum` over no series is empty, not 0: an alert about silence must test the absence of a metric that
every running function has.
"""

import re
from typing import Any

from tools.generate import markdown
from tools.generate.definitions import FUNCTION, SOURCE
from tools.generate.documents import yaml_text
from tools.generate.runtime import PODS, SYSTEM

DIRECTORY = "package/monitoring"
GROUP = "monitoring.coreos.com"
_GUIDE = f"{SOURCE}/blob/main/docs/install.md"
_PORT = "metrics"
# What Prometheus fills in, by the name of the label or `value`.
_FILLED = re.compile(r"{{ \$(?:labels\.)?(\w+)[^}]* }}")

Manifest = dict[str, Any]


def files() -> dict[str, str]:
    """Return the manifests by path, and the kustomization that lists them."""
    found = {"podmonitor.yaml": pod_monitor(), "prometheusrule.yaml": rule()}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(found),
    }
    documents = {**found, "kustomization.yaml": kustomization}
    return {f"{DIRECTORY}/{name}": yaml_text(document) for name, document in documents.items()}


def pod_monitor() -> Manifest:
    """Return how the pods of the function are found; Crossplane names the port."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "PodMonitor",
        "metadata": {"name": FUNCTION, "namespace": SYSTEM},
        "spec": {
            "selector": {"matchLabels": PODS},
            "podMetricsEndpoints": [{"port": _PORT}],
        },
    }


def rule() -> Manifest:
    """Return the alerts."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": FUNCTION, "namespace": SYSTEM},
        "spec": {"groups": [{"name": FUNCTION, "rules": alerts()}]},
    }


def alerts() -> list[Manifest]:
    """Return what is worth an alert, the most urgent first."""
    return [
        _alert(
            "CentralAPIDown",
            "absent(central_api_build_info)",
            "5m",
            "critical",
            "The function is down: no order is answered, what runs goes on.",
            "when-something-is-wrong",
        ),
        _alert(
            "CentralAPINotCalled",
            "sum(rate(central_api_calls_total[15m])) == 0"
            " and sum(increase(central_api_calls_total[1d])) > 0",
            "15m",
            "critical",
            "Crossplane no longer calls the function, although there were orders today.",
            "when-something-is-wrong",
        ),
        _alert(
            "CentralAPIInternalError",
            'sum by (kind, environment) (rate(central_api_calls_total{outcome="error"}[10m])) > 0',
            "5m",
            "critical",
            "Orders of kind {{ $labels.kind }} end in an error of the function; "
            "its log says where.",
            "when-something-is-wrong",
        ),
        _alert(
            "CentralAPIOrdersWaitForOperator",
            "sum by (reason, environment) (rate(central_api_refusals_total"
            '{actor="operator",reason!="InternalError"}[10m])) > 0',
            "10m",
            "warning",
            "Orders in environment {{ $labels.environment }} are refused as "
            "{{ $labels.reason }} until you act.",
            "when-something-is-wrong",
        ),
        _alert(
            "CentralAPIOrdersStalled",
            "sum by (kind, environment) (rate(central_api_stalled_answers_total[10m])) > 0",
            "10m",
            "warning",
            "Orders of kind {{ $labels.kind }} in environment {{ $labels.environment }} do not "
            "become ready, and no problem is reported; the log names them.",
            "when-something-is-wrong",
        ),
        _alert(
            "CentralAPISlow",
            "histogram_quantile(0.99, sum by (le) "
            "(rate(central_api_call_duration_seconds_bucket[10m]))) > 1",
            "10m",
            "warning",
            "One call in a hundred takes longer than {{ $value | humanizeDuration }}.",
            "watch-it",
        ),
    ]


def table() -> str:
    """Return the alerts as a table for the guide."""
    rows = (
        (
            markdown.code(alert["alert"]),
            alert["labels"]["severity"],
            _FILLED.sub(r"*\1*", alert["annotations"]["summary"]),
        )
        for alert in alerts()
    )
    return markdown.table(("alert", "severity", "what it says"), rows)


def _alert(  # noqa: PLR0913  # one argument for each part of an alert
    name: str, expression: str, lasting: str, severity: str, summary: str, anchor: str
) -> Manifest:
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook_url": f"{_GUIDE}#{anchor}"},
    }
