"""The followed jobs of one API key at one endpoint: by name, and by the row of the list that shows the job."""

from __future__ import annotations

from collections.abc import Mapping

from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.control.objects import Key
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.pollplan import ListState
from zilliz_jobs.polling.tracked import TrackedJob


class PollIndex:
    """Tables in memory, for one event loop."""

    def __init__(self) -> None:
        self.followed: dict[Key, TrackedJob] = {}
        self.list_states: dict[ListId, ListState] = {}
        self.readers: dict[ListId, Account] = {}
        """The account with which each list is read: sessions of one key differ in what they may use."""
        self._by_row: dict[ListId, dict[str, TrackedJob]] = {}

    def add(self, entry: TrackedJob, account: Account) -> None:
        """Follow the job. `account`: with which its list is read."""
        look = entry.look
        self.followed[look.key] = entry
        if look.list_id is not None:
            list_state = self.list_state(look.list_id, account)
            look.list_id = list_state.list_id  # one object for all its jobs, so that they are told apart in no time
            list_state.members.add(look.key)
            list_state.demand += 1 / look.interval
            self._by_row.setdefault(look.list_id, {})[entry.row_id] = entry

    def remove(self, key: Key) -> TrackedJob | None:
        """Follow the job no longer; returns it if it was followed. Idempotent."""
        entry = self.followed.pop(key, None)
        list_id = entry.look.list_id if entry else None
        if entry is None or list_id is None:
            return entry
        list_state = self.list_states[list_id]
        list_state.members.discard(key)
        list_state.demand = max(0.0, list_state.demand - 1 / entry.look.interval) if list_state.members else 0.0
        rows = self._by_row.get(list_id, {})
        if rows.get(entry.row_id) is entry:
            del rows[entry.row_id]
        self.tidy(list_state)
        return entry

    def recorded(self, entry: TrackedJob, interval: float, due: float) -> None:
        """What was told of the job is stored: it is due at `due` (loop time), and then every `interval` seconds."""
        look = entry.look
        if look.list_id is not None:
            self.list_states[look.list_id].demand += 1 / interval - 1 / look.interval
        look.interval, look.due, look.busy = interval, due, False

    def is_current(self, entry: TrackedJob) -> bool:
        """Whether the job is still followed under this very entry, and not under a later one."""
        return self.followed.get(entry.look.key) is entry

    def on_rows(self, list_id: ListId) -> Mapping[str, TrackedJob]:
        """The followed jobs that the list shows, by the ids of their rows."""
        return self._by_row.get(list_id) or {}

    def list_state(self, list_id: ListId, account: Account) -> ListState:
        """The state of the list, made where there is none yet. `account`: with which it is read from now on."""
        self.readers[list_id] = account
        if list_id not in self.list_states:
            self.list_states[list_id] = ListState(list_id)
        return self.list_states[list_id]

    def tidy(self, list_state: ListState) -> None:
        """Drop the list where it shows no followed job and no caller waits for it. Idempotent."""
        if not list_state.members and not list_state.wanted and not list_state.running:
            self.list_states.pop(list_state.list_id, None)
            self._by_row.pop(list_state.list_id, None)
            self.readers.pop(list_state.list_id, None)
