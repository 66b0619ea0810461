"""python -m tools.chaos [--jobs 200] [--seed N] [--seeds K] [--operators 2] [--plain] [--restore] [--stand-in]"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from tests.support.controlplane import ControlPlaneError, UnavailableError, find_binaries
from tests.support.serving import ROOT
from tools.bench.problem import Problem, causes
from tools.bench.teller import Teller
from tools.chaos.plan import Plan, plan
from tools.chaos.report import as_json, table
from tools.chaos.run import Outcome, run

EXPECTED = (Problem, ControlPlaneError, UnavailableError)
OUT = ROOT / "build" / "chaos"
SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.restore and options.stand_in:
        _parser().error("--restore needs a real etcd")
    if options.vts and not options.stand_in:
        _parser().error("--vts needs --stand-in, which has a node for the workers")
    teller = Teller()
    first = SystemRandom().randrange(1, 100_000) if options.seed is None else options.seed
    seeds = range(first, first + options.seeds)
    if options.plan:
        for seed in seeds:
            print("\n".join(_drawn(seed, options).lines()))
        return 0
    try:
        if not options.stand_in:
            find_binaries(teller.say)
        return max([_one(seed, options, teller) for seed in seeds])
    except KeyboardInterrupt:
        return 130
    except asyncio.CancelledError:
        return 143
    except (*EXPECTED, ExceptionGroup) as error:
        found = list(causes(error))
        if not all(isinstance(one, EXPECTED) for one in found):
            raise
        for one in found:
            teller.say(f"cannot finish the run: {one}")
        return 2


def _one(seed: int, options: argparse.Namespace, teller: Teller) -> int:
    drawn, out = _drawn(seed, options), options.out / f"{seed}-{options.jobs}"
    for line in drawn.lines():
        teller.say(line)
    out.mkdir(parents=True, exist_ok=True)
    (out / "plan.txt").write_text("\n".join(drawn.lines()) + "\n")
    for log in out.glob("operator-*.log"):
        log.unlink()
    outcome = asyncio.run(_run(drawn, options, teller, out))
    (out / "verdict.json").write_text(json.dumps(as_json(outcome), indent=2) + "\n")
    teller.show(table(outcome))
    for name, lines in outcome.violations.items():
        for line in lines[:SHOWN]:
            teller.say(f"{name}: {line}", "red")
    if outcome.violations:
        teller.say(f"seed {seed} failed; the operator's log and all evidence: {out}", "bold red")
        return 1
    return 0


def _drawn(seed: int, options: argparse.Namespace) -> Plan:
    return plan(seed, options.jobs, odd=not options.plain, restores=options.restore, moving=options.vts)


async def _run(drawn: Plan, options: argparse.Namespace, teller: Teller, out: Path) -> Outcome:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    return await run(drawn, teller, out, real=not options.stand_in, replicas=options.operators)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.chaos", description="Jobs of all kinds, while everything around the operator fails."
    )
    parser.add_argument("--jobs", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--vts", action="store_true", help="migrations by VTS, too; with --stand-in")
    parser.add_argument("--seed", type=int, help="the plan's seed (default: drawn, and printed)")
    parser.add_argument("--seeds", type=int, default=1, help="that many runs, with this seed and the next ones")
    parser.add_argument("--operators", type=int, default=1, help="so many, one of which leads (default 1)")
    parser.add_argument("--plain", action="store_true", help="a cloud without odd answers")
    parser.add_argument("--restore", action="store_true", help="etcd is set back once, under the operator")
    parser.add_argument("--stand-in", action="store_true", help="no real API server")
    parser.add_argument("--out", type=Path, default=OUT, help="where plan, verdict and logs go (default build/chaos)")
    parser.add_argument("--plan", action="store_true", help="print the plan and run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
