"""A client generated from our OpenAPI document orders from a real API server."""

import ssl
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.site import TENANT
from testbed.waiting import until
from tests import asking, clients

from .lives import COLLECTED_SECONDS, SECONDS
from .planes import Plane

pytestmark = pytest.mark.e2e

OK, CREATED, FORBIDDEN, NOT_FOUND, INVALID = 200, 201, 403, 404, 422
KIND = "Network"


@dataclass(frozen=True)
class Client:
    """The generated client, as a tenant."""

    connection: Any

    def call(self, verb: str, *path: str, **arguments: Any) -> Any:
        """Send a request, and return the response with its parsed body."""
        operation = clients.module(f"api.{KIND.lower()}.{verb}_{KIND.lower()}")
        return operation.sync_detailed(TENANT, *path, client=self.connection, **arguments)


@pytest.fixture(scope="module", autouse=True)
def _package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Generate the client."""
    target = tmp_path_factory.mktemp("client") / "client"
    clients.generate(target)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(target))
        yield


@pytest.fixture
def client(plane: Plane) -> Iterator[Client]:
    """Connect as the tenant, by certificate."""
    identity = plane.site.identity("tenant")
    tls = ssl.create_default_context(cafile=str(identity / "ca.crt"))
    tls.load_cert_chain(identity / "tls.crt", identity / "tls.key")
    made = clients.module("client").Client(base_url=plane.site.url, verify_ssl=tls)
    with made as connection:
        yield Client(connection)


def test_an_order_from_creation_to_deletion(client: Client) -> None:
    """Create, wait, list, apply, patch and delete, each answer read by its type."""
    name = f"client-{uuid.uuid4().hex[:8]}"
    manifest = asking.order("network/minimal")
    manifest["metadata"] = {"name": name, "namespace": TENANT}
    order = clients.model(KIND).from_dict(manifest)

    created = client.call("create", body=order)
    assert (created.status_code, created.parsed.spec.cidr) == (CREATED, order.spec.cidr)
    assert client.call("create", body=order).status_code == 409  # it exists

    def accepted() -> bool:
        status = client.call("read", name).parsed.status
        conditions = {one.type_: one for one in status.conditions or ()} if status else {}
        return "Accepted" in conditions and conditions["Accepted"].status.value == "True"

    until(accepted, seconds=SECONDS, what="an accepted order")
    assert name in [one.metadata.name for one in client.call("list").parsed.items]

    bad = clients.model("MergePatch").from_dict({"spec": {"cidr": "not a network"}})
    refused = client.call("patch", name, body=bad)
    assert (refused.status_code, refused.parsed.reason) == (INVALID, "Invalid")

    protected = client.call("delete", name)
    assert (protected.status_code, protected.parsed.reason) == (FORBIDDEN, "Forbidden")
    assert "it is protected" in protected.parsed.message

    order.spec.deletion_protection = False
    applied = client.call("patch", name, body=order, field_manager="client", force=True)
    assert (applied.status_code, applied.parsed.spec.deletion_protection) == (OK, False)
    assert client.call("delete", name).status_code in (OK, 202)
    until(
        lambda: client.call("read", name).status_code == NOT_FOUND,
        seconds=COLLECTED_SECONDS,
        what="deletion",
    )
