# qualysdk's own functions against the simulator; a line of JSON each.
import json
import os

from qualysdk.auth.token import TokenAuth
from qualysdk.gav import count_assets, get_all_assets, get_asset, query_assets

URL = os.environ["QUALYS_URL"]


class OverHttp(TokenAuth):
    """The simulator speaks plain HTTP on loopback, and qualysdk rewrites every address to https."""

    def get_token(self):
        self.override_platform = {key: URL for key in self.override_platform}
        return super().get_token()


def tell(operation, work, wanted):
    try:
        found = work()
        right = found == wanted
        detail = str(found) if right else f"{found} for {wanted}"
    except Exception as error:
        right, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"operation": operation, "result": "ok" if right else "FAILED", "detail": detail[:200]}))


platform = {key: URL for key in ("api_url", "gateway_url", "qualys" + "guard_url")}
auth = OverHttp(os.environ["QUALYS_USERNAME"], os.environ["QUALYS_PASSWORD"], override_platform=platform)
tell("auth", lambda: len(auth.token.split(".")), 3)
tell("count", lambda: count_assets(auth)["count"], 250)
tell("count by QQL", lambda: count_assets(auth, filter="operatingSystem.name:'Windows'")["count"], 25)
tell("list, paged", lambda: len({host.assetId for host in get_all_assets(auth, pageSize=100)}), 250)
tell("search", lambda: [host.assetId for host in query_assets(auth, filter="asset.name:'host-000002'")], [20452611])
tell("search without a match", lambda: len(query_assets(auth, filter="asset.name:'nobody'")), 0)
tell("get", lambda: get_asset(auth, assetId=20452611).assetName, "host-000002.example.com")
tell("get: last check-in", lambda: get_asset(auth, assetId=20452611).agent_lastCheckedIn is not None, True)
