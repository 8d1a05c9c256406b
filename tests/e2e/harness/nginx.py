"""A private nginx: own configuration, own folder, free ports on loopback, ended by its process id.

Nothing of the machine's nginx is read or written. Of each request it logs the time, the protocol, the status and
the path, one file for each way in, so that a case can prove what the server saw rather than what flagdl says.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass

from .ports import answers, free_ports

_WAYS = {"http": "", "https": " ssl", "http2": " ssl http2", "silent_log": ""}
_ATTEMPTS = 5


@dataclass
class Request:
    """One line of the access log; `at` is in seconds, to the millisecond."""

    at: float
    protocol: str
    status: int
    path: str


class Nginx:
    """Serves `root` on four ways in: `http`, `https` (HTTP/1.1), `http2`, and `silent_log` (http, not logged).

    Files below `/slow/` leave at `slow_rate` a connection.
    """

    def __init__(self, folder, root, certificate=None, workers=1, slow_rate="768k"):
        self._folder = folder
        self._root = root
        self._certificate = certificate
        self._workers = workers
        self._slow_rate = slow_rate
        self._child = None
        self.ports = {}

    @staticmethod
    def find():
        """Where the program is, or None. Debian keeps it outside the PATH of plain users."""
        return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/sbin")

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        # A free port may be taken by another program before nginx binds it: then all are chosen anew.
        for _ in range(_ATTEMPTS):
            self.ports = dict(zip(_WAYS, free_ports(len(_WAYS))))
            (self._folder / "nginx.conf").write_text(self._configuration(), encoding="utf-8")
            if self._start():
                return self
        raise RuntimeError("nginx did not start: " + self._errors())

    def __exit__(self, *_):
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def url(self, path="", way="http", host="127.0.0.1"):
        """The address of `path` by one of the ways in."""
        scheme = "http" if way in ("http", "silent_log") else "https"
        return f"{scheme}://{host}:{self.ports[way]}/{path}"

    def mark(self, way="http"):
        """Where the log ends now, for what is `seen` since."""
        return self._log(way).stat().st_size

    def seen(self, way="http", below="/", since=0):
        """The requests for paths that start with `below`, in the order in which they were answered."""
        requests = []
        with open(self._log(way), "rb") as log:
            log.seek(since)
            lines = log.read().decode("utf-8", "replace").splitlines()
        for line in lines:
            at, protocol, status, path = line.split(" ", 3)
            if path.startswith(below):
                requests.append(Request(float(at), protocol, int(status), path))
        return requests

    def _log(self, way):
        return self._folder / f"{way}.log"

    def _errors(self):
        path = self._folder / "error.log"
        return path.read_text(errors="replace")[-500:] if path.exists() else "no error log"

    def _start(self):
        command = [self.find(), "-e", self._folder / "error.log", "-p", self._folder, "-c", self._folder / "nginx.conf"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + 10
        while self._child.poll() is None and time.monotonic() < until:
            # The master writes its pid file only after it holds every port.
            if (self._folder / "nginx.pid").exists() and answers(self.ports["http"]):
                return True
            time.sleep(0.02)
        self.__exit__()
        return False

    def _configuration(self):
        folder, ways = self._folder, []
        for way, flags in _WAYS.items():
            if "ssl" in flags and not self._certificate:
                continue
            log = "off" if way == "silent_log" else f"{self._log(way)} seen"
            tls = ""
            if "ssl" in flags:
                tls = f"ssl_certificate {self._certificate.chain}; ssl_certificate_key {self._certificate.key};"
            ways.append(f"""
  server {{
    listen 127.0.0.1:{self.ports[way]}{flags} backlog=4096;
    access_log {log};
    {tls}
    location /slow/ {{ limit_rate {self._slow_rate}; }}
    location /denied/ {{ return 403; }}
  }}""")
        # As root, the workers would run as another user, who may not look into a private folder.
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""daemon off;
{user}
worker_processes {self._workers};
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  types {{ image/jpeg jpg; image/png png; text/html html; }}
  default_type application/octet-stream;
  log_format seen '$msec $server_protocol $status $request_uri';
  log_not_found off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  root {self._root};
  sendfile on;
  tcp_nopush on;
  keepalive_requests 10000000;
{"".join(ways)}
}}
"""
