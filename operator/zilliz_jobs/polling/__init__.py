"""Reading jobs from the cloud: one plan for each endpoint and API key, which lists and single reads share."""
