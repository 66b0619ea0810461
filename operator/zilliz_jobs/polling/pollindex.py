"""Who is looked at with one key at one endpoint: by name, and by the row of a list that shows him."""

from __future__ import annotations

from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.control.objects import Key
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.pollplan import Shelf
from zilliz_jobs.polling.tracked import Followed


class Book:
    """Plain tables, one event loop."""

    def __init__(self) -> None:
        self.followed: dict[Key, Followed] = {}
        self.shelves: dict[ListId, Shelf] = {}
        self.readers: dict[ListId, Account] = {}
        """With whose session a list is read: sessions of one key differ in what they may use."""
        self._by_row: dict[tuple[ListId, str], Key] = {}

    def add(self, entry: Followed, account: Account) -> None:
        look = entry.look
        self.followed[look.key] = entry
        if look.list_id is not None:
            shelf = self.shelf(look.list_id, account)
            shelf.members.add(look.key)
            shelf.demand += 1 / look.interval
            self._by_row[look.list_id, entry.row_id] = look.key

    def remove(self, key: Key) -> None:
        entry = self.followed.pop(key, None)
        list_id = entry.look.list_id if entry else None
        if entry is None or list_id is None:
            return
        shelf = self.shelves[list_id]
        shelf.members.discard(key)
        shelf.demand = max(0.0, shelf.demand - 1 / entry.look.interval) if shelf.members else 0.0
        if self._by_row.get((list_id, entry.row_id)) == key:
            del self._by_row[list_id, entry.row_id]
        self.tidy(shelf)

    def recorded(self, entry: Followed, interval: float, due: float) -> None:
        """What was told of the job is stored; look at it again."""
        look = entry.look
        if look.list_id is not None:
            self.shelves[look.list_id].demand += 1 / interval - 1 / look.interval
        look.interval, look.due, look.busy = interval, due, False

    def is_current(self, entry: Followed) -> bool:
        return self.followed.get(entry.look.key) is entry

    def on_row(self, list_id: ListId, row_id: str) -> Followed | None:
        key = self._by_row.get((list_id, row_id))
        return self.followed.get(key) if key else None

    def shelf(self, list_id: ListId, account: Account) -> Shelf:
        self.readers[list_id] = account
        if list_id not in self.shelves:
            self.shelves[list_id] = Shelf(list_id)
        return self.shelves[list_id]

    def tidy(self, shelf: Shelf) -> None:
        """Nobody is looked at through a list that nobody waits for: it is not kept."""
        if not shelf.members and not shelf.wanted and not shelf.running:
            self.shelves.pop(shelf.list_id, None)
            self.readers.pop(shelf.list_id, None)
