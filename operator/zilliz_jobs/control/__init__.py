"""What every controller needs, whatever its objects are.

`objects` and their keys; the `workqueue`, and the `dispatcher` whose workers take keys from it; `leaderelection` and
the `fence`; the `watches` of each kind, and `watchhealth`, which proves that they still deliver; `ownership`, which
says which job belongs to which object.
"""
