"""The alerts fire when they should, by Prometheus' own tool."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.asking import ROOT
from tools.generate import monitoring

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool"),
]
CASES = ROOT / "tests" / "alerts.yaml"


def promtool(*arguments: str | Path) -> str:
    """Run it, and return what it printed."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Give the groups of the PrometheusRule as a Prometheus without the operator loads them."""
    written = yaml.safe_load(
        (ROOT / monitoring.DIRECTORY / "prometheusrule.yaml").read_text("utf-8")
    )
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(written["spec"]), "utf-8")
    return file


def test_prometheus_reads_the_rules(rules: Path) -> None:
    """Expressions and templates are valid."""
    count = len(monitoring.alerts())
    assert f"SUCCESS: {count} rules found" in promtool("check", "rules", rules)


def test_each_alert_fires_and_is_silent(rules: Path) -> None:
    """The cases are played over an hour or more of time series."""
    cases = yaml.safe_load(CASES.read_text("utf-8"))
    played = rules.with_name("cases.yaml")
    played.write_text(yaml.safe_dump({**cases, "rule_files": [rules.name]}), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", played)


def test_a_case_can_fail(rules: Path) -> None:
    """An alert that does not fire as expected is an error of the tool."""
    cases = yaml.safe_load(CASES.read_text("utf-8"))
    for case in cases["tests"]:
        for one in case["alert_rule_test"]:
            one["exp_alerts"] = []
    played = rules.with_name("cases.yaml")
    played.write_text(yaml.safe_dump({**cases, "rule_files": [rules.name]}), "utf-8")
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", played)
