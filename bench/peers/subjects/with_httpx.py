"""Lists the connections with httpx, one client."""

import httpx
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main


def list_connections(url: str) -> int:
    items, params = 0, {"limit": str(PAGE)}
    with httpx.Client(base_url=url, auth=(KEY, SECRET)) as http:
        while True:
            data = http.get(LIST_PATH, params=params).raise_for_status().json()["data"]
            items += len(data["items"])
            if not (cursor := data.get("next_cursor")):
                return items
            params["cursor"] = cursor


def account_name(url: str) -> str:
    with httpx.Client(base_url=url, auth=(KEY, SECRET)) as http:
        return str(http.get(INFO_PATH).raise_for_status().json()["data"]["account_name"])


main(list_connections, account_name)
