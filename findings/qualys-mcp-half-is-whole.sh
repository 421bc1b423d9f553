#!/usr/bin/env bash
# Versions: qualys-mcp 0.2.9 (PyPI), the functions under its tools, against a small server on loopback.
# A list of assets comes in pages, and one would expect a list that broke off to be an error, or at least to say so. Surprise: any failure
# is the end of the list. An HTTP 500 to the second page makes the first page the whole answer, and it is then KEPT as such: asked again,
# with the server well, the client answers from its memory, without a request. An account that may not see assets (403) has none: the count
# is 0, the list is empty, like those of an empty subscription. The only trace is a line on stderr, which the caller of a tool does not see.
# Output seen, of 150 assets in two pages:
#   all well: 150 of 150
#   the second page answered with 500: 100 of 150
#   asked again, all well: 100 of 150, by 0 requests
#   refused (403): count 0, list 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check qualys-mcp==0.2.9
cat >main.py <<'PY'
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

ASSETS = [{"assetId": number, "assetName": f"host-{number}"} for number in range(1, 151)]
requests = []
# Statuses of the next answers; 200 afterwards.
plan = []


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlparse(self.path)
        if address.path == "/auth":
            return self.answer(201, "one.two.three")
        requests.append(self.path)
        status = plan.pop(0) if plan else 200
        if status != 200:
            return self.answer(status, "{}")
        if "/count/" in address.path:
            return self.answer(200, json.dumps({"responseCode": "SUCCESS", "count": len(ASSETS)}))
        query = parse_qs(address.query)
        after = int(query.get("lastSeenAssetId", ["0"])[0])
        rest = [asset for asset in ASSETS if asset["assetId"] > after]
        page = rest[: int(query["pageSize"][0])]
        self.answer(200, json.dumps({"hasMore": 1 if len(rest) > len(page) else 0, "assetListData": {"asset": page}}))


server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
os.environ.update(QUALYS_USERNAME="user", QUALYS_PASSWORD="password", QUALYS_BASE_URL=url, QUALYS_GATEWAY_URL=url)
# It reads its settings when it is imported.
from qualys import api

api._log = lambda _: None


def listed(name):
    return len(api.csam_search([{"field": "asset.name", "operator": "CONTAINS", "value": name}], fetch_all=True))


seen = []


def tell(words, *numbers):
    seen.append(numbers)
    print(words.format(*numbers))


tell("all well: {} of 150", listed("one"))
plan[:] = [200, 500]
tell("the second page answered with 500: {} of 150", listed("two"))
before = len(requests)
tell("asked again, all well: {} of 150, by {} requests", listed("two"), len(requests) - before)
plan[:] = [403, 403]
tell("refused (403): count {}, list {}", api.csam_count(), listed("three"))
sys.exit(0 if seen == [(150,), (100,), (100, 0), (0, 0)] else 1)
PY
NO_PROXY=127.0.0.1 QUALYS_MCP_CACHE_DIR="$PWD/cache" venv/bin/python main.py
