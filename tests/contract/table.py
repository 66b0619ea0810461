"""The table of promises, and the page that shows it: `python -m tests.contract.table` writes it."""

from __future__ import annotations

from tests.contract.promises import PAGE, Promise, core_kinds, existence, lists, patches, versions
from tests.contract.promises_of_schemas import schemas

PROMISES: tuple[Promise, ...] = (*existence(), *versions(), *patches(), *core_kinds(), *lists(), *schemas())

HEAD = """\
# What an API server promises

Generated from the table by `python -m tests.contract.table`. Each row is asked of the stand-in and of a real
kube-apiserver, over plain HTTP and by the operator's own client ([test_promises.py](test_promises.py)). What takes
more than one request (watches, chunks, finalizers, definitions, the commands of kubectl) is in the other files of
this folder.

| What is asked | Answer | The operator's client says | Who relies on it |
|---|---|---|---|
"""


def page() -> str:
    return HEAD + "".join(
        f"| {one.name} | {one.status} | {f'`{one.error}`' if one.error else 'the object'} | {one.relies} |\n"
        for one in PROMISES
    )


if __name__ == "__main__":
    PAGE.write_text(page())
