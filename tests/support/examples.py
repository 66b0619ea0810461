"""How many examples a property is tried with: `quick` for the inner loop, `ci` for the gate.

HYPOTHESIS_PROFILE chooses, else CI. Both draw the same examples every time, so that a failure is one for everyone.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

CI, QUICK = "ci", "quick"
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or (CI if os.environ.get("CI") else QUICK)
QUICK_SHARE = 5


def register() -> None:
    """Before a test module is imported, since settings are made of the profile that is loaded then."""
    common = settings(
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    settings.register_profile(CI, common, max_examples=100)
    settings.register_profile(QUICK, common, max_examples=100 // QUICK_SHARE)
    settings.load_profile(PROFILE)


def sized(in_ci: int, quick: int) -> int:
    """How many of something a test of size or of a product is played with."""
    return in_ci if PROFILE == CI else quick


def examples(most: int, *, steps: int = 50) -> settings:
    """`most`: how many in `ci`. `steps`: of a state machine, at most."""
    return settings(max_examples=most if PROFILE == CI else max(5, most // QUICK_SHARE), stateful_step_count=steps)
