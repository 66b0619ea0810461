"""The job-centre page as objects.

`sources` read the lists, `core.mirroring` decides, `rowwriter` makes and changes the rows, `center` does it all once
in a while; `projectjob` hears what people ask of a row, and `handover` carries it to the object that owns the job.
"""
