"""The *Job kinds: from an event to a job in the cloud, and back into the status.

`controller` receives the events and keeps the objects in `cache`; `reconciler` does one pass over one object: it
takes a snapshot (`snapshots`), decides (`core.decide`), carries the decision out (`actions`) and writes the status
(`statuswriter`).
"""
