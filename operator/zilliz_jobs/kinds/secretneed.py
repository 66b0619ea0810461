"""What a job needs of a Secret that its spec names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from zilliz_jobs.cloud.azure import is_account_name


@dataclass(frozen=True)
class SecretNeed:
    """A Secret that a spec names, and the keys it must and may have. `instead`: keys that do as well as all of
    `required`. `in_azure`: it opens an Azure Blob Storage, where `accessKey` is the name of the storage account."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    in_azure: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys whose values may be read and sent; others of the Secret are left alone."""
        return (*self.required, *self.instead, *self.optional)

    def is_name(self, key: str, value: str) -> bool:
        """Whether the value is a name, which is shown, and no secret. What cannot be the name of a storage account,
        one of its keys in the wrong place say, is none."""
        return key == "username" or (key == "accessKey" and self.in_azure and is_account_name(value))

    def lacks(self, present: Collection[str]) -> str:
        """What has to be added to a Secret with values under these keys, in words; empty for nothing."""
        missing = [key for key in self.required if key not in present]
        if not missing or (self.instead and all(key in present for key in self.instead)):
            return ""
        if self.instead:
            one, other = " and ".join(self.required), " and ".join(self.instead)
            return f"Secret {self.name} has neither {one} nor {other}; add the one or the other"
        return f"Secret {self.name} has no key {missing[0]}; add it"
