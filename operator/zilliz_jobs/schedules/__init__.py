"""JobSchedule: runs of several job objects by cron.

`decide` is the one pure function: what the spec, the stored record, the children and the time say is to be made,
cancelled and deleted. `duetimes` knows when, `runs` what a run is made of, `history` and `retention` what may go.
"""
