"""The composition root.

`runtime` puts the parts together, `feed` tells them what the watches tell, `gauges` reads them for the metrics.
"""
