"""Check what policy fills in, what it judges, and which rules are refused."""

from typing import Any

import pytest

from function import policy
from function.contract import Remark
from function.errors import PolicyViolation
from function.model import KINDS
from function.record import Bound, with_fills
from function.schema import masked
from function.settings import Limits, Place, PolicyRule

Data = dict[str, Any]
REASON = "Ask support."


def rule(field: str, **verb: Any) -> PolicyRule:
    """Build a rule."""
    return PolicyRule(field=field, reason=REASON, **verb)


def bound(requested: Data, filled: Data | None = None) -> Bound:
    """Build what is remembered of an order that was answered."""
    return Bound(place=Place(), requested=requested, filled=filled or {})


def judged(
    kind: str, written: Data, *rules: PolicyRule, previous: Bound | None = None
) -> list[str]:
    """Fill and judge an order as `compose` does; return what is violated."""
    filled = policy.fill(kind, written, rules, previous)
    schema = KINDS[kind]
    effective = schema.model_validate(with_fills(written, filled)).model_dump(mode="json")
    current = with_fills(masked(schema, written), filled)
    try:
        policy.judge(kind, effective, current, rules, previous)
    except PolicyViolation as refusal:
        return [str(problem) for problem in refusal.problems]
    return []


def pool(name: str = "web", **fields: Any) -> Data:
    """Build a node pool."""
    return {"name": name, "flavor": "SCS-2V-4", "replicas": 1} | fields


def cluster(*pools: Data, **fields: Any) -> Data:
    """Build the spec of a Cluster."""
    return {"version": "1.34", "nodePools": list(pools)} | fields


def server(**fields: Any) -> Data:
    """Build the spec of a Server."""
    return {"image": {"name": "Ubuntu"}, "flavor": "SCS-2V-4"} | fields


def volume(name: str, **fields: Any) -> Data:
    """Build a volume of a node."""
    return {"name": name, "sizeGiB": 1, **fields}


def taint(key: str, effect: str) -> Data:
    """Build a taint."""
    return {"key": key, "effect": effect}


NODE = rule("spec.controlPlane.availability", default="Zone")
ROOT_TYPE = rule("spec.nodePools[].rootVolume.type", default="ssd")

FILLS: dict[str, tuple[str, Data, list[PolicyRule], Data]] = {
    "default at top level": ("Server", server(), [rule("spec.zone", default="az1")], {
        "zone": "az1",
    }),
    "default of what is written": (
        "Server", server(zone="az2"), [rule("spec.zone", default="az1")], {},
    ),
    "false is written": ("Server", server(publicIP=False), [rule("spec.publicIP", pin=True)], {}),
    "pin": ("Server", server(), [rule("spec.publicIP", pin=False)], {"publicIP": False}),
    "pin before default": (
        "Server",
        server(),
        [rule("spec.zone", default="az1"), rule("spec.zone", pin="az2")],
        {"zone": "az2"},
    ),
    "first default": (
        "Server",
        server(),
        [rule("spec.zone", default="az1"), rule("spec.zone", default="az2")],
        {"zone": "az1"},
    ),
    "nested, its parent has a default": ("Cluster", cluster(), [NODE], {
        "controlPlane.availability": "Zone",
    }),
    "nested, its parent is written": ("Cluster", cluster(controlPlane={}), [NODE], {
        "controlPlane.availability": "Zone",
    }),
    "each pool": (
        "Cluster",
        cluster(pool("web"), pool("batch", zones=["az2"])),
        [rule("spec.nodePools[].zones", default=["az1"])],
        {"nodePools[web].zones": ["az1"]},
    ),
    "only where there is a root volume": (
        "Cluster",
        cluster(pool("web"), pool("batch", rootVolume={"sizeGiB": 50})),
        [ROOT_TYPE],
        {"nodePools[batch].rootVolume.type": "ssd"},
    ),
    "no boot volume by its type": (
        "Server", server(), [rule("spec.bootVolume.type", default="ssd")], {},
    ),
    "no size beside a flavor": (
        "Server", server(), [rule("spec.size.cpuType", default="C")], {},
    ),
    "a whole group": ("Server", server(), [rule("spec.bootVolume", default={"sizeGiB": 20})], {
        "bootVolume": {"sizeGiB": 20},
    }),
    "a rule for the kind before one for all": (
        "Server",
        server(),
        [rule("spec.zone", default="az1"), rule("spec.zone", kind="Server", default="az2")],
        {"zone": "az2"},
    ),
    "a whole mapping": (
        "Cluster",
        cluster(pool("a"), pool("b", labels={})),
        [rule("spec.nodePools[].labels", default={"team": "a"})],
        {"nodePools[a].labels": {"team": "a"}},
    ),
    "in a list of a list": (
        "Cluster",
        cluster(pool(dataVolumes=[volume("a"), volume("b", type="x")])),
        [rule("spec.nodePools[].dataVolumes[].type", default="ssd")],
        {"nodePools[web].dataVolumes[a].type": "ssd"},
    ),
    "no pools": ("Cluster", cluster(), [rule("spec.nodePools[].zones", default=["az1"])], {}),
    "another kind": ("Cluster", cluster(), [rule("spec.zone", default="az1")], {}),
    "for the other kind": (
        "Cluster", cluster(), [rule("spec.deletionPolicy", kind="Server", pin="Orphan")], {},
    ),
    "min and the like fill nothing": (
        "Server",
        server(),
        [rule("spec.replicas", min=2), rule("spec.zone", allow=["az1"])],
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "rules", "want"), FILLS.values(), ids=FILLS)
def test_fill_of_a_new_order(kind: str, written: Data, rules: list[PolicyRule], want: Data) -> None:
    """Absence is filled, and never so that another thing is ordered than was."""
    assert policy.fill(kind, written, rules, None) == want


