"""The pure core: what to do about one job object, decided from values alone.

`observation` holds what was learnt, `plan` what is to be done, `decide` leads from the one to the other. Nothing here
does I/O, reads a clock or rolls dice; time, tokens and jitter are arguments.
"""
