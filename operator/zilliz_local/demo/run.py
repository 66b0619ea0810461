"""From the first process to the last: raises the stage, plays the story, tells the verdict, leaves nothing behind.

Exit codes: 0 all came true, 1 something did not, 2 the demo could not be held, 130 and 143 a signal.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError
from zilliz_local.demo import setting
from zilliz_local.demo.cloud import CloudAdmin
from zilliz_local.demo.cluster import ADVICE, Cluster, Findings
from zilliz_local.demo.examples import Substitutions
from zilliz_local.demo.options import Options, confirm, own_config
from zilliz_local.demo.play import Player, applied, manifests_of, names_of
from zilliz_local.demo.screen import summary
from zilliz_local.demo.stage import Stage
from zilliz_local.demo.story import Story
from zilliz_local.demo.trouble import CannotStart, Stopped
from zilliz_local.demo.verdict import judge, prove
from zilliz_local.demo.voice import Voice, make_voice
from zilliz_local.demo.watch import Watch

LATER = "known-later"
LOOK_AROUND = (
    ("kubectl get zilliz", "all objects, of all kinds"),
    ("kubectl zilliz jobs", "the same by the operator's own command (pipx install . in a checkout)"),
    ("kubectl zilliz show importjob/films-broken", "the life of one job"),
    ("kubectl zilliz run weekly --wait", "one more run of the schedule"),
    ("kubectl describe backupjob/movies", ""),
)
OPERATOR_SETTINGS = {  # the pace of a show; a real operator looks less often
    "ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS": "true",
    "ZILLIZ_JOBS_POLL_MIN": "0.4",
    "ZILLIZ_JOBS_POLL_MAX": "0.8",
    "ZILLIZ_JOBS_PROGRESS_INTERVAL": "0.4",
}


def demo(options: Options, story: Story | None = None) -> int:
    """Hold the demo; returns the exit code. Whatever it starts has ended when it returns."""
    played = story or Story()
    voice = make_voice(options.pace)
    try:
        with Stage() as stage:
            try:
                code = _hold(stage, options, played, voice)
            except CannotStart as problem:
                voice.close()
                stage.keep_logs = stage.started
                where = f"\nlogs: {stage.directory}" if stage.started else ""
                sys.stderr.write(f"{problem}{where}\n")
                return 2
        if options.keep and not stage.keep_logs:
            _tell_clean(voice)
        return code
    except KeyboardInterrupt:
        _tell_clean(voice, "stopped: ")
        return 130
    except asyncio.CancelledError:
        _tell_clean(voice, "stopped: ")
        return 143


def _tell_clean(voice: Voice, word: str = "") -> None:
    with suppress(OSError):  # whoever read the output may be gone
        voice.print(f"{word}all that the demo started on this machine has ended, and its files are removed")


def _hold(stage: Stage, options: Options, story: Story, voice: Voice) -> int:
    config = own_config(options, stage.directory) if options.own else None
    if config is not None:
        found = asyncio.run(_inspect(config, options, story))
        if not options.yes:
            confirm(found, options.keep)
    return asyncio.run(_perform(stage, options, story, voice, config))


async def _connect(config: str, context: str | None = None) -> KubeClient:
    try:
        return await KubeClient.connect(kubeconfig=config)
    except KubeError as error:
        if context is not None:
            raise CannotStart(f"cannot use context {context}; see: kubectl config get-contexts") from None
        raise CannotStart(f"{error}; name a kubeconfig that kubectl can use") from None


async def _inspect(config: str, options: Options, story: Story) -> Findings:
    async with await _connect(config, options.context) as client:
        cluster = Cluster(client, options.own_namespace)
        return await cluster.inspect(_manifests(story, cluster.namespace))


async def _perform(stage: Stage, options: Options, story: Story, voice: Voice, config: str | None) -> int:
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
    with voice:
        where = "a simulated Zilliz Cloud" if options.own else "a Kubernetes API and a simulated Zilliz Cloud"
        voice.say("text", f"starting {where} on this machine; no account is needed or used")
        url, local = await _raise_stage(stage, options, config is None)
        kubeconfig = config or str(local)
        async with await _connect(kubeconfig) as client:
            namespace = options.own_namespace if config else "default"
            cluster, cloud = Cluster(client, namespace), CloudAdmin(url)
            found = await cluster.inspect(_manifests(story, namespace))
            kept = False
            try:
                code = await _show(stage, options, story, voice, cluster, found, cloud, kubeconfig)
                if options.keep:
                    kept = True
                    await _keep(stage, voice, kubeconfig, cloud, found, own=options.own)
                return code
            finally:
                if options.own and not kept:
                    voice.close()
                    await clean_up(voice, cluster, found)


async def clean_up(voice: Voice, cluster: Cluster, found: Findings) -> None:
    """Remove what the demo made. One signal does not stop it half-way; the next one does."""
    voice.print(f"removing what the demo made on {found.server}")
    work = asyncio.ensure_future(cluster.clean(found))
    stopped = False
    try:
        left = await asyncio.shield(work)
    except asyncio.CancelledError:
        voice.print("  goes on, so that nothing is left there; once more to stop it")
        left, stopped = await work, True
    for sentence in left:
        voice.print(f"  could not remove {sentence}")
    if stopped:
        raise asyncio.CancelledError


async def _raise_stage(stage: Stage, options: Options, stand_in: bool) -> tuple[str, Path]:
    """Start the simulated cloud, and the Kubernetes API where it is wanted; both at the same time."""
    url, local = stage.directory / "cloud.url", stage.directory / "kubeconfig"
    speed = str(options.speed)
    cloud = stage.start(
        "cloud", "zilliz_local.cloud", "--url-file", str(url), "--speed", speed, "--key", setting.API_KEY
    )
    if stand_in:
        await stage.file(stage.start("kubernetes", "zilliz_local.kube", "--kubeconfig", str(local)), local)
    return await stage.file(cloud, url), local


async def _show(
    stage: Stage,
    options: Options,
    story: Story,
    voice: Voice,
    cluster: Cluster,
    found: Findings,
    cloud: CloudAdmin,
    kubeconfig: str,
) -> int:
    """Prepare, play, tell the verdict; returns the exit code."""
    for preparation in story.setting:
        await cloud.call(preparation.method, preparation.path, preparation.body)
    if found.new_crds:
        voice.say("command", ADVICE)
    await cluster.prepare(found)
    voice.say("command", "zilliz-jobs operator")
    flags = ("--namespace", cluster.namespace)
    settings = OPERATOR_SETTINGS | {"KUBECONFIG": kubeconfig}
    stage.start("operator", "zilliz_jobs.cli.app", "operator", *flags, environment=settings)

    watch = Watch(cluster.objects, cluster.namespace, names_of(story))
    values = Substitutions(cluster.namespace, cloud.url, setting.API_KEY, setting.ACCESS_KEY, setting.SECRET_KEY)
    problem = ""
    try:
        await Player(cluster, cloud, watch, voice, stage, values, options).play(story)
    except Stopped as stopped:
        problem = str(stopped)
    return await _tell_verdict(stage, story, voice, watch, cloud, problem)


async def _tell_verdict(
    stage: Stage, story: Story, voice: Voice, watch: Watch, cloud: CloudAdmin, problem: str
) -> int:
    with suppress(KubeError):
        await watch.look()
    ledger = await cloud.ledger()
    tracks = {track.object: track for track in watch.tracks}
    wanted = [replace(expectation, object=watch.called(expectation.object)) for expectation in story.expectations]
    findings = judge(wanted, tracks, ledger)
    proof = prove(watch.tracks, ledger)
    right = not problem and proof.right and all(finding.right for finding in findings)
    voice.close()
    voice.print("")
    voice.print(summary(findings, proof, voice.console.width))
    if right:
        voice.print(f"✓ all came out as expected, in {voice.elapsed:.0f} s")
        return 0
    stage.keep_logs = True
    voice.print(f"✗ not all came out as expected{': ' if problem else ''}{problem}\n{stage.logs()}")
    return 1


async def _keep(
    stage: Stage, voice: Voice, kubeconfig: str, cloud: CloudAdmin, found: Findings, *, own: bool
) -> None:
    """Leave all running until a signal comes."""
    rows = ["", "Look around: everything goes on running. In another terminal:"]
    flag = f" -n {found.namespace}" if own else ""
    rows += [] if own else [f"  export KUBECONFIG={kubeconfig}"]
    rows += [f"  {command}{flag}{f'    # {why}' if why else ''}" for command, why in LOOK_AROUND]
    rows += [f"  curl {cloud.url}/_sim    # what the simulated cloud can be told", "Ctrl-C ends all of it."]
    if own:
        rows.append("The objects stay. To remove them:")
        rows += [f"  kubectl delete namespace {found.namespace}"] if found.new_namespace else []
        rows += [f"  kubectl delete crd {' '.join(r.crd_name for r in found.new_crds)}"] if found.new_crds else []
    voice.print("\n".join(rows))
    with suppress(asyncio.CancelledError):
        while True:
            stage.check()
            await asyncio.sleep(0.5)


def _manifests(story: Story, namespace: str) -> list[dict[str, object]]:
    values = Substitutions(namespace, "", "", "", "", job_id=LATER, backup_id=LATER)
    return [values.into(manifest) for step in applied(story.acts) for manifest in manifests_of(step)]
