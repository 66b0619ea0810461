"""The job-centre page of the cloud as objects: a JobCenter stands for the page of a project, a ProjectJob for a row.

`centerreconciler` does one pass over a JobCenter: `sources` reads the lists, `mirroring` decides, `rowsync` and
`rowwriter` make, change and remove the rows. `rowreconciler` does one pass over a row on which people ask for
something; `forwarding` passes that to the object that owns the job.
"""
