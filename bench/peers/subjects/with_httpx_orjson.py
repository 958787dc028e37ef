"""Lists the connections with httpx, one client, and parses with orjson."""

import httpx
import orjson
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main


def list_connections(url: str) -> int:
    items, params = 0, {"limit": str(PAGE)}
    with httpx.Client(base_url=url, auth=(KEY, SECRET)) as http:
        while True:
            response = http.get(LIST_PATH, params=params).raise_for_status()
            data = orjson.loads(response.content)["data"]
            items += len(data["items"])
            if not (cursor := data.get("next_cursor")):
                return items
            params["cursor"] = cursor


def account_name(url: str) -> str:
    with httpx.Client(base_url=url, auth=(KEY, SECRET)) as http:
        response = http.get(INFO_PATH).raise_for_status()
        return str(orjson.loads(response.content)["data"]["account_name"])


main(list_connections, account_name)
