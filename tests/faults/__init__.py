"""The fault suite: what happens to visitors' forms and owed mail when things break (REL-1, REL-4 to REL-7).

Run as `python -m tests.faults`, or `make faults`. It starts the real server, real workers and a real mail server on
loopback ports, breaks them, counts, and ends with a table of figures. pytest does not collect it.
"""
