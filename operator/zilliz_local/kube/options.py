"""The options of a write, as the query or a DeleteOptions body gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zilliz_local.kube.refusal import Cause, RefusalError, invalid
from zilliz_local.kube.validation import show

DIRECTIVES = ("Ignore", "Strict", "Warn")


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`directive` is fieldValidation; a dry run checks everything and stores nothing."""

    directive: str = "Warn"
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """`uid` and `version` are preconditions, empty when not asked for."""

    uid: str = ""
    version: str = ""
    orphan: bool = False
    foreground: bool = False
    unsaid: bool = True
    """No policy is named, so the resource's own holds."""
    at_once: bool = False
    """Without the time that a pod has for its end."""
    dry_run: bool = False


def write_options(query: Mapping[str, str], kind: str) -> WriteOptions:
    """`kind` is CreateOptions, UpdateOptions or PatchOptions."""
    directive = query.get("fieldValidation") or "Warn"
    if directive not in DIRECTIVES:
        words = f'Unsupported value: {show(directive)}: supported values: "", "Ignore", "Strict", "Warn"'
        raise _unsupported(kind, "fieldValidation", words)
    return WriteOptions(directive, _dry(query.get("dryRun"), kind))


def delete_options(query: Mapping[str, str], body: Any) -> DeleteOptions:
    """The body wins over the query, as in the real server."""
    given = body if isinstance(body, dict) else {}
    preconditions = given.get("preconditions") or {}
    named = given.get("propagationPolicy") or query.get("propagationPolicy")
    policy, orphans = named or "Background", given.get("orphanDependents")
    if policy not in ("Background", "Foreground", "Orphan"):
        words = f'Unsupported value: {show(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"'
        raise _unsupported("DeleteOptions", "propagationPolicy", words)
    dry = given.get("dryRun") or []
    return DeleteOptions(
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
        orphan=policy == "Orphan" or bool(orphans),
        foreground=policy == "Foreground",
        unsaid=not named and orphans is None,
        at_once=str(given.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))) == "0",
        dry_run=_dry(dry[0] if dry else query.get("dryRun"), "DeleteOptions"),
    )


def _dry(value: str | None, kind: str) -> bool:
    if value not in (None, "", "All"):
        raise _unsupported(kind, "dryRun", f'Unsupported value: {show([value])}: supported values: "All"')
    return value == "All"


def _unsupported(kind: str, field: str, words: str) -> RefusalError:
    return invalid("meta.k8s.io", kind, "", [Cause(field, "FieldValueNotSupported", words)])
