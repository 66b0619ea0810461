"""Looking at the cloud: one plan for each endpoint and key, which lists and single reads share."""
