"""Which start of which machine this is: what `time.monotonic()` counts from, and so who may compare by it (REL-6)."""

import secrets
from pathlib import Path


def _read() -> str:
    """Return the kernel's id of this start; where it tells none, one that no other process shares."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:40]
    except OSError:
        return secrets.token_hex(16)


ID = _read()
