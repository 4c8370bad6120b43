"""What Prometheus is given fits its operator, and speaks of metrics that there are."""

import re

import pytest
import yaml
from prometheus_client import CollectorRegistry

from function.metrics import Metrics
from tests import crds
from tests.asking import ROOT, Manifest
from tools.generate import monitoring
from tools.generate.runtime import PODS

CASES = yaml.safe_load((ROOT / "tests" / "alerts.yaml").read_text("utf-8"))["tests"]
ALERTS = {alert["alert"]: alert for alert in monitoring.alerts()}
METRIC = re.compile(r"central_api_[a-z_]+")


@pytest.mark.parametrize("manifest", [monitoring.rule(), monitoring.pod_monitor()])
def test_the_operator_takes_it(manifest: Manifest) -> None:
    """By the definitions of its kinds."""
    assert crds.problems(manifest) == []


def test_the_monitor_selects_what_crossplane_labels() -> None:
    """The same pods as the disruption budget."""
    assert monitoring.pod_monitor()["spec"]["selector"] == {"matchLabels": PODS}


def test_every_metric_is_served() -> None:
    """An alert on a metric of another name would never fire."""
    registry = CollectorRegistry()
    Metrics(registry)
    served = {family.name for family in registry.collect()}
    for alert in ALERTS.values():
        for name in METRIC.findall(alert["expr"]):
            assert re.sub(r"_(total|bucket|info)$", "", name) in served, name


def test_every_alert_fires_once_and_is_silent_once() -> None:
    """In the cases that promtool plays."""
    tried = [(test["alertname"], bool(test["exp_alerts"])) for c in CASES for test in cases(c)]
    assert set(tried) == {(name, fires) for name in ALERTS for fires in (True, False)}


def cases(case: Manifest) -> list[Manifest]:
    """Return what is expected of alerts in a case."""
    result: list[Manifest] = case["alert_rule_test"]
    return result


def test_every_runbook_is_there() -> None:
    """The page has a heading for each anchor."""
    headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / "install.md").read_text("utf-8"), re.M)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for alert in ALERTS.values():
        assert alert["annotations"]["runbook_url"].partition("#")[2] in anchors