ZONES = rule("spec.nodePools[].zones", default=["az9"])

STICKY: dict[str, tuple[str, Data, Bound, list[PolicyRule], Data]] = {
    "kept although the rule is gone": (
        "Server", server(), bound(server(), {"zone": "az1"}), [], {"zone": "az1"},
    ),
    "kept although the rule is another": (
        "Server",
        server(),
        bound(server(), {"zone": "az1"}),
        [rule("spec.zone", pin="az2")],
        {"zone": "az1"},
    ),
    "given up for what is written": (
        "Server", server(zone="az3"), bound(server(), {"zone": "az1"}), [], {},
    ),
    "given up with its pool": (
        "Cluster",
        cluster(),
        bound(cluster(pool()), {"nodePools[web].zones": ["az1"]}),
        [],
        {},
    ),
    "given up with what is around it": (
        "Cluster",
        cluster(pool()),
        bound(
            cluster(pool(rootVolume={"sizeGiB": 50})), {"nodePools[web].rootVolume.type": "ssd"}
        ),
        [ROOT_TYPE],
        {},
    ),
    "given up with a field that an older version had": (
        "Server", server(), bound(server(), {"gone.deeper": 1}), [], {},
    ),
    "a new rule leaves live orders alone": (
        "Server", server(), bound(server()), [rule("spec.zone", default="az1")], {},
    ),
    "a new pin leaves live orders alone": (
        "Server", server(), bound(server()), [rule("spec.publicIP", pin=True)], {},
    ),
    "a new pool gets it": (
        "Cluster",
        cluster(pool("old"), pool("new")),
        bound(cluster(pool("old"))),
        [ZONES],
        {"nodePools[new].zones": ["az9"]},
    ),
    "each pool what it had": (
        "Cluster",
        cluster(pool("old"), pool("new")),
        bound(cluster(pool("old")), {"nodePools[old].zones": ["az1"]}),
        [ZONES],
        {"nodePools[old].zones": ["az1"], "nodePools[new].zones": ["az9"]},
    ),
    "filled in once the tenant takes his value back": (
        "Server",
        server(),
        bound(server(zone="az3")),
        [rule("spec.zone", default="az1")],
        {"zone": "az1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "written", "previous", "rules", "want"), STICKY.values(), ids=STICKY
)
def test_fill_of_an_order_that_lives(
    kind: str, written: Data, previous: Bound, rules: list[PolicyRule], want: Data
) -> None:
    """What was filled once stays; what lived without goes on without."""
    assert policy.fill(kind, written, rules, previous) == want


JUDGED: dict[str, tuple[str, Data, list[PolicyRule], list[str]]] = {
    "pin": (
        "Server",
        server(publicIP=True),
        [rule("spec.publicIP", pin=False)],
        ["spec.publicIP: must be false. Ask support."],
    ),
    "pin of a list": (
        "Cluster",
        cluster(pool(zones=["az2"])),
        [rule("spec.nodePools[].zones", pin=["az1", "az2"])],
        ["spec.nodePools[web].zones: must be az1, az2. Ask support."],
    ),
    "min": (
        "Server",
        server(replicas=1),
        [rule("spec.replicas", min=2)],
        ["spec.replicas: must be at least 2. Ask support."],
    ),
    "min of a default": (
        "Server",
        server(),
        [rule("spec.replicas", min=2)],
        ["spec.replicas: must be at least 2. Ask support."],
    ),
    "max": (
        "Cluster",
        cluster(pool(replicas=3), pool("big", replicas=51)),
        [rule("spec.nodePools[].replicas", max=50)],
        ["spec.nodePools[big].replicas: must be at most 50. Ask support."],
    ),
    "max, large numbers in full": (
        "Server",
        server(bootVolume={"sizeGiB": 65536}),
        [rule("spec.bootVolume.sizeGiB", max=65500)],
        ["spec.bootVolume.sizeGiB: must be at most 65500. Ask support."],
    ),
    "max, half": (
        "Server",
        server(flavor=None, size={"cpu": 1, "memoryGiB": 2}),
        [rule("spec.size.memoryGiB", max=1.5)],
        ["spec.size.memoryGiB: must be at most 1.5. Ask support."],
    ),
    "allow": (
        "Server",
        server(zone="az3"),
        [rule("spec.zone", allow=["az1", "az2"])],
        ["spec.zone: must be one of az1, az2. Ask support."],
    ),
    "allow in a list": (
        "Cluster",
        cluster(pool(zones=["az1", "az3"])),
        [rule("spec.nodePools[].zones", allow=["az1", "az2"])],
        ["spec.nodePools[web].zones: must be one of az1, az2. Ask support."],
    ),
    "allow each of a list": (
        "Cluster",
        cluster(pool(zones=["az1", "az3"])),
        [rule("spec.nodePools[].zones[]", allow=["az1", "az2"])],
        ["spec.nodePools[web].zones[1]: must be one of az1, az2. Ask support."],
    ),
    "forbid": (
        "Cluster",
        cluster(controlPlane={"availability": "None"}),
        [rule("spec.controlPlane.availability", forbid=["None"])],
        ["spec.controlPlane.availability: must be other than None. Ask support."],
    ),
    "forbid what is the default": (
        "Cluster",
        cluster(),
        [rule("spec.controlPlane.availability", forbid=["Node"])],
        ["spec.controlPlane.availability: must be other than Node. Ask support."],
    ),
    "fits": (
        "Server",
        server(replicas=2, zone="az1", publicIP=False),
        [
            rule("spec.replicas", min=2),
            rule("spec.replicas", max=2),
            rule("spec.zone", allow=["az1"]),
            rule("spec.zone", forbid=["az2"]),
            rule("spec.publicIP", pin=False),
        ],
        [],
    ),
    "absent values have nothing to judge": (
        "Server",
        server(),
        [
            rule("spec.size.memoryGiB", max=1),
            rule("spec.size.cpu", min=4),
            rule("spec.bootVolume.sizeGiB", min=50),
            rule("spec.zone", allow=["az1"]),
            rule("spec.bootVolume.type", pin="ssd"),
        ],
        [],
    ),
    "min of a duration": (
        "Cluster",
        cluster(pool("a", drainTimeout="9m"), pool("b", drainTimeout="600s")),
        [rule("spec.nodePools[].drainTimeout", min="10m")],
        ["spec.nodePools[a].drainTimeout: must be at least 10m. Ask support."],
    ),
    "max of a duration": (
        "Cluster",
        cluster(pool("a", drainTimeout="1h1s"), pool("b", drainTimeout="60m")),
        [rule("spec.nodePools[].drainTimeout", max="1h")],
        ["spec.nodePools[a].drainTimeout: must be at most 1h. Ask support."],
    ),
    "max of a share": (
        "Cluster",
        cluster(healthCheck={"maxUnhealthy": "100%"}),
        [rule("spec.healthCheck.maxUnhealthy", max="50%")],
        ["spec.healthCheck.maxUnhealthy: must be at most 50%. Ask support."],
    ),
    "max in a list of a list": (
        "Cluster",
        cluster(pool(dataVolumes=[volume("a", sizeGiB=9), volume("b")])),
        [rule("spec.nodePools[].dataVolumes[].sizeGiB", max=5)],
        ["spec.nodePools[web].dataVolumes[a].sizeGiB: must be at most 5. Ask support."],
    ),
    "pin of a whole mapping": (
        "Cluster",
        cluster(pool(labels={"team": "b"})),
        [rule("spec.nodePools[].labels", pin={"team": "a"})],
        ['spec.nodePools[web].labels: must be {"team":"a"}. Ask support.'],
    ),
    "what a rule fills, it accepts": (
        "Server", server(), [rule("spec.publicIP", pin=True), rule("spec.zone", pin="az1")], [],
    ),
    "another kind": ("Cluster", cluster(), [rule("spec.replicas", min=2)], []),
    "for the other kind": (
        "Cluster", cluster(), [rule("spec.deletionPolicy", kind="Server", pin="Orphan")], [],
    ),
    "all at once": (
        "Server",
        server(replicas=9, zone="az3", publicIP=True),
        [
            rule("spec.publicIP", pin=False),
            rule("spec.replicas", max=3),
            rule("spec.zone", forbid=["az3"]),
        ],
        [
            "spec.publicIP: must be false. Ask support.",
            "spec.replicas: must be at most 3. Ask support.",
            "spec.zone: must be other than az3. Ask support.",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "rules", "want"), JUDGED.values(), ids=JUDGED)
def test_judge_of_a_new_order(
    kind: str, written: Data, rules: list[PolicyRule], want: list[str]
) -> None:
    """All violations come at once: the path, what is accepted, and the operator's sentence."""
    assert policy.misfits(rules) == []
    assert judged(kind, written, *rules) == want


MAX_3 = rule("spec.nodePools[].replicas", max=3)

TIGHTENED: dict[str, tuple[str, Data, Bound | None, list[PolicyRule], list[str]]] = {
    "unchanged": ("Cluster", cluster(pool(replicas=9)), bound(cluster(pool(replicas=9))), [MAX_3],
                  []),
    "changed to what fits": (
        "Cluster", cluster(pool(replicas=2)), bound(cluster(pool(replicas=9))), [MAX_3], [],
    ),
    "changed to what does not": (
        "Cluster",
        cluster(pool(replicas=8)),
        bound(cluster(pool(replicas=9))),
        [MAX_3],
        ["spec.nodePools[web].replicas: must be at most 3. Ask support."],
    ),
    "only the changed pool": (
        "Cluster",
        cluster(pool("a", replicas=9), pool("b", replicas=10)),
        bound(cluster(pool("a", replicas=9), pool("b", replicas=9))),
        [MAX_3],
        ["spec.nodePools[b].replicas: must be at most 3. Ask support."],
    ),
    "a new pool": (
        "Cluster",
        cluster(pool("a", replicas=9), pool("b", replicas=9)),
        bound(cluster(pool("a", replicas=9))),
        [MAX_3],
        ["spec.nodePools[b].replicas: must be at most 3. Ask support."],
    ),
    "another order of pools": (
        "Cluster",
        cluster(pool("a", replicas=9), pool("b", replicas=8)),
        bound(cluster(pool("b", replicas=8), pool("a", replicas=9))),
        [MAX_3],
        [],
    ),
    "absent, its default is refused now": (
        "Server", server(), bound(server()), [rule("spec.replicas", min=2)], [],
    ),
    "filled, the pin is another now": (
        "Server",
        server(),
        bound(server(), {"zone": "az1"}),
        [rule("spec.zone", pin="az2")],
        [],
    ),
    "written as it was filled": (
        "Server",
        server(zone="az1"),
        bound(server(), {"zone": "az1"}),
        [rule("spec.zone", pin="az2")],
        [],
    ),
    "written otherwise": (
        "Server",
        server(zone="az3"),
        bound(server(), {"zone": "az1"}),
        [rule("spec.zone", pin="az2")],
        ["spec.zone: must be az2. Ask support."],
    ),
    "a list that gains what is allowed": (
        "Cluster",
        cluster(pool(zones=["az3", "az1"])),
        bound(cluster(pool(zones=["az3"]))),
        [rule("spec.nodePools[].zones", allow=["az1"])],
        [],
    ),
    "a list that gains what is forbidden": (
        "Cluster",
        cluster(pool(zones=["az1", "az3"])),
        bound(cluster(pool(zones=["az1"]))),
        [rule("spec.nodePools[].zones", forbid=["az3"])],
        ["spec.nodePools[web].zones: must be other than az3. Ask support."],
    ),
    "entries without a name, moved": (
        "Server",
        server(firewall={"ingress": [{"protocol": "icmp"}, {"protocol": "udp"}]}),
        bound(server(firewall={"ingress": [{"protocol": "udp"}, {"protocol": "icmp"}]})),
        [rule("spec.firewall.ingress[].protocol", forbid=["udp"])],
        [],
    ),
    "entries without a name, one more": (
        "Server",
        server(firewall={"ingress": [{"protocol": "udp"}, {"protocol": "udp", "ports": "53"}]}),
        bound(server(firewall={"ingress": [{"protocol": "udp"}]})),
        [rule("spec.firewall.ingress[].protocol", forbid=["udp"])],
        ["spec.firewall.ingress[1].protocol: must be other than udp. Ask support."],
    ),
    "entries without a name in a pool, moved": (
        "Cluster",
        cluster(pool(taints=[taint("a", "NoSchedule"), taint("b", "NoExecute")])),
        bound(cluster(pool(taints=[taint("b", "NoExecute")]))),
        [rule("spec.nodePools[].taints[].effect", forbid=["NoExecute"])],
        [],
    ),
    "entries without a name in a pool, changed": (
        "Cluster",
        cluster(pool(taints=[taint("a", "NoExecute")])),
        bound(cluster(pool(taints=[taint("a", "NoSchedule")]))),
        [rule("spec.nodePools[].taints[].effect", forbid=["NoExecute"])],
        ["spec.nodePools[web].taints[0].effect: must be other than NoExecute. Ask support."],
    ),
    "entries of a default": (
        "Server",
        server(),
        bound(server()),
        [rule("spec.firewall.egress[].protocol", forbid=["any"])],
        [],
    ),
    "entries of a default, a new order's": (
        "Server",
        server(),
        None,
        [rule("spec.firewall.egress[].protocol", forbid=["any"])],
        ["spec.firewall.egress[0].protocol: must be other than any. Ask support."],
    ),
    "private and unchanged": (
        "Server",
        server(userData="#!/bin/sh"),
        bound(masked(KINDS["Server"], server(userData="#!/bin/sh"))),
        [rule("spec.userData", pin="#!/bin/bash")],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "written", "previous", "rules", "want"), TIGHTENED.values(), ids=TIGHTENED
)
def test_tightening_never_strands(
    kind: str, written: Data, previous: Bound | None, rules: list[PolicyRule], want: list[str]
) -> None:
    """Only values that differ from those of the last answer are judged."""
    assert judged(kind, written, *rules, previous=previous) == want


MISFITS: dict[str, tuple[PolicyRule, str]] = {
    "no kind": (
        rule("spec.nodepools[].replicas", max=1),
        "policy[spec.nodepools[].replicas/max]: no kind has it",
    ),
    "not this kind": (
        rule("spec.zone", kind="Cluster", pin="az1"),
        "policy[spec.zone/pin/Cluster]: Cluster has no such field",
    ),
    "below a scalar": (
        rule("spec.zone.name", pin="az1"),
        "policy[spec.zone.name/pin]: no kind has it",
    ),
    "list without brackets": (
        rule("spec.nodePools.replicas", max=1),
        "policy[spec.nodePools.replicas/max]: must be written spec.nodePools[].replicas, "
        "with [] after each list",
    ),
    "brackets without a list": (
        rule("spec.controlPlane[].availability", pin="Node"),
        "policy[spec.controlPlane[].availability/pin]: must be written "
        "spec.controlPlane.availability, with [] after each list",
    ),
    "min of text": (
        rule("spec.version", min=1.34),
        "policy[spec.version/min]: min goes with numbers, durations and shares only",
    ),
    "max of a flag": (
        rule("spec.publicIP", max=1),
        "policy[spec.publicIP/max]: max goes with numbers, durations and shares only",
    ),
    "max of a list": (
        rule("spec.nodePools", max=1),
        "policy[spec.nodePools/max]: max goes with numbers, durations and shares only",
    ),
    "min of a duration, a number": (
        rule("spec.nodePools[].drainTimeout", min=10),
        "policy[spec.nodePools[].drainTimeout/min]: min: must be text, but 10 is a number in YAML: "
        'quote it: "10"',
    ),
    "max of a duration, no unit": (
        rule("spec.nodePools[].drainTimeout", max="10"),
        "policy[spec.nodePools[].drainTimeout/max]: max: must be a duration such as "
        '"10m" or "1h30m"',
    ),
    "max of a number, text": (
        rule("spec.replicas", max="3"),
        "policy[spec.replicas/max]: max: must be a number, without quotes: write 3",
    ),
    "max of a number, a flag": (
        rule("spec.replicas", max=True),
        "policy[spec.replicas/max]: max: must be a number, without quotes",
    ),
    "a name in a mapping": (
        rule("spec.nodePools[].labels.team", pin="a"),
        "policy[spec.nodePools[].labels.team/pin]: spec.nodePools[].labels is a mapping: a rule "
        "cannot be for one of its names",
    ),
    "a name in a mapping, deeper": (
        rule("spec.variables.network.mtu", max=1),
        "policy[spec.variables.network.mtu/max]: spec.variables is a mapping: a rule cannot be for "
        "one of its names",
    ),
    "max of a mapping": (
        rule("spec.nodePools[].labels", max=1),
        "policy[spec.nodePools[].labels/max]: max goes with numbers, durations and shares only",
    ),
    "allow of a mapping": (
        rule("spec.nodePools[].labels", allow=["a"]),
        "policy[spec.nodePools[].labels/allow]: is a mapping, of which allow cannot name a part: "
        "only default and pin can",
    ),
    "brackets after a mapping": (
        rule("spec.nodePools[].labels[]", pin={"a": "b"}),
        "policy[spec.nodePools[].labels[]/pin]: must be written spec.nodePools[].labels, with [] "
        "after each list",
    ),
    "pin of a number in text": (
        rule("spec.version", pin=1.34),
        'policy[spec.version/pin]: pin: must be text, but 1.34 is a number in YAML: quote it: '
        '"1.34"',
    ),
    "pin of text in a number": (
        rule("spec.replicas", pin="2"),
        "policy[spec.replicas/pin]: pin: must be a whole number, without quotes: write 2",
    ),
    "pin of what no order may have": (
        rule("spec.replicas", pin=51),
        "policy[spec.replicas/pin]: pin: must be at most 50",
    ),
    "pin of a choice": (
        rule("spec.deletionPolicy", pin="orphan"),
        "policy[spec.deletionPolicy/pin]: pin: must be one of 'Delete', 'Orphan'",
    ),
    "pin of a list": (
        rule("spec.nodePools[].zones", pin="az1"),
        "policy[spec.nodePools[].zones/pin]: pin: must be a list",
    ),
    "pin of a group": (
        rule("spec.controlPlane", pin={"availability": "Node"}),
        "policy[spec.controlPlane/pin]: holds fields of its own: name one of them for pin",
    ),
    "default of a group": (
        rule("spec.bootVolume", default={"size": 1}),
        "policy[spec.bootVolume/default]: default: unknown field",
    ),
    "default of a pattern": (
        rule("spec.access.oidc.issuerURL", default="http://id.example"),
        "policy[spec.access.oidc.issuerURL/default]: default: must be an https URL, without user, "
        "query or fragment",
    ),
    "allow": (
        rule("spec.controlPlane.availability", allow=["Node", "zone"]),
        "policy[spec.controlPlane.availability/allow]: allow: must be one of 'None', 'Node', "
        "'Zone'",
    ),
    "forbid in a list": (
        rule("spec.nodePools[].zones", forbid=["az1", 2]),
        'policy[spec.nodePools[].zones/forbid]: forbid: must be text, but 2 is a number in '
        'YAML: quote it: "2"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "want"), MISFITS.values(), ids=MISFITS)
def test_rules_that_can_never_be_applied(wrong: PolicyRule, want: str) -> None:
    """A rule that would never hold, or always, is the operator's mistake and not a traceback."""
    found = policy.misfits([wrong, rule("spec.replicas", max=3)])
    assert [str(problem) for problem in found] == [want]


def test_all_misfits_at_once() -> None:
    """The operator gets all of them."""
    rules = [rule("spec.zone", min=1), rule("spec.replicas", max=3), rule("spec.nope", max=1)]
    assert [str(problem) for problem in policy.misfits(rules)] == [
        "policy[spec.zone/min]: min goes with numbers, durations and shares only",
        "policy[spec.nope/max]: no kind has it",
    ]


@pytest.mark.parametrize(
    ("field", "kind", "want"),
    [
        ("spec.nodePools[].replicas", "Cluster", True),
        ("spec.nodePools[].replicas", "Server", False),
        ("spec.replicas", "Server", True),
        ("spec.deletionPolicy", "Cluster", True),
        ("spec.deletionPolicy.x", "Cluster", False),
    ],
)
def test_concerns(field: str, kind: str, want: bool) -> None:
    """A rule is for every kind that has the field."""
    assert policy.concerns(rule(field, pin="x"), kind) is want


def test_notes() -> None:
    """A note has what policy filled in, in the operator's words; private values are left out."""
    rules = [
        rule("spec.publicIP", pin=False),
        rule("spec.zone", default="az1"),
        rule("spec.zone", kind="Server", default="az2"),
        rule("spec.userData", default="#!/bin/sh"),
        rule("spec.replicas", max=3),
    ]
    filled = policy.fill("Server", server(), rules, None) | {"running": True}
    assert policy.notes("Server", filled, rules) == (
        Remark("spec.publicIP", "set to false, because you did not set it. Ask support."),
        Remark("spec.running", "set to true when it was ordered"),
        Remark("spec.userData", "set to a value, because you did not set it. Ask support."),
        Remark("spec.zone", "set to az2, because you did not set it. Ask support."),
    )
    pools = rule("spec.nodePools[].zones", default=["az1", "az2"])
    assert policy.notes("Cluster", {"nodePools[web].zones": ["az1", "az2"]}, [pools]) == (
        Remark(
            "spec.nodePools[web].zones",
            "set to az1, az2, because you did not set it. Ask support.",
        ),
    )


HELD = {"cpu": 8, "memoryGiB": 32, "storageGiB": 100, "gpus": 0}

LIMITS: dict[str, tuple[Limits, Data, Data | None, list[str]]] = {
    "none": (Limits(), HELD, None, []),
    "just fits": (Limits(cpu=8, memory_gib=32, storage_gib=100, gpus=0), HELD, None, []),
    "all of them": (
        Limits(cpu=7, memory_gib=31, storage_gib=99, gpus=0),
        {**HELD, "gpus": 1},
        None,
        [
            "spec: asks for 8 cpu in all, at most 7 are allowed in one order",
            "spec: asks for 32 memoryGiB in all, at most 31 are allowed in one order",
            "spec: asks for 100 storageGiB in all, at most 99 are allowed in one order",
            "spec: asks for 1 gpus in all, at most 0 are allowed in one order",
        ],
    ),
    "written in full": (
        Limits(storage_gib=2_000_000),
        {**HELD, "storageGiB": 3_276_800.0},
        None,
        ["spec: asks for 3276800 storageGiB in all, at most 2000000 are allowed in one order"],
    ),
    "halves": (
        Limits(memory_gib=1),
        {**HELD, "memoryGiB": 1.5},
        None,
        ["spec: asks for 1.5 memoryGiB in all, at most 1 are allowed in one order"],
    ),
    "over, and as before": (Limits(cpu=4), HELD, HELD, []),
    "over, and shrunk": (Limits(cpu=4), HELD, {**HELD, "cpu": 9}, []),
    "over, another part shrunk": (
        Limits(cpu=4, memory_gib=4),
        HELD,
        {**HELD, "cpu": 6, "memoryGiB": 64},
        ["spec: asks for 8 cpu in all, at most 4 are allowed in one order"],
    ),
    "over, and what it held was lost": (Limits(cpu=4), HELD, {}, []),
    "grown and fits": (Limits(cpu=8), HELD, {**HELD, "cpu": 4}, []),
}


@pytest.mark.parametrize(("limits", "current", "previous", "want"), LIMITS.values(), ids=LIMITS)
def test_limits(limits: Limits, current: Data, previous: Data | None, want: list[str]) -> None:
    """Limits are held against an order only where it grew."""
    found: list[str] = []
    try:
        policy.judge_limits(limits, current, previous)
    except PolicyViolation as refusal:
        found = [str(problem) for problem in refusal.problems]
    assert found == want
