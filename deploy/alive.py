"""Asks the web process on a port of this machine whether it lives; the exit status says so. For Docker's health check.

The site answers to its own name alone (SEC-19), which is why a plain request would be refused.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=4)
connection.request("GET", "/healthz", headers={"Host": urlsplit(os.environ.get("SITE_URL", "")).netloc or "127.0.0.1"})
sys.exit(connection.getresponse().status != 200)
