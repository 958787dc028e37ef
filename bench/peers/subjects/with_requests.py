"""Lists the connections with requests, one session."""

import requests
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main


def session() -> requests.Session:
    session = requests.Session()
    session.auth = (KEY, SECRET)
    return session


def list_connections(url: str) -> int:
    items, params = 0, {"limit": str(PAGE)}
    with session() as http:
        while True:
            response = http.get(url + LIST_PATH, params=params)
            response.raise_for_status()
            data = response.json()["data"]
            items += len(data["items"])
            if not (cursor := data.get("next_cursor")):
                return items
            params["cursor"] = cursor


def account_name(url: str) -> str:
    with session() as http:
        response = http.get(url + INFO_PATH)
        response.raise_for_status()
        return str(response.json()["data"]["account_name"])


main(list_connections, account_name)
