"""Other clients who do the same thing at the same moment: what makes "is it mine?" hard to answer."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from .camel import Camel
from .ledger import Client


class Ambush(Camel):
    """When a matching submission comes, another client makes an identical one."""

    route: str
    """Glob over route names of submissions, such as "import.create"."""
    when: Literal["before", "after"] = "after"
    client: Client = "rival"
    times: int = 1


@dataclass(slots=True)
class Rivals:
    """The ambushes that are laid."""

    ambushes: list[Ambush]

    def __init__(self) -> None:
        self.ambushes = []

    def lay(self, ambush: Ambush) -> None:
        """Wait for a matching submission."""
        self.ambushes.append(ambush)

    def spring(self, route: str) -> list[Ambush]:
        """The ambushes that this submission sets off; each is used up after its `times`."""
        sprung = [ambush for ambush in self.ambushes if fnmatchcase(route, ambush.route)]
        self.ambushes = [
            ambush.model_copy(update={"times": ambush.times - 1}) if ambush in sprung else ambush
            for ambush in self.ambushes
            if ambush not in sprung or ambush.times > 1
        ]
        return sprung
