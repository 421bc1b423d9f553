#!/usr/bin/env bash
# Versions: qualysdk 0.4.0 (PyPI; needs Python 3.12 or later, named by PYTHON where `python3` is older), over HTTPS against a small server.
# Qualys tells in `X-RateLimit-Remaining` how many more calls an account may make. One would expect a client to wait when this is 0, before
# the NEXT call. Surprise: qualysdk takes a 0 on an answer of status 200 as a refusal. It throws the good answer away, sends the same
# request again at once "for the header that tells how long to wait", throws that answer away too, waits, and sends the request a third
# time. For a list this is only slow. `launch_scan` launches three scans, the caller gets the last one's reference, and nothing is raised.
# So the last call of an account's allowance must not be one with an effect, or the client must not be this one.
# Output seen:
#   allowance left after the call 5: launched 1, the caller knows of scan/1
#   allowance left after the call 0: launched 3, the caller knows of scan/4
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { echo "$python is older than Python 3.12: name one with PYTHON"; exit 2; }
"$python" -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check qualysdk==0.4.0
# The client rewrites every address to https, so the server needs a certificate that the client trusts.
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>openssl.log
cat >main.py <<'PY'
import logging
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from qualysdk.auth import BasicAuth
from qualysdk.vmdr import launch_scan

logging.disable(logging.CRITICAL)
launched = []
# What the launches are answered with; afterwards the allowance is a new one.
left = []

LAUNCHED = """<SIMPLE_RETURN><RESPONSE><DATETIME>2026-11-30T00:00:00Z</DATETIME><TEXT>New vm scan launched</TEXT><ITEM_LIST>
<ITEM><KEY>ID</KEY><VALUE>{0}</VALUE></ITEM><ITEM><KEY>REFERENCE</KEY><VALUE>scan/{0}</VALUE></ITEM></ITEM_LIST></RESPONSE></SIMPLE_RETURN>"""
LISTED = """<SCAN_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-30T00:00:00Z</DATETIME><SCAN_LIST><SCAN><REF>{0}</REF><TYPE>On-Demand</TYPE>
<TITLE>one</TITLE><STATUS><STATE>Queued</STATE></STATUS></SCAN></SCAN_LIST></RESPONSE></SCAN_LIST_OUTPUT>"""


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, text, remaining=100):
        body = text.encode()
        self.send_response(200)
        headers = {"Content-Type": "text/xml", "Content-Length": len(body), "X-RateLimit-Limit": 300, "X-RateLimit-Remaining": remaining}
        for name, value in {**headers, "X-Concurrency-Limit-Limit": 5, "X-RateLimit-ToWait-Sec": 0}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode() + "&" + urlparse(self.path).query)
        if "launch" in form.get("action", []):
            launched.append(form)
            return self.answer(LAUNCHED.format(len(launched)), left.pop(0) if left else 100)
        self.answer(LISTED.format(form.get("scan_ref", ["-"])[0]))

    do_GET = do_POST = serve


server = ThreadingHTTPServer(("localhost", 0), Gateway)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://localhost:{server.server_port}"
auth = BasicAuth("user", "password", override_platform={"api_url": url, "gateway_url": url, "qualysguard_url": url})
seen = []
for remaining in (5, 0):
    before = len(launched)
    left[:] = [remaining]
    scan = launch_scan(auth, ip="192.0.2.1", scan_title="one", option_id=1)
    seen.append((len(launched) - before, scan.REF))
    print(f"allowance left after the call {remaining}: launched {seen[-1][0]}, the caller knows of {scan.REF}")
sys.exit(0 if seen == [(1, "scan/1"), (3, "scan/4")] else 1)
PY
REQUESTS_CA_BUNDLE="$PWD/cert.pem" NO_PROXY=localhost venv/bin/python main.py
