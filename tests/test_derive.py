"""Derive profiles from the cluster classes that providers really ship."""

import copy
from typing import Any

import click.testing
import pytest

from function import cli
from function.backends.capi.derive import Derived, derive, layer
from function.backends.capi.profile import PROFILES, Profile
from function.paths import lookup
from function.settings import Settings
from tests import classes

LOGIN = "spec/template/spec/kubeadmConfigSpec/clusterConfiguration/apiServer"


def derived(*names: str) -> list[Derived]:
    """Return the profiles of classes."""
    return derive([one for name in names for one in classes.documents(name)])


@pytest.mark.parametrize("name", ["scs2-1-33-v5", "scs2-1-34-v2"])
def test_a_released_class_gives_the_built_in_profile(name: str) -> None:
    """Word for word: variables, types, what is guarded and fixed, and where each field goes."""
    [found] = derived(name)
    assert Profile.model_validate(found.data) == PROFILES["scs2"]
    assert found.built_in == "scs2"


def test_a_repaired_class_gives_the_other_one() -> None:
    """Where the template has the map that the patch adds to, people can log in."""
    documents = classes.documents("scs2-1-34-v2")
    for one in documents:
        if one["kind"] == "KubeadmControlPlaneTemplate":
            server = lookup(one, "spec.template.spec.kubeadmConfigSpec.clusterConfiguration")
            server["apiServer"]["extraArgs"] = {}
    [found] = derive(documents)
    assert found.built_in == "scs2-oidc"


def test_a_class_whose_sizes_start_with_one() -> None:
    """It takes no 0 for the disk of a flavor."""
    [found] = derived("scs2-1-33-v1")
    target = found.data["fields"]["spec.nodePools[].rootVolume.sizeGiB"]
    assert target == {"override": "workerRootDisk", "none": "omit"}


def test_defaults_inside_of_objects() -> None:
    """They are rendered as well: what Cluster API adds itself blocks the next class."""
    [found] = derived("pr259-scs-1-33")
    assert found.data["variables"]["identityRef"]["type"] == "Secret"


def test_variables_with_other_names() -> None:
    """The first series of SCS has snake case, also inside of its objects."""
    [found] = derived("scs-1-32")
    fields = found.data["fields"]
    assert fields["spec.controlPlane.flavor"] == {"variable": "controller_flavor"}
    assert fields["spec.access.oidc"]["keys"]["issuerURL"] == "issuer_url"
    assert found.data["controlPlaneDisk"] == "controller_root_disk"


def test_what_changes_replace_is_printed() -> None:
    """An operator reads it before the change."""
    [found] = derive(classes.documents("scs2-1-34-v2"))
    start = "a change of one of these replaces"
    plane, both, nodes = found.replacing
    assert plane.startswith(f"{start} the control plane: certSANs, controlPlaneFlavor, ")
    assert both.startswith(f"{start} the control plane and the nodes of pools: imageAddVersion, ")
    assert nodes.startswith(f"{start} the nodes of pools: workerAdditionalBlockDevices, ")
    command = ["profile", str(classes.FILES / "scs2-1-34-v2.yaml")]
    printed = click.testing.CliRunner().invoke(cli.main, command).stderr
    assert f"central-api: note: {found.class_name}: {nodes}\n" in printed


def test_a_hosted_control_plane() -> None:
    """It has no machines, and is reached by the means of the provider."""
    [found] = derived("pr259-hcp-1-35")
    assert found.data["controlPlaneMachines"] is False
    assert "controlPlaneDisk" not in found.data
    assert set(found.data["fields"]["spec.apiServer.exposure"]) == {"unsupported"}
    assert {"gatewayName", "controlPlaneReplicas"} <= set(found.data["guarded"])


@pytest.mark.parametrize(
    ("name", "variable", "replaced"),
    [
        ("scs2-1-34-v2", "controlPlaneFlavor", "the control plane"),
        ("scs2-1-34-v2", "workerRootDisk", "the nodes of pools"),
        ("scs2-1-34-v2", "sshKeyName", "the control plane and the nodes of pools"),
        ("scs2-1-34-v2", "certSANs", "the control plane"),
        ("scs2-1-34-v2", "dnsNameservers", ""),
        ("pr259-scs-1-35", "flavor", "the control plane and the nodes of pools"),
    ],
)
def test_what_a_variable_replaces(name: str, variable: str, replaced: str) -> None:
    """By the templates that its patches write."""
    [found] = derived(name)
    assert found.replaces.get(variable, "") == replaced


