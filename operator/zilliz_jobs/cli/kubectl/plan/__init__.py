"""`kubectl zilliz plan`: what a manifest would send, and what stands in its way, by reads only."""
