"""CloneCollectionJob's verbs against the simulated cloud, where what they rest on is gone meanwhile."""

from __future__ import annotations

import pytest
from tests.support.kinds_rig import LONG, Object, parsed

from zilliz_jobs.api.jobstatus import Evidence, State, StepStatus
from zilliz_jobs.core.observation import Accepted, EffectUnknown, NotSent, Refused, Undecided
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.collections.clone import CloneKind
from zilliz_local.cloud import MOVIES, CloudSimulator

KIND = CloneKind()


def films(account: Account) -> Object:
    return Object(KIND, account, parsed(KIND, clusterId=MOVIES, collection="films", destCollection="copy"))


async def test_a_console_that_was_switched_off_is_not_asked_and_what_was_sent_is_not_ruled_out(
    cloud: CloudSimulator, console: Account, plain: Account
) -> None:
    """Ruled out, the collection would be cloned a second time, by a backup and a restore."""
    one = films(console)
    cloud.fault("console.clone", "drop_after", times=1)
    assert isinstance(await one.send(), EffectUnknown)
    one.account = plain
    look = await one.look()
    assert isinstance(look, Undecided)
    assert "the console API, through which it was sent, is off" in look.message
    answer = await one.submit()
    assert isinstance(answer, NotSent)
    assert answer.reason is Reason.NO_PUBLIC_API
    assert len(cloud.ledger.effects(kind="submit")) == 1


@pytest.mark.parametrize("gone", [True, False])
async def test_a_temporary_backup_that_cannot_be_deleted_is_done_with_only_when_it_is_gone(
    cloud: CloudSimulator, plain: Account, gone: bool
) -> None:
    """Else a clone waits for ever for what somebody deleted, or leaves behind what is paid for."""
    one = films(plain)
    made = await one.send("Backup")
    assert isinstance(made, Accepted)
    cloud.advance(LONG)
    answered = one.submission.but(evidence=Evidence.ANSWERED)
    row = StepStatus(name="Backup", state=State.SUCCESSFUL, handle=made.handle, submission=answered)
    one.status = one.status.but(steps=[row])
    await one.prepare("DeleteBackup")
    if gone:
        cloud.act_as("rival", "DELETE", f"/v2/clusters/{MOVIES}/backups/{made.handle['backupId']}")
    cloud.fault("backup.delete", "status", status=400, body={"code": 400, "message": "no such backup"})
    assert isinstance(await one.submit(), Accepted if gone else Refused)
