"""Render who may log in: a key pair, and user data with what a key pair cannot hold."""

from function import names
from function.backends.openstack import userdata
from function.backends.openstack.effective import ServerContext
from function.backends.openstack.keys import COMPUTE, KEYPAIR, SERVER
from function.contract import Remark, Resource
from function.errors import InvalidOrder, Problem
from function.model import ServerSpec

_FIELD = "spec.userData"


def render_keypair(context: ServerContext) -> list[Resource]:
    """Return the key pair of the first key; see `user_data` for the others."""
    order = context.order
    if not order.spec.ssh_keys:
        return []
    payload = {
        "name": names.keypair(order.tenant, order.name),
        "publicKey": order.spec.ssh_keys[0],
    }
    return [
        Resource(
            key=KEYPAIR,
            family=COMPUTE,
            kind="KeypairV2",
            payload=payload | context.live.retained(KEYPAIR, *payload),
            ready=bool(context.live.id(KEYPAIR)),
        )
    ]


def check_user_data(context: ServerContext) -> None:
    """Refuse user data that servers could not read, because it cannot be changed afterwards.

    Raises:
        InvalidOrder: It is too long, or in a format that SSH keys cannot be merged into. User
            data of existing servers was accepted before and is not checked again.
    """
    if any(key.startswith(SERVER) and context.live.find(key) for key in context.live.observed):
        return
    spec = context.order.spec
    text = userdata.problem(spec.user_data or "", _beside(spec))
    if text:
        raise InvalidOrder(Problem(_FIELD, text))


def notes(context: ServerContext) -> tuple[Remark, ...]:
    """Return a note to the tenant about user data in a format unknown to cloud-init."""
    text = context.order.spec.user_data
    if not text or not userdata.is_unknown(text):
        return ()
    return (Remark(_FIELD, "is in no form that cloud-init knows, and may have no effect"),)


def user_data(spec: ServerSpec) -> str:
    """Return the user data, with every SSH key if the key pair cannot hold all of them.

    A key pair holds one key. User data is rendered once: a server keeps what it was built with.
    """
    return userdata.combined(spec.user_data or "", _beside(spec))


def _beside(spec: ServerSpec) -> tuple[str, ...]:
    """Return the SSH keys that user data has to contain."""
    return spec.ssh_keys if len(spec.ssh_keys) > 1 else ()
