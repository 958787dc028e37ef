"""Checks the signature of a collection with securesystemslib, by the authors of in-toto and TUF, and what it signs.

    pip install securesystemslib cryptography
    python3 docs/check-signature.py EVIDENCE_FOLDER KEY.pub
"""
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

folder, key = Path(sys.argv[1]), load_pem_public_key(Path(sys.argv[2]).read_bytes())
keyid = hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
envelope = Envelope.from_dict(json.loads((folder / "seal.dsse.json").read_text()))
envelope.verify([SSlibKey.from_crypto(key, keyid)], threshold=1)
if envelope.payload != (folder / "seal.json").read_bytes():
    sys.exit("check-signature: seal.json is not what was signed")
for file in json.loads(envelope.payload)["subject"]:
    if hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() != file["digest"]["sha256"]:
        sys.exit(f"check-signature: {file['name']} was changed")
print(f"signed by the owner of key {keyid}")
