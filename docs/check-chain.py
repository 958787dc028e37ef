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

def must(holds, why):
    if not holds:
        sys.exit(f"check-chain: {why}")

def unique(pairs):
    must(len(dict(pairs)) == len(pairs), f"a name comes twice in one object: {[name for name, _ in pairs]}")
    return dict(pairs)

def parse(text):
    return json.loads(text, object_pairs_hook=unique)

def sha256(data):
    return hashlib.sha256(data).digest()

def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

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
    must(head.hex() == vectors["start"], "the chain starts otherwise")
    for number, vector in enumerate(vectors["records"]):
        digest, record_hash, head = step(head, vector["record"], vector["record"]["content"])
        same = (digest, record_hash, head.hex()) == (vector["digest"], vector["hash"], vector["head"])
        must(same, f"vector {number} differs")
    print(f"{len(vectors['records'])} records as the vectors say")

def check_folder(folder):
    manifest = parse((folder / "manifest.json").read_text("utf-8"))
    lines = (folder / "evidence.jsonl").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    content = parse(lines[-1])["content"]
    head = start(manifest["component"]["id"], content["interface"], content["settings_digest"])
    for number, line in enumerate(lines, 1):
        record, text = parse(line), line[line.index('"content":') + 10 : line.rindex(',"digest":"')]
        digest, _, head = step(head, record, text)
        same = digest == record["digest"] and parse(text) == record["content"]
        must(same, f"line {number}: the content is not the one its digest is of")
    must(head.hex() == manifest["chain_head"], "the chain head is not the manifest's")
    print(f"{len(lines)} records, chain head {head.hex()}")

must(len(sys.argv) == 2 and Path(sys.argv[1]).exists(), __doc__)
place = Path(sys.argv[1])
check_folder(place) if place.is_dir() else check_vectors(parse(place.read_text("utf-8")))
