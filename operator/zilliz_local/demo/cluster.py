"""Kubernetes for the demo: what is there already, what is made, and what is removed again.

On a cluster of the user's own nothing is touched that was there before. What the operator makes for a job, the Secret
with one-time credentials, outlives the job; here it goes with it, since the cluster that it opens is a simulated one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.skew import missing_fields
from zilliz_jobs.jobs.credentials import MADE_FOR
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.openapi import fetch_schemas
from zilliz_local.demo.examples import Manifest
from zilliz_local.demo.trouble import CannotStart

SERVED_SECONDS = 20.0
GONE_SECONDS = 10.0
ADVICE = "zilliz-jobs crds | kubectl apply -f -"


@dataclass(frozen=True)
class Findings:
    """How the cluster was before the demo touched it."""

    server: str
    namespace: str
    new_namespace: bool
    new_crds: tuple[Resource, ...]


class Cluster:
    """One Kubernetes API server, and one namespace of it. Raises CannotStart where a person has to act."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self.client, self.namespace = client, namespace
        self.objects = Objects(client)
        self._made: list[Manifest] = []

    async def inspect(self, manifests: Iterable[Manifest]) -> Findings:
        """Look, and change nothing."""
        try:
            schemas = await fetch_schemas(self.client)
            new_namespace = not await self._has_namespace()
            missing = tuple(resource for resource in RESOURCES if resource.kind not in schemas)
            for resource in RESOURCES:
                if resource not in missing and missing_fields(crd(resource), schemas[resource.kind]):
                    raise CannotStart(
                        f"cannot use the installed CRD {resource.crd_name}: it is older than this release; "
                        f"update it first: {ADVICE}"
                    )
            if not new_namespace:
                await self._check_names(manifests, {resource.kind for resource in missing})
        except KubeError as error:
            raise CannotStart(
                f"cannot use the cluster at {self.client.server}: {error}; "
                f"check the kubeconfig with: kubectl get namespaces"
            ) from None
        return Findings(self.client.server, self.namespace, new_namespace, missing)

    async def prepare(self, found: Findings) -> None:
        """Install what `inspect` found missing, and wait until it is served."""
        try:
            for resource in found.new_crds:
                await self.objects.apply(crd(resource))
            if found.new_namespace:
                await self.objects.apply(_namespace(self.namespace))
            await self._served()
        except KubeError as error:
            raise CannotStart(
                f"cannot prepare the cluster: {error}; installing CRDs and namespaces takes an administrator"
            ) from None

    async def apply(self, manifest: Manifest) -> None:
        """Create the object, and remember it for `clean`."""
        self._made.append(manifest)
        try:
            await self.objects.apply(manifest)
        except KubeError as error:
            raise CannotStart(f"cannot apply {name_of(manifest)}: {error}") from None

    async def annotate(self, name: str, annotations: dict[str, str]) -> None:
        """Set annotations of an object of ours, named as kubectl names it."""
        kind, _, plain = name.partition("/")
        resource = next(resource for resource in RESOURCES if resource.singular == kind)
        try:
            await self.objects.annotate(resource, self.namespace, plain, dict(annotations))
        except KubeError as error:
            raise CannotStart(f"cannot annotate {name}: {error}") from None

    async def clean(self, found: Findings) -> list[str]:
        """Remove what the demo made, and only that; what could not be removed is told in sentences."""
        left: list[str] = []
        for manifest in reversed(self._made):
            left += await self._remove(manifest)
        try:
            await self._gone()
            for manifest in self._made:  # only now: as long as there is the job, the operator may make its Secret
                for secret in secrets_for(manifest):
                    left += await self._remove(secret) if await self._is_made(secret) else []
            if found.new_namespace:
                await self.objects.remove(_namespace(self.namespace))
            for resource in found.new_crds:
                if await self._is_used(resource):
                    left.append(f"CRD {resource.crd_name}: other objects of this kind exist by now")
                else:
                    await self.objects.remove(crd(resource))
        except KubeError as error:
            left.append(f"CRDs and namespace {self.namespace}: {error}")
        return left

    async def _remove(self, manifest: Manifest) -> list[str]:
        """What is left of it, as a sentence."""
        try:
            await self.objects.remove(manifest)
        except KubeError as error:
            return [f"{name_of(manifest)} in namespace {self.namespace}: {error}"]
        return []

    async def _is_made(self, secret: Manifest) -> bool:
        """Whether the operator made it: somebody else may have made one of that name."""
        with suppress(NotFound):
            there = (await self.objects.fetch(secret))["metadata"].get("annotations") or {}
            return bool(there.get(MADE_FOR) == secret["metadata"]["annotations"][MADE_FOR])
        return False

    async def _has_namespace(self) -> bool:
        try:
            body = await self.objects.fetch(_namespace(self.namespace))
        except NotFound:
            return False
        if body["metadata"].get("deletionTimestamp"):
            raise CannotStart(
                f"cannot use namespace {self.namespace}: it is being deleted; try again when it is gone, "
                "or name another one with --namespace"
            )
        return True

    async def _exists(self, manifest: Manifest) -> bool:
        with suppress(NotFound):
            await self.objects.fetch(manifest)
            return True
        return False

    async def _check_names(self, manifests: Iterable[Manifest], not_served: set[str]) -> None:
        for manifest in [one for made in manifests for one in (made, *secrets_for(made))]:
            if manifest["kind"] not in not_served and await self._exists(manifest):
                raise CannotStart(
                    f"cannot make {name_of(manifest)}: namespace {self.namespace} has one already; "
                    f"name another namespace with --namespace"
                )

    async def _served(self) -> None:
        """A CRD that was just applied is served, and described, a moment later."""
        deadline = time.monotonic() + SERVED_SECONDS
        wanted = {resource.kind for resource in RESOURCES}
        while not wanted <= (await fetch_schemas(self.client)).keys():
            if time.monotonic() > deadline:
                raise CannotStart(f"cannot use the CRDs: not served {SERVED_SECONDS:.0f} s after they were applied")
            await asyncio.sleep(0.1)
        for resource in RESOURCES:
            async for _ in self.objects.list_all(resource, self.namespace):
                break

    async def _gone(self) -> None:
        deadline = time.monotonic() + GONE_SECONDS
        left = list(self._made)
        while left and time.monotonic() < deadline:
            left = [manifest for manifest in left if await self._exists(manifest)]
            await asyncio.sleep(0.1 if left else 0)

    async def _is_used(self, resource: Resource) -> bool:
        async for body in self.objects.list_all(resource):
            if body["metadata"]["namespace"] != self.namespace:
                return True
        return False


def name_of(manifest: Manifest) -> str:
    """The object as kubectl names it."""
    return f"{manifest['kind'].lower()}/{manifest['metadata']['name']}"


def secrets_for(manifest: Manifest) -> list[Manifest]:
    """The Secrets that the operator will make for this object. Pure."""
    kind = next((kind for kind in JOB_KINDS if kind.resource.kind == manifest["kind"]), None)
    if kind is None:
        return []
    meta = manifest["metadata"]
    name = kind.credentials_secret(parse_spec(kind.resource, manifest), meta["name"])
    wanted = {
        "name": name,
        "namespace": meta["namespace"],
        "annotations": {MADE_FOR: f"{manifest['kind']}/{meta['name']}"},
    }
    return [{"apiVersion": "v1", "kind": "Secret", "metadata": wanted}] if name else []


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
