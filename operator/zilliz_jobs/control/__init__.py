"""What every controller needs, whatever its objects are.

`objects` and their keys, the `workqueue` and the `dispatcher` that works on it, the election of the leader and the
`fence`, the `watches` of each kind and what proves that they live, and `ownership`: which job is of which object.
"""
