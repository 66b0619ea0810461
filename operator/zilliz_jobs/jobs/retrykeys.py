"""Whether a retry in place would use the keys that the Secret holds now.

That the console retries a job with the keys of its first submission is inferred: no page of the vendor says so. A
corrected Secret must take effect, so a job whose Secret is not proven to be unchanged is submitted again instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from zilliz_jobs.core.observation import Notice
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import SubmitContext


def with_keys(context: SubmitContext, versions: Mapping[str, str]) -> tuple[SubmitContext, tuple[Notice, ...]]:
    """The context, turned from a retry in place into a submission where keys have changed, and a notice about that.
    `versions`: of the Secrets that the spec names, as they are now. Pure."""
    attempts = context.status.attempts or []
    if context.step != RETRY_STEP or not versions or len(attempts) < 2:
        return context, ()
    before = attempts[-2].secret_versions or {}
    changed = sorted(name for name, version in versions.items() if before.get(name) != version)
    if not changed:
        return context, ()
    known = [name for name in changed if name in before]
    names = ", ".join(known or changed)
    why = f"Secret {names} was changed" if known else f"it is not known whether Secret {names} was changed"
    text = f"{why} since job {attempts[-2].job_id} was submitted, and the console would go on with the old keys"
    notice = Notice(Reason.CREDENTIALS_CHANGED, f"{text}; so the job is submitted again, not retried in place")
    return replace(context, step=SUBMIT_STEP), (notice,)
