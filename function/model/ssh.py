"""Read public keys of SSH: the blob of a key says its own type and length (RFC 4253, 6.6)."""

import base64
import binascii

_LEAST_RSA_BITS = 1024
_POINT = b"\x04"
# Size in bytes of a coordinate, by curve (RFC 5656).
_CURVES = {"nistp256": 32, "nistp384": 48, "nistp521": 66}
_ED25519 = 32
BROKEN = "is cut off or damaged: its content is not that of a whole key; copy it again"


def is_public_key(value: str) -> str:
    """Return what is wrong with a public key in one line; never any part of it."""
    kind, _, rest = value.partition(" ")
    try:
        blob = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        return BROKEN
    parts = _parts(blob)
    if not parts:
        return BROKEN
    if parts[0] != kind.encode():
        return "says another type in its content than before it; copy the key again"
    return "" if _is_whole(kind, parts[1:]) else BROKEN


def _parts(blob: bytes) -> list[bytes]:
    """Return the strings in a blob, each behind its length; nothing if one is cut off."""
    strings: list[bytes] = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            return []
        strings.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return strings


def _is_whole(kind: str, parts: list[bytes]) -> bool:
    """Say whether the parts after the type are those of a key; of unknown types, if there are."""
    match kind.partition("@")[0], parts:
        case "ssh-rsa", [exponent, modulus]:
            return bool(exponent) and int.from_bytes(modulus, "big").bit_length() >= _LEAST_RSA_BITS
        case "ssh-ed25519", [key]:
            return len(key) == _ED25519
        case "sk-ssh-ed25519", [key, application]:
            return len(key) == _ED25519 and bool(application)
        case name, [curve, point] if name.startswith("ecdsa-sha2-"):
            return name == f"ecdsa-sha2-{curve.decode('latin-1')}" and _is_point(curve, point)
        case "sk-ecdsa-sha2-nistp256", [curve, point, application]:
            return curve == b"nistp256" and _is_point(curve, point) and bool(application)
        case (("ssh-rsa" | "ssh-ed25519" | "sk-ssh-ed25519" | "sk-ecdsa-sha2-nistp256"), _):
            return False
        case name, _ if name.startswith("ecdsa-sha2-") and "cert" not in name:
            return False
    return bool(parts)


def _is_point(curve: bytes, point: bytes) -> bool:
    size = _CURVES.get(curve.decode("latin-1"), 0)
    return point[:1] == _POINT and len(point) == 1 + 2 * size
