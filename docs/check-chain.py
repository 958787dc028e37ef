"""Checks wit/chain-vectors.json, or a collection, with nothing of this project's code.

    python3 docs/check-chain.py wit/chain-vectors.json|EVIDENCE_FOLDER

RFC 8785 for records is plain: all their fields but `content` are texts and small numbers, which Python's json
writes as that prescribes once names are sorted.
"""
import hashlib, json, sys
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

def start(source, interface, settings_digest):
    return sha256(canonical({"interface": interface, "settings_digest": settings_digest, "source": source}))

def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

def step(head, record, content):
    digest = sha256(content.encode()).hex()
    record_hash = sha256(canonical({name: value for name, value in record.items() if name != "content"} | {"digest": digest}))
    return digest, record_hash.hex(), sha256(head + record_hash)

def check_vectors(vectors):
    head = start(vectors["source"], vectors["interface"], vectors["settings_digest"])
    must(head.hex() == vectors["start"], "the chain starts otherwise")
    for number, vector in enumerate(vectors["records"]):
        *same, head = step(head, vector["record"], vector["record"]["content"])
        must([*same, head.hex()] == [vector["digest"], vector["hash"], vector["head"]], f"vector {number} differs")
    print(f"{len(vectors['records'])} records as the vectors say")

def check_folder(folder):
    manifest, seal = (parse((folder / name).read_text("utf-8")) for name in ("manifest.json", "seal.json"))
    head, journal = start(manifest["component"]["id"], "compliance:source@0.2.0", manifest["settings_digest"]), bytes(32)
    for number, line in enumerate((folder / "evidence.jsonl").open("rb"), 1):
        record, text = parse(line), line[line.index(b'"content":') + 10 : line.rindex(b',"digest":"')].decode()
        digest, _, head = step(head, record, text)
        must(digest == record["digest"] and parse(text) == record["content"], f"line {number}: not the content of its digest")
    for line in (folder / "journal.jsonl").open("rb"):
        journal = sha256(journal + sha256(line.removesuffix(b"\n")))
    must((head.hex(), journal.hex()) == (manifest["chain_head"], manifest["journal_head"]), "the heads are not the manifest's")
    names = {"evidence.jsonl", "evidence.sha256", "journal.jsonl", "manifest.json"}
    must({file["name"] for file in seal["subject"]} == names, f"the seal does not list {sorted(names)}")
    for file in seal["subject"]:
        must(sha256((folder / file["name"]).read_bytes()).hex() == file["digest"]["sha256"], f"{file['name']} was changed")
    print(f"{number} records consistent with each other, seal {sha256((folder / 'seal.json').read_bytes()).hex()}")

must(len(sys.argv) == 2 and Path(sys.argv[1]).exists(), __doc__)
place = Path(sys.argv[1])
check_folder(place) if place.is_dir() else check_vectors(parse(place.read_text("utf-8")))
