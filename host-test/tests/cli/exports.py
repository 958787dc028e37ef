"""Reads exports with readers that others wrote, and fails on the first thing that is not as it has to be.

    exports.py csv COLLECTION FOLDER | xlsx COLLECTION FILE | part FILE SHEET WORDS | oscal FILE SCRATCH | ocsf FILE | recipe COLLECTION DOCUMENT
"""

import json
import pathlib
import re
import subprocess
import sys

SIGNS = "=+-@\t\r\n＝＋－＠"


def manifest(collection):
    return json.loads((pathlib.Path(collection) / "manifest.json").read_text())["records_per_kind"]


def harmless(cell, where):
    """A text that no spreadsheet takes for a formula, and that steers no terminal."""
    first = cell.lstrip()[:1]
    assert first == "" or first not in SIGNS, f"{where}: {cell!r} could be a formula"
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cell), f"{where}: {cell!r} has control characters"


def check_csv(collection, folder):
    import csv

    import duckdb

    counted = duckdb.sql(
        f"SELECT kind, count(*) FROM read_json('{collection}/evidence.jsonl', format = 'newline_delimited', columns = {{kind: 'VARCHAR'}}) GROUP BY kind"
    )
    assert dict(counted.fetchall()) == manifest(collection)
    for kind, records in manifest(collection).items():
        file = f"{folder}/{kind}.csv"
        # As anybody would read it: nothing is said of separators or quotes, which DuckDB finds out.
        found = duckdb.sql(f"SELECT * FROM read_csv('{file}', all_varchar = true)")
        assert found.columns[0] == "coverage" and "digest" in found.columns, (kind, found.columns)
        assert len(found.fetchall()) == records, f"{kind}: {len(found.fetchall())} rows, {records} records"
        digests = {row[0] for row in found.project("digest").fetchall()}
        told = {line["digest"] for line in lines(f"{collection}/evidence.jsonl") if line["kind"] == kind}
        assert digests == told, kind
    for file in pathlib.Path(folder).iterdir():
        with open(file, newline="", encoding="utf-8") as text:
            for row in csv.reader(text, strict=True):
                for cell in row:
                    if not re.fullmatch(r"-?\d+(\.\d+)?", cell):
                        harmless(cell, file.name)


def check_xlsx(collection, file):
    import openpyxl

    book = openpyxl.load_workbook(file)
    assert book.properties.created.year == 2000, "a moment of its own makes other bytes each time"
    for kind, records in manifest(collection).items():
        assert book[kind].max_row - 1 == records, f"{kind}: {book[kind].max_row - 1} rows, {records} records"
    texts = 0
    for sheet in book:
        assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref, sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "snb" and cell.hyperlink is None, f"{sheet.title} {cell.coordinate}: {cell.data_type}"
                texts += cell.data_type == "s" and str(cell.value).startswith("=")
    print(f"{texts} texts begin with =")


def check_part(file, sheet, words):
    import openpyxl

    part = openpyxl.load_workbook(file)[f"{sheet} (part)"]
    assert part["A1"].value == "INCOMPLETE" and part["A2"].value == words, (part["A1"].value, part["A2"].value)


def check_oscal(file, scratch):
    import os

    from oscal import AssessmentResults, oscal_support
    from oscal_bindings import parse_assessment_results

    parse_assessment_results(pathlib.Path(file).read_text())
    oscal_support.configure_support(db_path=os.path.join(scratch, "support.db"))
    results = AssessmentResults.open(file)
    assert results.validate() and all(results.validation_status.values()), results.validation_errors[:5]
    trestle = os.path.join(os.path.dirname(sys.executable), "trestle")
    workspace = pathlib.Path(scratch) / "trestle"
    workspace.mkdir()
    run = lambda *args: subprocess.run([trestle, *args], cwd=workspace, check=True, capture_output=True, text=True).stdout
    run("init", "--local")
    run("import", "-f", file, "-o", "ours")
    assert "VALID" in run("validate", "-t", "assessment-results", "-n", "ours")


def lines(file):
    # Not by splitlines, which also splits at what JSON leaves as it is.
    return [json.loads(line) for line in pathlib.Path(file).read_text().split("\n") if line]


def check_ocsf(file):
    import jsonschema
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
    classes = {}
    for event in lines(file):
        uid = event["class_uid"]
        if uid not in classes:
            of_class = schema.get_class_schema(class_name=schema.lookup_class_name_from_uid(class_uid=uid))
            classes[uid] = jsonschema.Draft202012Validator(of_class)
        classes[uid].validate(event)
    assert set(classes) == {2003, 5003, 5023}, classes.keys()


def check_recipe(collection, document):
    import os

    import duckdb

    recipe = re.search("```sql\n(.*?)```", pathlib.Path(document).read_text(), re.DOTALL).group(1)
    counts = manifest(collection)
    os.chdir(collection)
    users = duckdb.sql(recipe)
    assert len(users.fetchall()) == counts["user"]
    for place in ["evidence", "'evidence.parquet'"]:
        assert dict(duckdb.sql(f"SELECT kind, count(*) FROM {place} GROUP BY kind").fetchall()) == counts, place
    lost = duckdb.sql("SELECT count(*) FROM 'evidence.parquet' WHERE observed_at IS NULL OR content IS NULL OR provenance IS NULL")
    assert lost.fetchall() == [(0,)]


if __name__ == "__main__":
    {"csv": check_csv, "xlsx": check_xlsx, "part": check_part, "oscal": check_oscal, "ocsf": check_ocsf, "recipe": check_recipe}[sys.argv[1]](*sys.argv[2:])
    print("as it has to be")
