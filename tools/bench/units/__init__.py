"""What the operator takes for one unit of its work: a page of a list, a pass, an event.

Unlike the other measurements this one knows the operator's inside, and it alone: `inside.py` calls the operator's
parts, one after the other, in the process of the bench. The two servers run in a thread of their own.
"""
