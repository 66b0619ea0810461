"""What a person can do now for a job, as commands to copy. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.accounts.secret_access import CREDENTIALS_LABEL
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import Judged
from zilliz_jobs.core.reasons import Reason

CONNECTION = frozenset({Reason.CONNECTION_NOT_FOUND, Reason.CONNECTION_NOT_READY, Reason.CONNECTION_SUSPENDED})
SECRETS = {
    Reason.SECRET_NOT_LABELLED: "kubectl label secret {name} -n {namespace} " + CREDENTIALS_LABEL + "=true",
    Reason.SECRET_NOT_FOUND: "kubectl create secret generic {name} -n {namespace} --from-literal=...",
    Reason.SECRET_KEY_MISSING: "kubectl describe secret {name} -n {namespace}",
}


@dataclass(frozen=True)
class Advice:
    """`command`: to copy."""

    purpose: str
    command: str


def advice(job: JobView, rules: Judged | None) -> list[Advice]:
    """The most useful first. `rules`: None where the record of the job cannot be read."""
    me = f"{job.reference} -n {job.namespace}"
    if rules is None:
        return [Advice("see what was edited", f"kubectl get {me} -o yaml")]
    found: list[Advice] = []
    if rules.open_submission and job.end is not None:
        found += [
            Advice("it runs in the cloud under this id: follow it", f"kubectl zilliz resolve {me} --adopt JOB-ID"),
            Advice("it is not in the cloud: submit it again", f"kubectl zilliz resolve {me} --resubmit"),
            Advice("give it up", f"kubectl zilliz resolve {me} --abandon"),
        ]
    if job.spec.get("suspend") is True and job.reason == Reason.SUSPENDED:
        found.append(Advice("submit it", f"kubectl zilliz resume {me}"))
    if job.reason in CONNECTION:
        found.append(
            Advice("see the connection", f"kubectl describe zillizconnection {job.connection} -n {job.namespace}")
        )
    if form := next((text for reason, text in SECRETS.items() if reason == job.reason), ""):
        found += [
            Advice("mend the Secret", form.format(name=name, namespace=job.namespace)) for name in secrets_of(job)
        ]
    if job.is_unseen:
        found.append(Advice("no operator has seen it; find out why", f"kubectl zilliz doctor -n {job.namespace}"))
    if job.time("completionTime") is None and job.end is None:
        found.append(Advice("wait for its end", f"kubectl zilliz wait {me}"))
    if rules.may_cancel:
        found.append(Advice("cancel it", f"kubectl zilliz cancel {me}"))
    if rules.may_retry:
        found.append(Advice("try again", f"kubectl zilliz retry {me}"))
    return found


def refusals(rules: Judged | None, job: JobView) -> list[str]:
    """What cannot be done, and the rule, where a person may look for it."""
    if rules is None:
        return []
    told = []
    if job.time("completionTime") is None and not rules.may_cancel:
        told.append(f"cancel: no ({rules.cancel[1]}: {rules.cancel[2]})")
    if job.state in ("Failed", "Unknown") and not rules.may_retry:
        told.append(f"retry: no ({rules.retry[1]}: {rules.retry[2]})")
    return told


def secrets_of(job: JobView) -> list[str]:
    """The Secrets that the spec names."""
    try:
        spec = parse_spec(job.resource, job.body)
    except SpecError:
        return []
    return [need.name for need in job.kind.secrets(spec)] if isinstance(spec, JobSpec) else []
