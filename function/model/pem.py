"""Read certificates in PEM form."""

import functools


@functools.lru_cache(maxsize=64)
def are_certificates(value: str) -> str:
    """Return what is wrong with certificates: OpenSSL has to read every one of them."""
    import ssl  # noqa: PLC0415  # most orders hold none, and it takes as long as the whole model

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=value)
    except (ssl.SSLError, ValueError):
        return "holds text that is no certificate; copy them again"
    return ""
