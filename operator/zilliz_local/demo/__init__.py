"""`zilliz-jobs demo`: the whole operator on one machine, told as a story that checks itself.

`story` is what happens and what must come of it, as data; `run` plays it. Beside them: `stage` starts the processes,
`cluster` prepares Kubernetes, `cloud` speaks to the simulator, `watch` reads the objects, `screen` shows them and
`verdict` compares. The stand-ins are other programs: they are started and asked, never imported.
"""
