"""The kinds that change a cluster, and what is known of a cluster that a job makes."""
