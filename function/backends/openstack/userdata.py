"""Combine a tenant's user data with public keys, in every form that cloud-init reads.

cloud-init reads a part by its type, or finds the type by how the text begins, and merges each
cloud-config into those before it, as the later one says. So the keys come last, in a part that
appends: whatever the tenant's parts say of keys stays.
"""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import yaml

# The compute service takes this many characters of base64.
LONGEST = 65535
# Prefixes by which cloud-init detects the type of text, after white space and in any case
# (handlers/__init__.py, 22.4).
TYPES = {
    "#!": "x-shellscript",
    "#cloud-boothook": "cloud-boothook",
    "#cloud-config": "cloud-config",
    "#cloud-config-archive": "cloud-config-archive",
    "#cloud-config-jsonp": "cloud-config-jsonp",
    "#include": "x-include-url",
    "#include-once": "x-include-once-url",
    "#part-handler": "part-handler",
    "## template: jinja": "jinja2",
}
# cloud-init treats text that has this near its beginning as a MIME message.
_MIME, _BEGINNING = "mime-version:", 4096
_GZIP = b"\x1f\x8b"
_LARGEST_UNPACKED = 1024 * 1024
_BOUNDARY = "scs-central-api-part"
_MERGE = "merge_how: [{name: list, settings: [append]}, {name: dict, settings: [recurse_list]}]"
_IGNITION = (
    "is Ignition's, which takes nothing beside it: order one of spec.sshKeys, and write the others "
    "into the user data"
)
_DAMAGED = "is compressed, and cannot be unpacked to at most 1 MiB"


def combined(text: str, keys: tuple[str, ...]) -> str:
    """Return user data with SSH keys added to those that it contains itself.

    Args:
        text: The tenant's user data, as text or as base64, compressed or not; empty if none.
        keys: The keys to add; if empty, the text is returned unchanged.
    """
    if not keys:
        return text
    content, is_packed = _unpacked(text)
    parts = [*_tenants(content), _keys(keys)]
    message = MIMEMultipart(boundary=_boundary(content))
    for part in parts:
        message.attach(part)
    whole = message.as_string()
    if is_packed and encoded_size(whole) > LONGEST:
        return base64.b64encode(gzip.compress(whole.encode(), mtime=0)).decode()
    return whole


def encoded_size(text: str) -> int:
    """Return the length of the text in base64; text that is base64 already is not re-encoded."""
    if _decoded(text) is not None:
        return len(text)
    return -(-len(text.encode()) // 3) * 4


def problem(text: str, keys: tuple[str, ...]) -> str:
    """Return why no server could read the user data with these keys added; empty if it can."""
    content, _ = _unpacked(text)
    if isinstance(content, bytes) and content.startswith(_GZIP):
        return _DAMAGED
    if keys and _is_ignition(content):
        return _IGNITION
    size = encoded_size(combined(text, keys))
    if size > LONGEST:
        return f"{size} characters of base64 with all keys, at most {LONGEST} are accepted"
    return ""


def is_unknown(text: str) -> bool:
    """Return whether the user data has no format that a known reader of user data uses."""
    content, _ = _unpacked(text)
    if isinstance(content, bytes) or not content:
        return bool(content)
    is_message = _MIME in content[:_BEGINNING].lower()
    return not (is_message or _is_ignition(content) or part_type(content) != "plain")


def _unpacked(text: str) -> tuple[str | bytes, bool]:
    """Return the unpacked content, as text where possible, and whether it was compressed."""
    data = _decoded(text)
    if data is None:
        return text, False
    unzipped = _gunzipped(data) if data.startswith(_GZIP) else None
    content = data if unzipped is None else unzipped
    try:
        return content.decode(), unzipped is not None
    except UnicodeDecodeError:
        return content, unzipped is not None


def _decoded(text: str) -> bytes | None:
    """Return the bytes that a base64 text encodes; None for any other text.

    This follows gophercloud, which provider-openstack uses to call the compute service.
    """
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _gunzipped(packed: bytes) -> bytes | None:
    """Return the unpacked content; None if it is damaged or too large to unpack."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(packed, _LARGEST_UNPACKED)
    except zlib.error:
        return None
    return data if unpacker.eof else None


def _tenants(content: str | bytes) -> Iterator[Message]:
    """Yield the parts of the tenant's user data, each with the type it would have on its own."""
    if isinstance(content, bytes):
        yield MIMEApplication(content, "x-unknown")
        return
    if not content:
        return
    if _MIME in content[:_BEGINNING].lower():
        yield message_from_string(content)
        return
    yield _text(content, part_type(content))


def part_type(text: str) -> str:
    """Return the MIME subtype that cloud-init assigns to text; it inspects plain text itself."""
    beginning = text.lstrip().lower()
    known = sorted(TYPES, key=len, reverse=True)
    return next((TYPES[prefix] for prefix in known if beginning.startswith(prefix)), "plain")


def _is_ignition(text: str | bytes) -> bool:
    if isinstance(text, bytes) or not text.lstrip().startswith("{"):
        return False
    try:
        return "ignition" in json.loads(text)
    except (ValueError, RecursionError):
        return False


def _keys(keys: tuple[str, ...]) -> Message:
    listed = yaml.safe_dump({"ssh_authorized_keys": list(keys)}, width=4096)
    return _text(f"#cloud-config\n{_MERGE}\n{listed}", "cloud-config")


def _text(text: str, kind: str) -> Message:
    # Without base64, other line endings would not be preserved.
    is_plain = text.isascii() and "\r" not in text
    return MIMEText(text, kind, "us-ascii" if is_plain else "utf-8")


def _boundary(content: str | bytes) -> str:
    """Return a boundary that does not occur in the content, the same for the same content."""
    boundary = _BOUNDARY
    while isinstance(content, str) and boundary in content:
        boundary += "-"
    return boundary
