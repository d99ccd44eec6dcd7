"""Load on a page of this machine, by wrk: requests per second, waiting times, and what did not answer as it should."""

import re
import subprocess
import urllib.request
from dataclasses import dataclass

CONNECTIONS = 8
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What one run measured. Times in milliseconds; `cpu` is what the server computed for one request."""

    per_second: float
    p50: float
    p99: float
    requests: int
    cpu: float = 0.0


def press(url: str, seconds: float, encoding: str = "br") -> Load:
    """Ask for a page for some seconds. RuntimeError: an answer was no 200, or a connection broke."""
    return run_wrk(url, seconds, "-H", f"Accept-Encoding: {encoding}")


def run_wrk(url: str, seconds: float, *more: str, connections: int = CONNECTIONS) -> Load:
    """Run wrk on an address. RuntimeError: an answer was an error, or a connection broke."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "--latency", *more, url]
    said = subprocess.run(words, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{url}: {said}")
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not requests or not rate:
        raise RuntimeError(f"wrk said something else: {said}")
    return Load(float(rate[1]), _time(said, "50%"), _time(said, "99%"), int(requests[1]))


def _time(said: str, name: str) -> float:
    found = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", said)
    if not found:
        raise RuntimeError(f"wrk said nothing about {name}")
    return float(found[1]) * UNITS[found[2]]


def fetch(url: str, encoding: str = "br") -> tuple[int, dict[str, str], bytes]:
    """Return one answer as it came: status, headers, body."""
    asked = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return answer.status, dict(answer.headers), answer.read()
