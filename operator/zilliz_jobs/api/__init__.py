"""The custom resources as pydantic models: the only source of the CRDs, and the only parser of objects.

No I/O. `model` holds the base class and the field types, `jobspec` and `jobstatus` what all job kinds share,
one file per kind its own fields, `resource` what Kubernetes must know of a kind, `crd` turns all of it into
CustomResourceDefinitions.
"""
