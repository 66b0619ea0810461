"""Plays acts: carries out their steps, and looks until each object has said what the act waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import yaml

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.jobcenter.jobrow import row_name
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.schedules.manifest import RUN_REQUESTED
from zilliz_jobs.schedules.runs import object_name, requested_name
from zilliz_local.demo.cloud import CloudAdmin, job_id_of
from zilliz_local.demo.cluster import Cluster
from zilliz_local.demo.examples import Manifest, Substitutions, load, renamed
from zilliz_local.demo.options import Options
from zilliz_local.demo.stage import Stage
from zilliz_local.demo.steps import Act, Annotate, Apply, InTheCloud, RunSchedule, Step
from zilliz_local.demo.story import ACT_SECONDS, SHOW_SECONDS, Story
from zilliz_local.demo.trouble import CannotStart, Stopped
from zilliz_local.demo.voice import Voice
from zilliz_local.demo.watch import Watch

LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 5.0  # an object that ended this long ago will not say another word by itself
MOST_FAILED_LOOKS = 25


class Player:
    """One performance, at the speed and the pace of the options."""

    def __init__(
        self,
        cluster: Cluster,
        cloud: CloudAdmin,
        watch: Watch,
        voice: Voice,
        stage: Stage,
        values: Substitutions,
        options: Options,
    ) -> None:
        self._cluster, self._cloud, self._watch = cluster, cloud, watch
        self._voice, self._stage = voice, stage
        self._values, self._speed, self._pace = values, options.speed, options.pace
        self._limit = asyncio.timeout(None)
        self._failed_looks = 0
        self._asked = 0

    async def play(self, story: Story) -> None:
        """All acts. Raises Stopped when the story cannot go on, CannotStart when the stage broke down."""
        slow = max(1.0, 1 / self._speed)
        try:
            async with asyncio.timeout(SHOW_SECONDS * slow) as self._limit:
                for number, act in enumerate(story.acts, 1):
                    about = frozenset(map(self._watch.called, act.until))
                    self._voice.begin(f"{number}/{len(story.acts)} {act.title}", about)
                    self._voice.say("text", act.text)
                    await self._read(self._pace.for_text(act.text))
                    for step in act.steps:
                        await self._do(step)
                    await self._wait(act, ACT_SECONDS * slow)
                    self._voice.look(self._with_namespace(looking_at(map(self._watch.called, act.until))))
                    await self._rest(self._pace.for_result(act.beat) / self._speed)
        except TimeoutError:
            raise Stopped(f"the whole show took longer than {SHOW_SECONDS * slow:.0f} s") from None

    async def _do(self, step: Step) -> None:
        match step:
            case Apply():
                if step.backup_of:
                    self._values = self._values.with_backup(self._backup_of(step.backup_of))
                self._command(command_of(step))
                manifests = manifests_of(step)
                for note in dict.fromkeys(filter(None, map(self._values.note, manifests))):
                    self._voice.say("text", f"({note})")
                made = [self._values.into(manifest) for manifest in manifests]
                text = readable(made)
                self._voice.manifest(text)
                await self._read(self._pace.for_manifest(text))
                for manifest in made:
                    await self._cluster.apply(manifest)
            case Annotate(told, request):
                name, token = self._watch.called(told), self._token()
                self._command(f"kubectl annotate {name} {GROUP}/{request}={token} --overwrite")
                await self._cluster.annotate(name, {f"{GROUP}/{request}": token})
            case RunSchedule(schedule, makes):
                token = self._token()
                self._command(f"kubectl zilliz run {schedule}")
                for entry, told in makes.items():
                    made_name = object_name(schedule, requested_name(token), entry)
                    self._watch.call(told, f"{told.partition('/')[0]}/{made_name}")
                await self._cluster.annotate(f"{JOB_SCHEDULE.singular}/{schedule}", {RUN_REQUESTED: token})
            case InTheCloud():
                await self._in_the_cloud(step)

    def _token(self) -> str:
        self._asked += 1
        return f"{int(time.time())}-{self._asked}"

    async def _read(self, seconds: float) -> None:
        """Let the person read; the simulated cloud stands still meanwhile, so that nothing is missed."""
        if not seconds:
            return
        self._limit.reschedule((self._limit.when() or 0.0) + seconds / self._speed)
        await self._cloud.call("PATCH", "/_sim/clock", {"speed": 0})
        await self._rest(seconds / self._speed)
        await self._cloud.call("PATCH", "/_sim/clock", {"speed": self._speed})

    async def _in_the_cloud(self, step: InTheCloud) -> None:
        answer = await self._cloud.call(step.method, step.path, step.body)
        if step.starts_job:
            self._values = self._values.with_job(job_id_of(answer))
        if step.row:
            self._watch.call(step.row, row_of(step.row, self._values.job_id))
        if step.what:
            self._voice.say("cloud", step.what + (f": {self._values.job_id}" if step.starts_job else ""))

    def _backup_of(self, name: str) -> str:
        backup_id = self._watch.get(name).backup_id
        if not backup_id:
            raise Stopped(f"{name} does not say which backup it made")
        return backup_id

    def _command(self, text: str) -> None:
        self._voice.say("command", self._with_namespace(text))

    def _with_namespace(self, command: str) -> str:
        namespace = self._cluster.namespace
        return command + ("" if namespace == "default" else f" -n {namespace}")

    async def _wait(self, act: Act, most: float) -> None:
        began = time.monotonic()
        ended: dict[str, float] = {}
        while True:
            await self._look()
            tracks = {name: self._watch.get(name) for name in act.until}
            missing = {name: words[0] for name, words in act.until.items() if not {*words} & {*tracks[name].words}}
            if not missing:
                return
            now = time.monotonic()
            ended = {name: ended.get(name, now) for name in missing if tracks[name].finished}
            for name, since in ended.items():
                if now - since > PATIENCE_SECONDS:
                    track = tracks[name]
                    raise Stopped(f"{name} ended as {track.word} and never became {missing[name]}: {track.message}")
            if now - began > most:
                waiting = "; ".join(f"{n} is {tracks[n].word or 'silent'} and not {w}" for n, w in missing.items())
                raise Stopped(f"act {act.title!r} took longer than {most:.0f} s: {waiting}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(min(LOOK_SECONDS, max(0.01, until - time.monotonic())))
            await self._look()

    async def _look(self) -> None:
        self._stage.check()
        try:
            await self._watch.look()
            self._failed_looks = 0
        except KubeError as error:
            self._failed_looks += 1
            if self._failed_looks > MOST_FAILED_LOOKS:
                raise CannotStart(f"lost the Kubernetes API: {error}") from None
        self._voice.show(self._watch.tracks)


def row_of(name: str, job_id: str) -> str:
    """The name of a backup's row, in the JobCenter that `name` begins with: `projectjob/<JobCenter>-...`. Pure."""
    kind, _, rest = name.partition("/")
    return f"{kind}/{row_name(rest.rpartition('-')[0], (BACKUP_JOB.row_name, job_id))}"


