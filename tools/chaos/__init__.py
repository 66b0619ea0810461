"""Many jobs of all kinds, while everything around the operator fails and it is killed at every step.

A seed makes the plan (`plan.py`), proxies see each step and strike (`proxy.py`, `strikes.py`), and what the cloud's
ledger and the objects tell is judged by pure rules (`verdict.py`). Nothing in the operator knows of it.
"""
