"""Ports to Kubernetes: the only package that imports the Kubernetes client.

`client` owns the connection and turns answers into `errors`; the other modules are one noun each and work on
plain dicts, as Kubernetes sends them. Nothing here retries a write: who knows the object decides.
"""
