"""nginx as deploy/nginx sets it up, on this machine: the same file, without TLS, on a port of its own."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.databases import free_port

FILES = Path(__file__).parent.parent / "deploy" / "nginx"
SITE_FILE, MAIN_FILE = FILES / "recruitcms.conf", FILES / "nginx.conf"
AROUND = """daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes {workers};
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/x;
    uwsgi_temp_path {folder}/x; scgi_temp_path {folder}/x;
    {more}
    {site}
    server {{ listen {bare_port}; access_log off; location / {{ root {folder}/bare; default_type text/html; }} }}
}}
"""


def missing() -> str:
    """Return why nginx cannot be tried here, or an empty string."""
    return "" if shutil.which("nginx") else "there is no nginx on this machine"


def for_here(text: str, folder: Path, port: int, upstreams: list[int]) -> str:
    """Return the site file for this machine: plain HTTP on `port`, named 127.0.0.1, before servers on `upstreams`."""
    text = re.sub(r"server \{\n    listen 80;\n.*?\n\}\n", "", text, flags=re.DOTALL)  # the redirect to https
    text = re.sub(r"^ *(ssl_|listen 80).*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl default_server", f"listen {port} default_server")
    text = text.replace("listen 443 ssl http2", f"listen {port}").replace("www.example.com", "127.0.0.1")
    servers = "".join(f"server 127.0.0.1:{at} max_fails=0;\n" for at in upstreams)
    text = re.sub(r"(?: *server 127\.0\.0\.1:\d+ max_fails=0;\n)+", servers, text)
    text = text.replace("proxy_set_header Host $host;", "proxy_set_header Host $host:$server_port;")
    return text.replace("/var/cache/nginx/recruitcms", str(folder / "kept"))


def with_tls(text: str, folder: Path, name: str, ports: tuple[int, int], upstreams: list[int]) -> str:
    """Return the site file for this machine with nothing taken away: other names, ports and folders alone.

    `ports` are those of http and https, on loopback; the certificate is in folder/tls.
    """
    http, https = ports
    text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{http}", text)
    text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{https}", text)
    for number, upstream in enumerate(upstreams, 1):
        text = text.replace(f"server 127.0.0.1:{8000 + number} ", f"server 127.0.0.1:{upstream} ")
    text = text.replace("/etc/letsencrypt/live/www.example.com", str(folder / "tls"))
    text = text.replace("https://www.example.com", f"https://{name}:{https}").replace("www.example.com", name)
    text = text.replace("proxy_set_header Host $host;", "proxy_set_header Host $host:$server_port;")
    return text.replace("/var/cache/nginx/recruitcms", str(folder / "kept"))


def main_file(folder: Path) -> str:
    """Return the main file for this machine: in a folder of its own, and without Docker's resolver."""
    text = re.sub(r"^ *resolver .*\n", "", MAIN_FILE.read_text(), flags=re.MULTILINE)
    text = text.replace("/run/nginx.pid", f"{folder}/pid").replace("/etc/nginx/conf.d/*.conf", "recruitcms.conf")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return text.replace("http {", "http {" + "".join(f"\n    {kind}_temp_path {folder}/{kind};" for kind in kinds))


@contextmanager
def serve(folder: Path, upstreams: list[int], workers: int = 1, more: str = "") -> Iterator[tuple[int, int]]:
    """Run nginx until the block ends. Give its port, and that of a bare server of the files under folder/bare.

    `more` are further words for both.
    """
    port, bare_port = free_port(), free_port()
    (folder / "bare").mkdir(parents=True, exist_ok=True)
    site = for_here(SITE_FILE.read_text(), folder, port, upstreams)
    conf = folder / "nginx.conf"
    conf.write_text(AROUND.format(folder=folder, site=site, bare_port=bare_port, workers=workers, more=more))
    subprocess.run(["nginx", "-t", "-c", str(conf)], check=True, capture_output=True)
    process = subprocess.Popen(["nginx", "-c", str(conf)])
    try:
        time.sleep(0.5)
        yield port, bare_port
    finally:
        process.terminate()
        process.wait(20)
