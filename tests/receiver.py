"""A web server of our own in the place of somebody's API: real HTTP on this machine, which a setting allows."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What was posted, as [(path, content), …], and what to answer next: [(status, headers, body), …], else 200."""

    def __init__(self, settings: Any) -> None:
        self.got: list[tuple[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.settings = settings

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, json.loads(body)))
                status, headers, answer = receiver.answers.pop(0) if receiver.answers else (200, {}, b"{}")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.settings.OUTGOING_LOCAL = True
        self.settings.OUTGOING_HOSTS = ["127.0.0.1"]
        self.settings.META_CAPI_URL = self.url
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