def test_what_is_left_to_the_operator() -> None:
    """What no data says: exact versions, fields without a known name, what fails."""
    [found] = derived("scs2-1-34-v2")
    assert found.left == (
        "the class names no exact version: complete kubernetesVersions[].version",
        "no order field drives: controlPlaneOmitAvailabilityZone, dnsNameservers, networkMTU; "
        "tenantVariables may open them",
        f"oidcConfig fails, because the template of the class has no /{LOGIN}/extraArgs",
    )


class TestWhatAClassMayHave:
    """Variations of a class, one at a time."""

    @staticmethod
    def of(edit: Any) -> Derived:
        """Derive a class after an edit of its spec."""
        documents = copy.deepcopy(classes.documents("scs2-1-34-v2"))
        edit(documents[0]["spec"])
        [found] = derive(documents)
        return found

    def test_exact_versions(self) -> None:
        """A class may list them."""
        found = self.of(lambda spec: spec.update(kubernetesVersions=["v1.34.7", "v1.34.8"]))
        assert found.versions == ("1.34.7", "1.34.8")
        assert not any("exact version" in text for text in found.left)
        offered = layer([found])["data"]["kubernetesVersions"]
        assert [one["version"] for one in offered] == ["1.34.7", "1.34.8"]

    def test_a_required_variable(self) -> None:
        """The environment must set it."""
        required = {"name": "region", "required": True, "schema": {"openAPIV3Schema": {}}}
        found = self.of(lambda spec: spec["variables"].append(required))
        assert "set in classes[].variables, because they are required: region" in found.left

    def test_health_checks(self) -> None:
        """Then an order without one gets that of the class."""
        check = {"machineHealthCheck": {"maxUnhealthy": "40%"}}
        found = self.of(lambda spec: spec["controlPlane"].update(check))
        assert found.data["classHealthCheck"] is True

    def test_more_worker_classes(self) -> None:
        """Only the first is used."""
        workers = {"class": "bare-metal"}
        found = self.of(lambda spec: spec["workers"]["machineDeployments"].append(workers))
        assert found.data["workerClass"] == "default-worker"
        text = "pools get the worker class default-worker; the class also has bare-metal"
        assert text in found.left


def test_a_layer_of_several_classes() -> None:
    """Each stack is offered once, its newest profile first, and older versions with theirs."""
    found = derived("scs2-1-33-v5", "scs2-v1beta2", "scs2-1-34-v2", "pr259-hcp-1-34")
    data = layer(found)["data"]
    assert data["kubernetesVersions"] == [
        {
            "version": "1.33",
            "classes": {"scs2": {"name": "openstack-scs2-1-33-v5", "profile": "scs2"}},
        },
        {
            "version": "1.34",
            "classes": {"scs2": "openstack-scs2-1-34-v5", "hcp": "openstack-hcp-1-34-v1"},
        },
    ]
    left_out = next(one for one in found if one.class_name == "openstack-scs2-1-34-v2")
    assert left_out.left == (
        "left out, because openstack-scs2-1-34-v5 is newer and of the same version",
    )


@pytest.mark.parametrize("name", classes.CLASSES)
def test_a_layer_is_an_environment(name: str) -> None:
    """Its data are what the function reads, once the exact version is completed."""
    data = classes.environment(classes.documents(name))[0]["data"]
    assert Settings.model_validate({**data, "backends": {}})
    assert classes.answer(name, "all").outcome.fatal == ""


def test_the_page_is_up_to_date(update: bool) -> None:
    """Compare the page with what is answered now."""
    if update:
        classes.DOCUMENT.write_text(classes.page(), "utf-8")
    assert classes.DOCUMENT.read_text("utf-8") == classes.page()


def test_no_field_is_lost() -> None:
    """Whatever is refused or reported has a row."""
    for name in classes.CLASSES:
        answer = classes.answer(name, "all")
        assert set(answer.refused) | set(answer.reported) <= classes.FIELDS.keys(), name
