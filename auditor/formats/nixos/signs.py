"""Whether a .nix file may say something about a firewall: asked of its bytes, before anything is parsed."""

from __future__ import annotations

from auditor.files import Tree, Unreadable

_SIGNS = (b"networking", b"openssh", b"openFirewall", b"nixosConfigurations")


def telling(tree: Tree, path: str) -> bool:
    """Whether the file has one of the words; what cannot be read has to be told, and counts."""
    try:
        data = tree.read_bytes(path)
    except Unreadable:
        return True
    return b"\0" in data or any(sign in data for sign in _SIGNS)
