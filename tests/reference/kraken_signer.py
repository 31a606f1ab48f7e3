"""Kraken's signature step by step, HMAC from its definition."""

import base64
import hashlib


def signature(secret: str, path: str, nonce: int, body: bytes) -> str:
    key = base64.b64decode(secret)
    block = (key if len(key) <= 128 else hashlib.sha512(key).digest()).ljust(128, b"\0")
    message = path.encode() + hashlib.sha256(str(nonce).encode() + body).digest()
    inner = hashlib.sha512(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return base64.b64encode(hashlib.sha512(bytes(byte ^ 0x5C for byte in block) + inner).digest()).decode()
