"""Where bytes may go unencrypted: nowhere but this machine. TLS is always verified and cannot be switched off."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit

SECURE = {"http": False, "https": True, "ws": False, "wss": True}
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client context that checks certificate and host name.

    ca_file: a further authority to trust (a private proxy's); checking stays on.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def is_loopback(host: str) -> bool:
    """Whether the host names this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_url(url: str, schemes: tuple[str, ...]) -> tuple[bool, str, int, str]:
    """Split a base address into (secure, host, port, path).

    Raises ValueError when the scheme is none of `schemes`, the host is missing, or a plain-text scheme would leave
    this machine (requests carry keys and signatures).
    """
    # What follows the question mark may be a key.
    shown = url.partition("?")[0]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"address {shown!r}: {error}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"address {shown!r}: expected {' or '.join(scheme + '://' for scheme in schemes)}")
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError(f"address {shown!r}: expected {parts.scheme}://host[:port][/path]")
    if not SECURE[parts.scheme] and not is_loopback(parts.hostname):
        raise ValueError(
            f"address {shown!r}: plain text is allowed to this machine only; use {parts.scheme}s:// for another host"
        )
    return SECURE[parts.scheme], parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/")