def looking_at(objects: Iterable[str]) -> str:
    """The command that shows these objects. Pure."""
    every = list(objects)
    kind = every[0].partition("/")[0]
    if len(every) == 1 and kind in {resource.singular for resource in (*JOB_RESOURCES, JOB_SCHEDULE)}:
        return f"kubectl zilliz show {every[0]}"
    return f"kubectl get {' '.join(every)}"


def readable(manifests: Iterable[Manifest]) -> str:
    """The manifests as a person writes them, without the values of Secrets. Pure."""
    texts = []
    for manifest in manifests:
        body = {name: value for name, value in manifest.items() if name != "stringData"}
        if "stringData" in manifest:
            body["stringData"] = dict.fromkeys(manifest["stringData"], "***")
        texts.append(yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100))
    return "---\n".join(texts)


def names_of(story: Story) -> tuple[str, ...]:
    """The objects that the story tells of, in its order."""
    return tuple(expectation.object for expectation in story.expectations)


def applied(acts: Iterable[Act]) -> tuple[Apply, ...]:
    """What the acts apply, in their order."""
    return tuple(step for act in acts for step in act.steps if isinstance(step, Apply))


def manifests_of(step: Apply) -> list[Manifest]:
    """What the step applies, before any substitution."""
    manifests = load(step.file)
    return [renamed(manifest, step.name) for manifest in manifests] if step.name else manifests


def command_of(step: Apply) -> str:
    """What a reader would type to do the same."""
    if not step.name:
        return f"kubectl apply -f examples/{step.file}"
    return f"sed 's/^  name: .*/  name: {step.name}/' examples/{step.file} | kubectl apply -f -"
