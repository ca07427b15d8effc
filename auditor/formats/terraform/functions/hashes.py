"""Hashes of text, in UTF-8."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.functions.signature import TEXT, Function
from auditor.formats.terraform.types import STRING
from auditor.formats.terraform.values import Value, string


def hashed(function: str, data: bytes) -> str:
    """What `md5`, `base64sha256`, … give for `data`."""
    digest = hashlib.new(function.removeprefix("base64"), data, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode() if function.startswith("base64") else digest.hex()


def _of_text(name: str) -> Function:
    return Function(lambda text: string(hashed(name, str(text.raw).encode())), (TEXT,), STRING)


def _uuidv5(namespace: Value, name: Value) -> Value:
    import uuid

    known = {"dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID, "x500": uuid.NAMESPACE_X500}
    text = str(namespace.raw)
    try:
        return string(str(uuid.uuid5(known.get(text) or uuid.UUID(text), str(name.raw))))
    except ValueError:
        raise Refused(f"{text!r} is no namespace", namespace.place) from None


FUNCTIONS: Mapping[str, Function] = {
    **{name: _of_text(name) for name in ("md5", "sha1", "sha256", "sha512", "base64sha256", "base64sha512")},
    "uuidv5": Function(_uuidv5, (TEXT, TEXT), STRING),
}
