"""From an earlier release to this one: its operator works, is killed, and this one goes on with its objects.

One upgrade for all cases: each has a namespace and a cloud of its own. The earlier operator is killed in the midst of
submissions, the CRDs are replaced, and this operator starts, as in an upgrade whose pod was lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane import Binaries, ControlPlane, control_plane
from tests.support.everykind import Walker
from tests.support.operators import Operator, OperatorProcess
from tests.support.published import install_crds, until_published
from tests.support.user import Body, Job, User
from tests.upgrade.earlier import EarlierOperator, checked_out
from tests.upgrade.states import STATES, Case, cases, named

from zilliz_local.cloud.ledger import STARTS_WORK

pytestmark = [pytest.mark.controlplane, pytest.mark.timeout(1200)]  # the first test has all of the upgrade in it

CASES = cases()


@dataclass
class Begun:
    """An object under the earlier operator. `before`: its status when that one was killed."""

    walker: Walker
    job: Job
    before: Body


@pytest.fixture(scope="module")
def cluster(cluster_binaries: Binaries) -> Iterator[ControlPlane]:
    """One of its own, as the CRDs of another release are in it."""
    with control_plane(binaries=cluster_binaries) as plane:
        yield plane


@pytest.fixture(scope="module")
def begun(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Begun | Exception]]:
    """The objects by the names of their cases, with this operator at work on them."""
    folder = tmp_path_factory.mktemp("upgrade")
    release = checked_out("0.1.0", folder)
    cluster.kubectl("apply", "-f", str(release / "crds"))
    until_published(cluster, lambda schemas: "ImportJob" in schemas)
    thread, walkers = LoopThread(), dict[str, Walker]()
    earlier = EarlierOperator(cluster, folder / "earlier.log", release)
    operator = OperatorProcess(cluster, folder / "operator.log", forked=False)
    earlier.start()
    try:
        made = {named(case): _walker(cluster, earlier, thread, case) for case in CASES}
        walkers |= made
        jobs = _each(CASES, lambda case: STATES[case[1]].begins(made[named(case)]))
        jobs |= _each(_brief(jobs), lambda case: _last_step(made[named(case)], case, jobs[named(case)]))
        earlier.kill()
        found = {name: _stored(made[name], job) for name, job in jobs.items()}
        install_crds(cluster)
        for walker in walkers.values():
            walker.user.operator = operator
            walker.cloud.ask(lambda sim: sim.faults.clear())
        operator.start()
        yield found
        operator.require_clean_log()
    finally:
        for one in (earlier, operator):
            one.close()
        for walker in walkers.values():
            walker.user.close()
            walker.cloud.close()
        thread.close()


def _walker(cluster: ControlPlane, operator: Operator, thread: LoopThread, case: Case) -> Walker:
    name = f"test-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name)
    return Walker(User(cluster, name, operator), Cloud(thread), case[0])


def _brief(jobs: dict[str, Job | Exception]) -> list[Case]:
    """The cases whose state does not last, as far as all went well."""
    return [case for case in CASES if STATES[case[1]].last_step and isinstance(jobs[named(case)], Job)]


def _last_step(walker: Walker, case: Case, job: Job | Exception) -> Job:
    step = STATES[case[1]].last_step
    assert step is not None
    assert isinstance(job, Job)
    step(walker, job)
    return job


def _each(chosen: list[Case], do: Callable[[Case], Job]) -> dict[str, Job | Exception]:
    def begin(case: Case) -> Job | Exception:
        try:
            return do(case)
        except Exception as error:  # of this case alone
            return error

    with ThreadPoolExecutor(len(chosen)) as pool:
        return dict(zip(map(named, chosen), pool.map(begin, chosen), strict=True))


def _stored(walker: Walker, job: Job | Exception) -> Begun | Exception:
    return job if isinstance(job, Exception) else Begun(walker, job, job.status())


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_object_of_the_earlier_release_is_gone_on_with(begun: dict[str, Begun | Exception], case: Case) -> None:
    """Nothing is submitted a second time, nothing is lost, and the object tells the truth."""
    one = begun[named(case)]
    if isinstance(one, Exception):
        raise one
    started = _started(one.walker)
    STATES[case[1]].goes_on(one.walker, one.job, one.before)
    assert not one.walker.cloud.twice(), "submissions with more than one effect"
    if not STATES[case[1]].sends and case[0].breaks is None:  # else its next steps follow
        assert _started(one.walker) == started


def _started(walker: Walker) -> int:
    """How many requests have begun something in the cloud."""
    return len(
        [one for one in walker.cloud.ask(lambda sim: sim.ledger.effects(client="api")) if one.kind in STARTS_WORK]
    )
