"""One controller for each sort of object: what to know of it, and how to reconcile it. The engine drives them."""
