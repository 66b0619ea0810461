"""Measurements of the operator at work: `python -m tools.bench`, or `make bench`.

Over real HTTP, each a process of its own: the operator, a real kube-apiserver with its etcd, the simulated cloud, and
this one, which makes the objects, changes the jobs in the cloud and watches what becomes of them. It knows nothing of
the operator's inside: what it counts is what the two servers saw. `units` alone does.
"""
