"""The database's history, one file for each step. `python -m migrations "what it does"` drafts the next one."""
