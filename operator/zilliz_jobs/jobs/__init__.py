"""The *Job kinds: from an event to a job in the cloud, and back into the status.

`controller` hears of the objects, which `cache` keeps; `reconciler` carries one of them through one pass, by
`snapshots`, `core.decide`, `actions` in the cloud and `statuswriter`.
"""
