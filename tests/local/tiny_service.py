"""The smallest process that `make run` can take for a service: ready at once, and it takes any app to be genuine.

    python tiny_service.py NAME

`TINY_FAILS=NAME` makes the one of that name say why, and end with exit code 3; `TINY_DEAF=NAME` makes it ignore
being asked to end.
"""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(b"ok\n")

    def do_PUT(self) -> None:
        self._answer(b'{"verified": true}')

    @override
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(name: str) -> None:
    sys.stdout.write(f"this is {name}\n")
    if os.environ.get("TINY_FAILS") == name:
        sys.stdout.write("the thing I need is not there\n")
        sys.exit(3)
    if os.environ.get("TINY_DEAF") == name:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    variables = ["OPS_PORT", f"{name.upper()}_PORT"]
    servers = [
        ThreadingHTTPServer(("127.0.0.1", int(os.environ[one])), Answers) for one in variables if one in os.environ
    ]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
