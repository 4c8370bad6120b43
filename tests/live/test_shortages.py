"""Report shortages that only conditions of a Cluster mention.

Cluster API writes them into the messages of conditions, beside all that is missing while
machines are built. The messages are those of recorded Clusters, with the errors of an
infrastructure provider put in.
"""

import json
from typing import Any

import pytest

from tests.live.moments import (
    CAPI_MOMENTS,
    FORMS,
    WELL,
    Manifest,
    recorded,
    row,
    shown,
    with_condition,
)

QUOTA = (
    "error creating server: Quota exceeded for instances: Requested 1, but already used 10 of 10"
)
HOST = "No valid host was found. There are not enough hosts available."
LOGIN = "failed to create OpenStack client: Authentication failed"
SLOW = "Expected HTTP response code [200] but got 429 instead: Too Many Requests"
# A summary of the infrastructure's own conditions, and an answer in several lines.
LISTED = f"\n    * InstanceReady: {QUOTA}"
IN_LINES = f"\n    * Bad request:\n      * {QUOTA}"
REST = (
    "* Machine {name}-web-cpk8k-x9s8w-7zl5x:\n"
    "  * BootstrapConfigReady: KubeadmConfig status.initialization.dataSecretCreated is false\n"
    "  * InfrastructureReady:{text}\n"
    "  * NodeHealthy: Waiting for the machine to report spec.providerID"
)


def healthy(live: Manifest) -> str:
    """Return the reason of `BackendHealthy`."""
    return row("capi", live).healthy


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("text", "want"),
    [
        (QUOTA, "QuotaExceeded"),
        (HOST, "NoCapacity"),
        (LOGIN, "CredentialsInvalid"),
        (SLOW, "RateLimited"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "around"),
    [
        ("InfrastructureReady", "{text}"),
        ("WorkersAvailable", "* MachineDeployment {{name}}-web-abc: {text}"),
        ("WorkerMachinesReady", None),
        ("ControlPlaneMachinesReady", None),
    ],
)
@pytest.mark.parametrize("name", ["07-create-6", "23-scale-2", "46-upgrade-19"])
def test_a_shortage_is_reported(  # noqa: PLR0913  # moment, form, condition and text are independent
    name: str, kind: str, around: str | None, text: str, want: str, form: str
) -> None:
    """Whether it is new, scaled or upgraded, the reason is ours."""
    said = REST.replace("{text}", f" {text}") if around is None else around.replace("{text}", text)
    assert healthy(with_condition(name, form, kind, said.replace("{{name}}", "{name}"))) == want


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [LISTED, IN_LINES], ids=["listed", "in lines"])
@pytest.mark.parametrize("kind", ["WorkerMachinesReady", "ControlPlaneMachinesReady"])
def test_a_shortage_is_reported_in_lines_of_its_own(kind: str, text: str, form: str) -> None:
    """Cluster API indents what has several lines; what follows is about something else."""
    said = REST.replace("{text}", text)
    assert healthy(with_condition("23-scale-2", form, kind, said)) == "QuotaExceeded"
    other = REST.replace("{text}", "\n    * InstanceReady: BUILD") + f"\n  * NodeHealthy: {QUOTA}"
    assert healthy(with_condition("23-scale-2", form, kind, other)) == WELL


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        # Names are the tenant's, and may be made of any words.
        ("WorkersAvailable", "* MachineDeployment {name}-quota-cpk8k: not there yet"),
        ("InfrastructureReady", "OpenStackCluster {name}-unauthorized is not ready"),
        # Counters may be any number.
        (
            "WorkersAvailable",
            "* MachineDeployment {name}-web-a: 0 available replicas, at least 429 required "
            "(spec.strategy.rollout.maxUnavailable is 0, spec.replicas is 429)",
        ),
        # What every start goes through.
        ("InfrastructureReady", "Waiting for cluster topology to be reconciled"),
        ("InfrastructureReady", "OpenStackCluster does not exist"),
        (
            "ControlPlaneMachinesReady",
            "* Machine {name}-a:\n  * EtcdMemberHealthy: Failed to connect to etcd: "
            "authentication handshake failed: context deadline exceeded\n"
            "  * InfrastructureReady: OpenStackMachine status.initialization.provisioned is false",
        ),
        ("WorkerMachinesReady", REST.replace("{text}", " OpenStackMachine is not ready")),
        ("RemoteConnectionProbe", "Remote connection probe failed: 401 Unauthorized"),
    ],
)
def test_what_passes_by_itself_is_no_alarm(kind: str, text: str, form: str) -> None:
    """Nothing is reported of what every cluster says while it is built."""
    assert healthy(with_condition("07-create-6", form, kind, text)) == WELL


@pytest.mark.parametrize("form", FORMS)
def test_a_shortage_that_is_over_is_not_reported(form: str) -> None:
    """A condition that is true again may still have the message."""
    live = with_condition("26-scale-end", form, "InfrastructureReady", QUOTA, state="True")
    assert healthy(live) == WELL


@pytest.mark.parametrize(("name", "form"), CAPI_MOMENTS)
def test_no_recorded_message_is_a_shortage(name: str, form: str) -> None:
    """Of what was recorded nothing is one; refusals of the topology are configuration."""
    assert healthy(recorded("capi", f"{name}.{form}")) in (WELL, "ConfigurationProblem")


def test_a_shortage_before_cluster_api_had_the_newer_conditions() -> None:
    """Cluster API up to 1.8 has the old ones only."""
    live: dict[str, Any] = recorded("capi", "07-create-6.v1beta1")
    del live["status"]["v1beta2"]
    live["status"]["conditions"].append(
        {"type": "InfrastructureReady", "status": "False", "severity": "Error", "message": QUOTA}
    )
    live["status"]["conditions"] = [
        found
        for found in live["status"]["conditions"]
        if found["type"] != "InfrastructureReady" or found["status"] == "False"
    ]
    assert healthy(live) == "QuotaExceeded"


def test_nothing_of_the_message_is_reported() -> None:
    """The provider's own words stay with the provider."""
    live = with_condition("07-create-6", "v1beta2", "InfrastructureReady", QUOTA)
    assert "already used" not in json.dumps(shown("capi", live).composite)
