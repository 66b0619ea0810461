"""Starts and stops the polling of jobs; one `KeyPoller` for each endpoint and API key."""

from __future__ import annotations

import asyncio

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.cloud.words import is_canceling
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Reading, Seen
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.jobreader import Ports
from zilliz_jobs.polling.keypoller import KeyPoller
from zilliz_jobs.polling.lists import Listing
from zilliz_jobs.polling.pollplan import PollState
from zilliz_jobs.polling.tracked import Subject, TrackedJob, digest_of, facts


class Poller:
    """What the rest of the operator calls. `least`: shortest interval between two reads of one job or list, in
    seconds; `progress_interval`: seconds between two news of mere progress of one job. Sessions that share a limiter
    share a KeyPoller, since they share the budget."""

    def __init__(self, ports: Ports, *, least: float, progress_interval: float) -> None:
        self._ports, self._least, self._progress_interval = ports, least, progress_interval
        self._key_pollers: dict[Limiter, KeyPoller] = {}
        self._at: dict[Key, KeyPoller] = {}

    def __len__(self) -> int:
        return len(self._at)

    def attends(self, key: Key) -> bool:
        """Whether the job has a time for its next read. After news was told it has none until the controller has
        recorded that (`follow`)."""
        return (key_poller := self._at.get(key)) is not None and key_poller.attends(key)

    @property
    def alive(self) -> bool:
        """Whether every KeyPoller's task still runs."""
        return all(not key_poller.task.done() for key_poller in self._key_pollers.values())

    async def close(self) -> None:
        """Stop all polling, and wait until it has stopped."""
        ending = [task for key_poller in self._key_pollers.values() for task in key_poller.close()]
        await asyncio.gather(*ending, return_exceptions=True)
        self._key_pollers.clear()
        self._at.clear()

    def follow(
        self, key: Key, subject: Subject, account: Account, look: float, stored: Reading | None = None
    ) -> None:
        """Read the job again in `look` seconds, by itself or on a list; 0: as soon as the budget allows. Also records
        that earlier news of the job is stored. `stored`: that news, where the status tells all of it, so that a read
        that shows the same needs no pass. May be repeated."""
        now, status = asyncio.get_running_loop().time(), subject.status
        key_poller = self._key_poller(account)
        list_id, row_id = subject.kind.listed(account, subject.spec, status) or (None, "")
        entry = key_poller.index.followed.get(key)
        if entry and (entry.stamp, entry.look.list_id, entry.row_id) == (subject.stamp, list_id, row_id):
            entry.look.owes = entry.ended or bool(status.result_pending)
            entry.stored = digest_of(stored) if stored else b""
            key_poller.recorded(entry, look or entry.look.interval, now + look)
            return
        self._leave(key)
        wanted = PollState(key, subject.kind.budget, now, max(look, self._least), now + look, list_id)
        wanted.owes = bool(status.result_pending)
        word = status.cloud_status or ""
        known = facts(Seen(status.state, word, canceling=is_canceling(word)))
        key_poller.add(TrackedJob(wanted, subject.stamp, subject.connection, row_id, known), account)
        self._at[key] = key_poller
        self._close_idle()

    def distrust(self, key: Key) -> None:
        """The status of the job may tell less than it did: the next read of the job is told, whatever it shows.
        Idempotent."""
        key_poller = self._at.get(key)
        if key_poller is not None and (entry := key_poller.index.followed.get(key)) is not None:
            entry.stored = b""

    def unfollow(self, key: Key) -> None:
        """Read the job no more. Idempotent."""
        self._leave(key)
        self._close_idle()

    def _leave(self, key: Key) -> None:
        if (key_poller := self._at.pop(key, None)) is not None:
            key_poller.remove(key)

    async def whole(self, account: Account, wanted: ListId) -> Listing:
        """The whole list, from a reading that begins after this call. Raises CloudError."""
        return await self._key_poller(account).whole(account, wanted)

    def _key_poller(self, account: Account) -> KeyPoller:
        limiter = account.session.limiter
        if limiter not in self._key_pollers:
            self._key_pollers[limiter] = KeyPoller(
                limiter, self._ports, least=self._least, progress_interval=self._progress_interval
            )
        return self._key_pollers[limiter]

    def _close_idle(self) -> None:
        """End the KeyPollers of API keys that are not used any more, after a rotation for example. The last one
        stays, to be used again."""
        if len(self._key_pollers) > 1:
            for limiter in [limiter for limiter, key_poller in self._key_pollers.items() if key_poller.is_idle]:
                self._key_pollers.pop(limiter).close()
