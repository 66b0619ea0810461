"""Local stand-ins for the quick start and the tests: a Zilliz Cloud simulator and a small Kubernetes API."""
