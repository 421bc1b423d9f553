# The functions under the tools of qualys-mcp against the simulator; a line of JSON each.
import json

from qualys import api


def tell(operation, work, wanted):
    try:
        found = work()
        right = found == wanted
        detail = str(found) if right else f"{found} for {wanted}"
    except Exception as error:
        right, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"operation": operation, "result": "ok" if right else "FAILED", "detail": detail[:200]}))


def field(name, operator, value):
    return [{"field": name, "operator": operator, "value": value}]


tell("auth", lambda: len((api.get_bearer_token() or "").split(".")), 3)
tell('count {"filters": []}', lambda: api.csam_count(), 250)
tell("count asset.truRisk GREATER", lambda: api.csam_count(field("asset.truRisk", "GREATER", "700")), 73)
tell("list, paged", lambda: len({one["assetId"] for one in api.csam_search(fetch_all=True)}), 250)
tell("search operatingSystem.name", lambda: len(api.csam_search(field("operatingSystem.name", "CONTAINS", "Windows"), fetch_all=True)), 25)
tell("search asset.tag.name", lambda: len(api.csam_search(field("asset.tag.name", "EQUALS", "Web"), fetch_all=True)), 25)
tell("search without a match", lambda: api.csam_search(field("asset.name", "EQUALS", "nobody")), [])
tell("search asset.lastUpdatedDate", lambda: len(api.fetch_all_eol("os", cutoff_date="2020-01-01T00:00:00Z")), 225)
tell("get by id", lambda: (api.get_asset_by_id("20452611") or {}).get("assetId"), 20452611)
tell("get by interfaces.address", lambda: (api.get_asset_by_id("10.0.0.1") or {}).get("assetId"), 20452611)
tell("get by name", lambda: (api.get_asset_by_id("host-000002.example.com") or {}).get("assetId"), 20452611)
