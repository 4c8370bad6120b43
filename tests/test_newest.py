"""What counts as newer than a pin, and what moves along with it."""

from collections.abc import Callable

import pytest

from release import newest as release
from testbed import newest
from testbed.newest import Failed

LISTED = "v1.36.3 v1.37.2 v1.37.3 v1.38.0-rc.1 v1.31.15"


def client(served: dict[str, str]) -> Callable[..., str]:
    """Return a Go client that knows these answers by the end of what is typed."""

    def go(*arguments: str) -> str:
        if arguments[-1] not in served:
            raise Failed("403 Forbidden")
        return served[arguments[-1]]

    return go


@pytest.mark.parametrize(
    ("wrapper", "old", "new"),
    [
        ("kube", "v1.37.2", "v1.37.3"),
        ("kube", "v1.38.0", "v1.38.0"),
        ("kube-1.31", "v1.31.14", "v1.31.15"),
        ("kube-1.35", "v1.35.4", "v1.35.4"),
    ],
)
def test_the_newest_release_of_a_list(wrapper: str, old: str, new: str) -> None:
    """No candidate, nothing older than what is pinned, and of a line its patches only."""
    assert newest.newest("k8s.io/x", old, wrapper, client({"k8s.io/x": LISTED})) == new


@pytest.mark.parametrize(
    ("served", "new"),
    [((), "v2.3.4"), (("v2.3.5",), "v2.3.5"), (("v2.3.5", "v2.4.0", "v2.4.2"), "v2.4.2")],
)
def test_the_newest_release_where_none_is_listed(served: tuple[str, ...], new: str) -> None:
    """The next patches and the next minor are asked for one by one."""
    go = client({f"example.org/core@{version}": version for version in served})
    assert newest.newest("example.org/core", "v2.3.4", "core", go) == new


def test_modules_of_one_release_move_together() -> None:
    """Kubernetes tags its staging modules with another major version; what is apart stays."""
    pins = {
        "Require": [
            {"Path": "k8s.io/kubernetes", "Version": "v1.37.2"},
            {"Path": "k8s.io/kubectl", "Version": "v0.37.2"},
            {"Path": "go.etcd.io/etcd/server/v3", "Version": "v3.7.3"},
        ],
        "Replace": [
            {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "k8s.io/api", "Version": "v0.37.2"}},
            {"Old": {"Path": "example.org/empty"}, "New": {"Path": "./empty"}},
        ],
    }
    along = newest.moved("k8s.io/kubernetes", "v1.37.2", "v1.37.3")
    assert newest.edits(pins, along) == [
        "-require=k8s.io/kubernetes@v1.37.3",
        "-require=k8s.io/kubectl@v0.37.3",
        "-replace=k8s.io/api=k8s.io/api@v0.37.3",
    ]
    assert newest.edits({}, along) == []


def test_what_differs_from_the_lock_is_listed() -> None:
    """An upgrade, a package that is new, and one that is gone."""
    locked = {line.split(" ")[0]: line.split(" ")[1] for line in release.newer({})}
    assert locked["pydantic"]
    same = {name: version for name, version in locked.items() if name not in ("click", "mypy")}
    assert release.newer({**same, "click": "99", "brand-new": "1", "pip": "99"}) == [
        "brand-new not locked -> 1",
        f"click {locked['click']} -> 99",
        f"mypy {locked['mypy']} -> not installed",
    ]
