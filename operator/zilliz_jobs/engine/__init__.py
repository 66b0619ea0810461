"""The engine: takes keys from a queue, decides by `core`, acts through `kinds`, `cloud` and `kube`.

`workqueue` says what is next, `tick` carries one object through one decision, `perform` does what a plan asks,
`registry` knows which job belongs to which object, `connections` hold accounts and keys, `leadership` says whether
this process works at all, `runtime` puts it together.
"""
