"""A generated client has every kind, with types for what an order holds."""

import pytest

from function.model import KINDS
from tests import asking, clients


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Generate the client, and give what the generator printed."""
    target = tmp_path_factory.mktemp("client") / "client"
    with pytest.MonkeyPatch.context() as patch:
        text = clients.generate(target)
        patch.syspath_prepend(str(target))
        for kind in KINDS:
            clients.model(kind)
    return text


def test_the_generator_has_no_complaints(printed: str) -> None:
    """Nothing of the document is dropped, which the generator would only warn of."""
    assert "WARNING" not in printed
    assert "Unsupported" not in printed
    assert "removal" not in printed


@pytest.mark.usefixtures("printed")
@pytest.mark.parametrize("path", asking.ORDERS)
def test_orders_are_typed(path: str) -> None:
    """An example goes through the client's models without losing anything."""
    manifest = asking.order(path)
    order = clients.model(manifest["kind"]).from_dict(manifest)
    assert order.to_dict() == manifest
    assert type(order.spec).__name__ == f"{manifest['kind']}Spec"
    assert order.spec.additional_properties == {}


@pytest.mark.usefixtures("printed")
@pytest.mark.parametrize("kind", KINDS)
def test_status_is_typed(kind: str) -> None:
    """Phase and conditions are read by name."""
    condition = {
        "type": "Accepted",
        "status": "False",
        "reason": "InvalidOrder",
        "lastTransitionTime": "2026-11-27T00:00:00+00:00",
    }
    reported = {"phase": "Ready", "conditions": [condition]}
    status = clients.model(f"{kind}Status").from_dict(reported)
    assert status.phase.value == "Ready"
    assert [one.reason for one in status.conditions] == ["InvalidOrder"]
    assert status.to_dict() == reported
