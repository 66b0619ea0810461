"""Is a write about the object that is stored? Names, versions, uids, preconditions. Pure.

A write that raced with another one ends here with 409.
"""

from zilliz_local.kube.builtin import NAMESPACES
from zilliz_local.kube.options import DeleteOptions
from zilliz_local.kube.record import Body, Record
from zilliz_local.kube.refusal import Cause, bad_request, conflict, invalid
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.validation import wrong

OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"


def check_identity(resource: Resource, old: Record, meta: Body) -> None:
    """Refuse an update whose metadata is another object's, or of another version."""
    if meta.get("name") != old.name:
        words = f"the name of the object ({meta.get('name')}) does not match the name on the URL ({old.name})"
        raise bad_request(words)
    if meta.get("namespace", old.namespace) != old.namespace:
        raise bad_request(OTHER_NAMESPACE)
    given = meta.get("resourceVersion")
    if given and given != str(old.version):
        raise conflict(resource.group, resource.plural, old.name)


def check_version_given(resource: Resource, name: str, meta: Body) -> None:
    """A PUT of a custom resource, a lease or a CRD must say which version it replaces."""
    if resource.unconditional or meta.get("resourceVersion"):
        return
    words = "Invalid value: 0: must be specified for an update"
    cause = Cause("metadata.resourceVersion", "FieldValueInvalid", words)
    raise invalid(resource.group, resource.plural, name, [cause])


def moved(old: Body, new: Body) -> list[Cause]:
    """Server-owned metadata that an update tries to change; leaving it out is fine."""
    return [
        wrong(f"metadata.{name}", new[name], "field is immutable")
        for name in ("uid", "deletionTimestamp")
        if new.get(name) not in (None, old.get(name))
    ]


def check_replaced(resource: Resource, old: Record, meta: Body) -> None:
    """A PUT with another uid means an object that is gone: 409."""
    given, uid = meta.get("uid"), old.meta["uid"]
    if given and given != uid:
        words = f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}"
        raise conflict(resource.group, resource.plural, old.name, words)


def check_preconditions(resource: Resource, old: Record, options: DeleteOptions) -> None:
    """Refuse a deletion of another object or version than the one asked for."""
    uid, version = old.meta["uid"], str(old.version)
    if options.uid and options.uid != uid:
        words = f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
        words += "The object might have been deleted and then recreated"
    elif options.version and options.version != version:
        words = f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion "
        words += f"in record ({version}). The object might have been modified"
    else:
        return
    kind = resource.plural if resource.key == NAMESPACES else resource.kind
    raise conflict(resource.group, kind, old.name, words)
