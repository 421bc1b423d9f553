#!/usr/bin/env bash
# Versions: jira 3.10.5 (PyPI, the Python client of Jira), requests 2.34.2, against a small server on loopback.
# One would expect a client that repeats requests to repeat those that surely had no effect, and to leave a create whose answer was lost to
# the caller. Surprise: it is the other way round. A 503 (refused, nothing created) is not repeated unless it names a Retry-After, but any
# ConnectionError is, whatever the method: a server that has created the issue and loses the connection before it answers is asked to create
# it again, three more times by default, 10 to 60 s apart. The caller gets one issue and never hears of the others. `max_retries=0` of
# the constructor ends it. (The waits are shortened here, which changes no decision.)
# Output seen:
#   503 to the first create: created 0 issues, the caller got JIRAError
#   answer to the first create lost: created 2 issues, the caller got A-2
#   all answers lost: created 4 issues, the caller got ConnectionError
#   answer lost, max_retries=0: created 1 issues, the caller got ConnectionError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check jira==3.10.5 requests==2.34.2
cat >main.py <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jira import JIRA

logging.disable(logging.CRITICAL)
issues = []
# What happens to the creates, in order: 503, 'lost'; 201 afterwards.
plan = []


class Jira(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        key = self.path.split("/")[-1].split("?")[0]
        self.answer(200, {"id": key, "key": key, "self": self.path, "fields": {}})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        fate = plan.pop(0) if plan else 201
        if fate == 503:
            return self.answer(503, {"errorMessages": ["in maintenance"]})
        issues.append(f"A-{len(issues) + 1}")
        if fate == "lost":
            self.close_connection = True
            return
        self.answer(201, {"id": issues[-1], "key": issues[-1], "self": "x"})


server = ThreadingHTTPServer(("127.0.0.1", 0), Jira)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = []
for words, fates, options in (
    ("503 to the first create", [503], {}),
    ("answer to the first create lost", ["lost"], {}),
    ("all answers lost", ["lost"] * 9, {}),
    ("answer lost, max_retries=0", ["lost"], {"max_retries": 0}),
):
    issues.clear()
    plan[:] = fates
    client = JIRA(f"http://127.0.0.1:{server.server_port}", get_server_info=False, **options)
    client._session.max_retry_delay = 0.1
    try:
        got = client.create_issue(fields={"project": "A", "summary": "one", "issuetype": {"name": "Task"}}).key
    except Exception as error:
        got = type(error).__name__
    seen.append((len(issues), got))
    print(f"{words}: created {len(issues)} issues, the caller got {got}")
sys.exit(0 if seen == [(0, "JIRAError"), (2, "A-2"), (4, "ConnectionError"), (1, "ConnectionError")] else 1)
PY
NO_PROXY=127.0.0.1 venv/bin/python main.py
