"""Which form of an answer a client wants, from its Accept header. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """`shape` is Table, PartialObjectMetadata or empty for the object itself."""

    shape: str = ""
    discovery: str = ""


def wanted_form(accept: str) -> Form | None:
    """The first form on offer that this API has; None when there is none (406)."""
    if not accept:
        return Form()
    for offer in accept.split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in ("application/json", "application/*", "*/*"):
            continue
        shape = given.get("as", "")
        if shape == "APIGroupDiscoveryList" and given.get("v") in ("v2", "v2beta1"):
            return Form(discovery=given["v"])
        if shape in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            if given.get("v", "v1") == "v1":
                return Form(shape.removesuffix("List"))
            continue
        if not shape:
            return Form()
    return None
