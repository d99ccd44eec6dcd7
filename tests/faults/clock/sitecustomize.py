"""Moves the clock of a Python process that has this folder on its path, by FAULTS_CLOCK_SHIFT seconds.

The clock of intervals (`time.monotonic`) stays, as on a machine whose wall clock was set wrong.
"""

import datetime
import os

import time_machine

shift = datetime.timedelta(seconds=float(os.environ.get("FAULTS_CLOCK_SHIFT") or 0))
if shift:
    time_machine.travel(datetime.datetime.now(datetime.UTC) + shift, tick=True).start()
