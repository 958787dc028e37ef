"""Checks wit/chain-vectors.json, or the chain of a collection, with nothing of this project's code.

    python3 docs/check-chain.py wit/chain-vectors.json
    python3 docs/check-chain.py EVIDENCE_FOLDER

RFC 8785 for records is plain: all their fields but `content` are texts and small numbers, which Python's json
writes as that prescribes once names are sorted.
"""

import hashlib
import json
import sys
from pathlib import Path


def refuse(why):
    sys.exit(f"check-chain: {why}")


def unique(pairs):
    """An object whose names are all different: readers disagree about which of two would count."""
    if len(dict(pairs)) != len(pairs):
        refuse(f"a name twice in one object: {sorted(name for name, _ in pairs)}")
    return dict(pairs)


def parse(text):
    try:
        return json.loads(text, object_pairs_hook=unique)
    except ValueError as error:
        refuse(f"not JSON ({error}): {text[:60]}")


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sha256(data):
    return hashlib.sha256(data).digest()


def start(source, interface, settings_digest):
    return sha256(canonical({"interface": interface, "settings_digest": settings_digest, "source": source}))


def step(head, record, content):
    """The digest, the hash and the next head of a record."""
    digest = sha256(content.encode()).hex()
    fields = {name: value for name, value in record.items() if name != "content"} | {"digest": digest}
    record_hash = sha256(canonical(fields))
    return digest, record_hash.hex(), sha256(head + record_hash)


def check_vectors(vectors):
    head = start(vectors["source"], vectors["interface"], vectors["settings_digest"])
    if head.hex() != vectors["start"]:
        refuse("the chain starts otherwise")
    for number, vector in enumerate(vectors["records"]):
        digest, record_hash, head = step(head, vector["record"], vector["record"]["content"])
        if (digest, record_hash, head.hex()) != (vector["digest"], vector["hash"], vector["head"]):
            refuse(f"vector {number} differs")
    print(f"{len(vectors['records'])} records as the vectors say")


def check_folder(folder):
    manifest = parse((folder / "manifest.json").read_text("utf-8"))
    lines = (folder / "evidence.jsonl").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    content = parse(lines[-1])["content"]
    head = start(manifest["component"]["id"], content["interface"], content["settings_digest"])
    for number, line in enumerate(lines, 1):
        record = parse(line)
        text = line[line.index('"content":') + 10 : line.rindex(',"digest":"')]
        digest, _, head = step(head, record, text)
        if digest != record["digest"] or parse(text) != record["content"]:
            refuse(f"line {number}: the content is not the one its digest is of")
    if head.hex() != manifest["chain_head"]:
        refuse("the chain head is not the manifest's")
    print(f"{len(lines)} records, chain head {head.hex()}")


if len(sys.argv) != 2 or not Path(sys.argv[1]).exists():
    refuse(__doc__)
place = Path(sys.argv[1])
check_folder(place) if place.is_dir() else check_vectors(parse(place.read_text("utf-8")))
