"""Edit the rules for machines of some flavors, of a class, of its versions, and of a profile."""

from collections.abc import Callable
from typing import Any

from tests.reaches.offers import ARM_GIVEN, ARM_ORDERS, offered
from tests.reaches.worlds import BASE, CAPI, Case, Data

_TAINT = {"key": "gpu", "value": "present", "effect": "NoSchedule"}
_RULE: Data = {
    "name": "special",
    "flavors": ["m1"],
    "workerClass": "special",
    "variables": {"plan": "z"},
    "labels": {"special": "true"},
    "taints": [_TAINT],
}


def _versioned(rules: list[Data]) -> Data:
    edited = [
        {**one, "classes": {"default": {"name": one["classes"]["default"], "machines": rules}}}
        for one in BASE["kubernetesVersions"]
    ]
    return {"kubernetesVersions": edited}


_LEVELS: dict[str, Callable[[list[Data]], Data]] = {
    "classes[]": lambda rules: offered(machines=rules),
    "kubernetesVersions[].classes.<name>": _versioned,
    "backends.capi.profiles.<name>": lambda rules: {
        "backends": {"capi": {"profiles": {"own": {"machines": rules}}}}
    },
}


def _cases(level: str, rules: Callable[[list[Data]], Data]) -> list[Case]:
    """Return an edit of each field of a rule at one level."""

    def edit(field: str, **edit: Any) -> Case:
        at, given = f"{level}.machines[].{field}", rules([_RULE])
        return Case(at, rules([{**_RULE, **edit}]), CAPI, given=given)

    def taint(name: str, value: str) -> Case:
        return edit(f"taints[].{name}", taints=[{**_TAINT, name: value}])

    all_gpus = {"name": "gpus"}
    return [
        edit("name", name="other"),
        edit("flavors", flavors=["SCS-4V-16-100"]),
        edit("architecture", architecture="arm64"),
        edit("gpu", gpu=True),
        edit("workerClass", workerClass="other"),
        edit("variables", variables={"plan": "y"}),
        edit("labels", labels={"special": "no"}),
        taint("key", "other"),
        taint("value", "other"),
        taint("effect", "NoExecute"),
        Case(
            f"{level}.machines[].gpuDrivers",
            rules([{**all_gpus, "gpuDrivers": True}]),
            CAPI,
            given={**ARM_GIVEN, "classes": BASE["classes"], **rules([all_gpus])},
            orders=ARM_ORDERS,
        ),
    ]


CASES = [case for level, rules in _LEVELS.items() for case in _cases(level, rules)]
