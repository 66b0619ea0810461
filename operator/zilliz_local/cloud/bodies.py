"""Reading nested request bodies. As at the top level, "", null and empty objects count as absent."""

from .answers import bad_request
from .routes import present

Body = dict[str, object]


def section(given: Body, name: str) -> Body:
    """An object inside the body; {} if it is absent. Problem: something else than an object."""
    found = given.get(name, {})
    if not isinstance(found, dict):
        raise bad_request(f"{name} must be an object")
    return present(found)


def sections(given: Body, name: str) -> list[Body]:
    """A list of objects. Problem: something else."""
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise bad_request(f"{name} must be a list of objects")
    return [present(item) for item in found]


def text(given: Body, *names: str, default: str = "") -> str:
    """The first of these spellings that is there."""
    return next((str(given[name]) for name in names if name in given), default)


def need(given: Body, name: str, where: str = "") -> str:
    """A text that must be there; `where` names the object around it."""
    if name not in given:
        raise bad_request(f"{where + '.' if where else ''}{name} is missing")
    return str(given[name])


def whole(given: Body, name: str, most: int) -> int | None:
    """A number from 1 to `most`; None if it is absent."""
    found = given.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= most:
        raise bad_request(f"{name} must be a whole number from 1 to {most}")
    return found


def one_of(given: Body, name: str, words: tuple[str, ...], default: str = "") -> str:
    """One of a few words. Problem: another one, or none where there is no default."""
    found = text(given, name, default=default)
    if found not in words:
        raise bad_request(f"{name} must be one of {', '.join(words)}, not {found or 'missing'}")
    return found
