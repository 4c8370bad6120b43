"""Declare what the machines of some flavors need beside the flavor."""

from typing import Any, ClassVar, Literal

from function.model.order import Architecture
from function.schema import DNSLabel, Flag, Schema, configured
from function.settings.values import NEXT_VERSION, LabelKeyText, LabelValueText, Name


class NodeTaint(Schema):
    """Keep pods away from nodes that do not tolerate this."""

    key_fields: ClassVar[tuple[str, ...]] = ("key", "effect")

    key: LabelKeyText = configured(
        "Key of the taint, such as nvidia.com/gpu.", reaches=NEXT_VERSION
    )
    value: LabelValueText | None = configured(
        "Value of the taint, such as present. Defaults to empty.",
        reaches=NEXT_VERSION,
        default=None,
    )
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = configured(
        "What happens to pods that do not tolerate it: NoSchedule, PreferNoSchedule or NoExecute.",
        reaches=NEXT_VERSION,
    )


class MachineRule(Schema):
    """Say what machines of some flavors get from a class; of several rules, the first applies."""

    name: DNSLabel = configured("Name of the rule, such as arm.", reaches=NEXT_VERSION)
    flavors: tuple[Name, ...] = configured(
        "Names of the flavors that the rule is for, such as SCS-16V-64_GNa-64. Defaults to all.",
        reaches=NEXT_VERSION,
        default=(),
    )
    architecture: Architecture | None = configured(
        "Processor architecture of the flavors that the rule is for: amd64, arm64 or riscv64. "
        "Machines of another architecture than amd64 are refused where no rule is for them. "
        "Defaults to all.",
        reaches=NEXT_VERSION,
        default=None,
    )
    gpu: Flag | None = configured(
        "Whether the rule is for flavors with GPUs, or for those without. Defaults to both.",
        reaches=NEXT_VERSION,
        default=None,
    )
    worker_class: Name | None = configured(
        "Worker class of pools, such as arm-worker. Defaults to that of the profile.",
        reaches=NEXT_VERSION,
        default=None,
    )
    variables: dict[str, Any] = configured(
        "Values of variables that these machines override, such as imageName: ubuntu-capi-arm64, "
        "in pools and in the control plane. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    labels: dict[LabelKeyText, LabelValueText] = configured(
        "Labels of pools, such as node.cluster.x-k8s.io/gpu: present, which no tenant sets. Nodes "
        "get those that Cluster API syncs; see allLabels. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    taints: tuple[NodeTaint, ...] = configured(
        "Taints of pools, where the backend offers taints. A taint of the order with the same key "
        "and effect replaces one of these. Defaults to none.",
        reaches=NEXT_VERSION,
        default=(),
    )
    gpu_drivers: Flag = configured(
        "Whether the provider installs driver and device plugin of the GPUs. If false, orders of "
        "such flavors report that the tenant has to. Defaults to false.",
        reaches=NEXT_VERSION,
        default=False,
    )

    def is_for(self, flavor: str, architecture: str, gpus: int) -> bool:
        """Return whether the rule is for a machine."""
        return (
            (not self.flavors or flavor in self.flavors)
            and self.architecture in (None, architecture)
            and self.gpu in (None, gpus > 0)
        )
