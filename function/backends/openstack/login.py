"""Render who may log in: a key pair, and user data with what a key pair cannot hold."""

from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import yaml

from function import names
from function.backends.openstack.keys import COMPUTE, KEYPAIR, SERVER
from function.backends.openstack.stack import Stack
from function.contract import Resource
from function.errors import InvalidOrder, Problem
from function.model import ServerSpec

# The compute service takes 65535 characters of base64.
LONGEST = 65535 // 4 * 3


def render_keypair(stack: Stack[ServerSpec]) -> list[Resource]:
    """Return the key pair of the first key; see `user_data` for the others."""
    order = stack.order
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
            payload=payload | stack.kept(KEYPAIR, *payload),
            ready=bool(stack.id(KEYPAIR)),
        )
    ]


def check_user_data(stack: Stack[ServerSpec]) -> None:
    """Refuse user data that the compute service would refuse, and that could not change then.

    Raises:
        InvalidOrder: They are too long; those of servers that stand were taken.
    """
    if any(key.startswith(SERVER) and stack.live(key) for key in stack.observed):
        return
    size = len(user_data(stack.order.spec).encode())
    if size > LONGEST:
        text = f"{size} bytes with all keys but the first, at most {LONGEST} are accepted"
        raise InvalidOrder(Problem("spec.userData", text))


def user_data(spec: ServerSpec) -> str:
    """Return the user data, with the keys that the key pair cannot hold.

    A key pair holds one key. More go into a cloud-config part before the tenant's own; the
    boundary is fixed, because user data can never change.
    """
    if len(spec.ssh_keys) < 2:  # noqa: PLR2004  # the key pair holds the first
        return spec.user_data or ""
    keys = yaml.safe_dump({"ssh_authorized_keys": list(spec.ssh_keys)}, width=4096)
    merge = "merge_how: [{name: list, settings: [append]}, {name: dict, settings: [recurse_list]}]"
    parts = [("cloud-config", f"#cloud-config\n{merge}\n{keys}")]
    if spec.user_data:
        parts.append((_part_type(spec.user_data), spec.user_data))
    message = MIMEMultipart(boundary="scs-central-api-part")
    for kind, text in parts:
        message.attach(MIMEText(text, kind, "utf-8" if not text.isascii() else "us-ascii"))
    return message.as_string()


def _part_type(text: str) -> str:
    """Return the subtype by which cloud-init knows a part; it looks into plain text itself."""
    first = text.partition("\n")[0]
    if first.startswith("#cloud-config"):
        return "cloud-config"
    return "x-shellscript" if first.startswith("#!") else "plain"
