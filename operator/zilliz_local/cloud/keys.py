"""API keys and what they may see. Only fingerprints are kept: no dump, ledger or log can leak a key."""

import hashlib
from dataclasses import dataclass


def fingerprint(key: str) -> str:
    """Short and one-way: enough to tell keys apart in a ledger."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Key:
    """One valid API key. `projects` None means the whole organisation."""

    fingerprint: str
    projects: frozenset[str] | None = None

    def may_see(self, project_id: str) -> bool:
        """Whether the key has rights in this project."""
        return self.projects is None or project_id in self.projects


class KeyRing:
    """The keys that are valid now."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def add(self, key: str, projects: frozenset[str] | None = None) -> Key:
        """Make a key valid (again), for some projects or for all."""
        entry = Key(fingerprint(key), projects)
        self._keys[entry.fingerprint] = entry
        return entry

    def revoke(self, key_or_fingerprint: str) -> None:
        """The key stops working at once. Unknown keys are ignored."""
        self._keys.pop(key_or_fingerprint, None)
        self._keys.pop(fingerprint(key_or_fingerprint), None)

    def find(self, authorization: str | None) -> Key | None:
        """The key of an `Authorization: Bearer ...` header, if it is valid."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None
        return self._keys.get(fingerprint(key.strip()))

    @staticmethod
    def is_malformed(authorization: str | None) -> bool:
        """Whether the header holds nothing that could be a key."""
        scheme, _, key = (authorization or "").partition(" ")
        return scheme.lower() != "bearer" or not key.strip() or any(sign.isspace() for sign in key.strip())

    def all(self) -> list[Key]:
        """Every valid key."""
        return list(self._keys.values())
