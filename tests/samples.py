"""Hold values that are what they say: whole public keys, and certificates that can be read."""

import base64
import hashlib


def public_key(name: str) -> str:
    """Return a public key in one line, another one for each name."""
    parts = (b"ssh-ed25519", hashlib.sha256(name.encode()).digest())
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}"


# Of two authorities made for these tests, valid for a hundred years; nobody has their keys.
CERTIFICATES = (
    """\
-----BEGIN CERTIFICATE-----
MIIBMjCB2qADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWF1dGhvcml0
eSBvbmUwIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMBgxFjAUBgNV
BAMMDWF1dGhvcml0eSBvbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASh2zqb
BFt7/KaU4ECKrlj4IUvsQ6xU2i0R8K3EFSEHp/eCNpgTzyY5uUxqEGoJ0SkD4+tq
eGmpFTNU4KEUP3w+oxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA
MEQCIDTgeKvh8v6G7TmjiiuJ5JtzNgtLXzMIESosQ8qYrvkbAiAX4M5POkZOSfQb
LjSEOU9fyQWXMjFTxdU/4z6vR9sL+Q==
-----END CERTIFICATE-----
""",
    """\
-----BEGIN CERTIFICATE-----
MIIBNDCB2qADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWF1dGhvcml0
eSB0d28wIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMBgxFjAUBgNV
BAMMDWF1dGhvcml0eSB0d28wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASPgqo8
wtwIzDwueWDpg64uwPyqldkGnlXhUstzcC+xwFoH56mQsFvQ1B+kGWPQfJZtfoW3
o/vKlI095IG+j7v8oxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kA
MEYCIQDagCxSySJx5ae6cXngaEmnGFsUhSfkK6ycHiNqG5mitAIhAL+XQZy1WfAp
bhGsDPkuv5gHfm049XZH3UZ2ll9sTaLD
-----END CERTIFICATE-----
""",
)
