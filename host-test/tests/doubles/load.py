"""Loads the tables of a made-up Platform Connector into a double of a warehouse, and prints the settings that read them.

usage: load.py PLACE URL FOLDER

The same rows go into each: 25,000 of AUDIT_TRAIL, in which several share an instant, and 6,000 of them one; 4,000 of
LOG, of which 450 have an actor; one of ACCOUNT. Needs Python alone.
"""

import json
import sys
import urllib.error
import urllib.request

ENTRIES, EVENTS = 25_000, 4_000
# More rows at one instant than a statement asks for.
CROWD = range(9_000, 15_000)
START = 1_767_225_600_000_000  # 2026-01-01, in microseconds
SYNCED = "2026-02-01 03:04:05.678901+00"

TEXT, MOMENT, JSON = range(3)
TYPES = {
    "bigquery": ("string", "timestamp", "json"),
    "snowflake": ("varchar", "timestamp_tz", "variant"),
    "databricks": ("string", "timestamp", "string"),
}
# Neither order nor number of columns are those that the component asks for.
AUDIT_TRAIL = {
    "id": TEXT, "_fivetran_synced": MOMENT, "captured_at": MOMENT, "action": TEXT, "user_id": TEXT,
    "interaction_method": TEXT, "primary_resource_type": TEXT, "primary_resource_id": TEXT,
    "secondary_resource_type": TEXT, "secondary_resource_id": TEXT, "new_values": JSON, "old_values": JSON,
    "not_documented": TEXT,
}
LOG = {
    "_fivetran_synced": MOMENT, "id": TEXT, "time_stamp": MOMENT, "sync_id": TEXT, "connection_id": TEXT,
    "event": TEXT, "message_event": TEXT, "message_data": JSON,
}
ACCOUNT = {"id": TEXT, "name": TEXT, "country": TEXT, "_fivetran_synced": MOMENT}


def moment(micros):
    seconds, fraction = divmod(micros - START, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    return f"2026-01-{1 + days:02} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}+00"


def entries():
    for n in range(ENTRIES):
        # Ids in another order than instants; five rows share one, a few microseconds apart from the next.
        id = f"aud_{n * 7919 % 1_000_003:07}"
        at = moment(START + (CROWD[0] if n in CROWD else n // 5 * 5) * 100_000_037)
        who = None if n % 11 == 0 else "fivetran" if n % 13 == 0 else f"user_{n % 40}"
        what = ("CONNECTION", "USER", "DESTINATION", "TEAM", "ACCOUNT")[n % 5]
        action = ("CREATE", "EDIT", "EDIT", "DELETE")[n % 4]
        old = {"paused": n % 2 == 0, "sync_frequency": 360, "config": {"host": "db.example", "ports": [1, None]}}
        new = {**old, "paused": n % 3 == 0, "sync_frequency": 60, "name": "Zoë \U0001f680", "share": 0.5}
        yield {
            "id": id, "_fivetran_synced": SYNCED, "captured_at": at, "action": action, "user_id": who,
            "interaction_method": ("WEB_UI", "API", "SYSTEM")[n % 3], "primary_resource_type": what,
            "primary_resource_id": f"thing_{n % 500}", "secondary_resource_type": "DESTINATION" if n % 3 else None,
            "secondary_resource_id": f"group_{n % 7}" if n % 3 else None,
            "new_values": None if action == "DELETE" else json.dumps(new, ensure_ascii=False),
            "old_values": None if action == "CREATE" else json.dumps(old), "not_documented": "x",
        }


def events():
    for n in range(EVENTS):
        actor = {0: f"user_{n % 40}", 1: "fivetran", 2: None, 3: "ada@example.com" if n % 5 else ""}
        data = {"id": f"c{n % 50}", "properties": {"paused": False}}
        if n % 16 in (0, 3) or n % 8 in (1, 2):
            data["actor"] = actor[n % 8]
        yield {
            "_fivetran_synced": SYNCED, "id": f"log{n * 7919 % 1_000_003:07}=", "sync_id": None,
            "time_stamp": moment(START + n // 3 * 600_000_011), "connection_id": f"thing_{n % 50}", "event": "INFO",
            "message_event": ("edit_connection", "sync_start", "status")[n % 3],
            "message_data": None if n % 8 == 7 else json.dumps(data),
        }


def post(url, body):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        answer = {"errors": error.read().decode()}
    if "errors" in answer:
        sys.exit(f"{str(body)[:300]}: {answer['errors']}")
    return answer


def bigquery(url):
    path = f"{url}/bigquery/v2/projects/acme/queries"
    say = lambda statement: post(path, {"query": statement, "useLegacySql": False})
    say("create schema acme.fivetran_metadata")
    return say, "acme.fivetran_metadata", {"project": "acme", "dataset": "fivetran_metadata"}


def snowflake(url):
    say = lambda statement: post(f"{url}/api/v2/statements", {"statement": statement, "timeout": 60})
    say("create database ACME")
    say("create schema ACME.FIVETRAN_METADATA")
    return say, "ACME.FIVETRAN_METADATA", {
        "host": "xy12345.snowflakecomputing.com", "database": "ACME", "schema": "FIVETRAN_METADATA", "warehouse": "WH"}


def databricks(url):
    warehouse = post(f"{url}/api/2.0/sql/warehouses", {"name": "trail", "cluster_size": "Small"})["id"]
    post(f"{url}/api/2.1/unity-catalog/catalogs", {"name": "acme"})
    post(f"{url}/api/2.1/unity-catalog/schemas", {"name": "fivetran_metadata", "catalog_name": "acme"})
    body = {"warehouse_id": warehouse, "wait_timeout": "30s", "disposition": "INLINE", "format": "JSON_ARRAY"}
    say = lambda statement: post(f"{url}/api/2.0/sql/statements", {"statement": statement, **body})
    # Statements run as DuckDB's, which has the function under another name.
    say("create macro acme.fivetran_metadata.unix_micros(x) as epoch_us(x)")
    return say, "acme.fivetran_metadata", {
        "host": "dbc-1.cloud.databricks.com", "catalog": "acme", "schema": "fivetran_metadata",
        "warehouse_id": warehouse}


def load(place, url, folder):
    say, schema, settings = {"bigquery": bigquery, "snowflake": snowflake, "databricks": databricks}[place](url)
    account = {"id": "acme_corp", "name": "Acme Corporation", "country": "DE", "_fivetran_synced": SYNCED}
    for name, columns, rows in [
        ("account", ACCOUNT, [account]), ("audit_trail", AUDIT_TRAIL, entries()), ("log", LOG, events()),
    ]:
        types = ", ".join(f"{column} {TYPES[place][kind]}" for column, kind in columns.items())
        say(f"create table {schema}.{name} ({types})")
        # All three run on DuckDB, and let its reader of files through. No value has the delimiter; an empty one is null.
        file = f"{folder}/{place}-{name}.csv"
        with open(file, "w", encoding="utf-8") as out:
            out.writelines("|".join(row[column] or "" for column in columns) + "\n" for row in rows)
        options = "delim='|', header=false, quote='', all_varchar=true"
        say(f"insert into {schema}.{name} select * from read_csv('{file}', {options})")
    print(json.dumps({"account": "acme_corp", place: settings}))


load(*sys.argv[1:])
