"""The job-centre page as objects.

`sources` read the lists, `mirroring` decides, `rowwriter` makes and changes the rows, `centerreconciler` does it all
once in a while; `rowreconciler` hears what people ask of a row, and `forwarding` carries it to the object that owns
the job.
"""
