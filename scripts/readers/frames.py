"""Reads CSV files, whose paths come by standard input, with a Python library; prints each one's names and rows as a line of JSON."""
import csv
import json
import math
import sys


def cell(value):
    """A value as [kind, text]; None for nothing."""
    kind = type(value).__name__
    if value is None or kind in ("NAType", "NaTType"):
        return None
    if isinstance(value, str):
        return ["text", value]
    if kind.startswith(("int", "uint")):
        return ["integer", str(int(value))]
    if kind.startswith("float"):
        return None if math.isnan(value) else ["real", repr(float(value))]
    return ["other", json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else str(value)]


def by_pandas(path, **options):
    import pandas

    frame = pandas.read_csv(path, **options)
    return list(frame.columns), frame.astype(object).values.tolist()


def by_csv(path):
    csv.field_size_limit(sys.maxsize)
    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = (row or [""] for row in csv.reader(file, strict=True))
    return names, rows


def by_pyarrow(path, **convert):
    from pyarrow import csv as arrow

    options = {}
    if convert:
        with open(path, newline="", encoding="utf-8") as file:
            names = next(csv.reader(file))
        options = {
            "parse_options": arrow.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            "convert_options": arrow.ConvertOptions(column_types={name: "string" for name in names}, **convert),
        }
    table = arrow.read_csv(path, **options)
    return table.column_names, [list(row.values()) for row in table.to_pylist()]


def by_json(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    return list(rows[0]) if rows else [], [list(row.values()) for row in rows]


def by_pandas_lines(path):
    import pandas

    frame = pandas.read_json(path, lines=True)
    return list(frame.columns), frame.astype(object).values.tolist()


def by_objects(path):
    import pandas

    with open(path, encoding="utf-8", newline="\n") as file:
        frame = pandas.DataFrame([json.loads(line) for line in file], dtype=object)
    return list(frame.columns), frame.values.tolist()


readers = {
    "json": by_json,
    "pandas lines": by_pandas_lines,
    "pandas lines exact": by_objects,
    "pandas": by_pandas,
    "pandas exact": lambda path: by_pandas(path, dtype=str, keep_default_na=False, skip_blank_lines=False, lineterminator="\n"),
    "csv": by_csv,
    "pyarrow": by_pyarrow,
    "pyarrow exact": lambda path: by_pyarrow(path, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]),
}
read = readers[sys.argv[1]]
for line in sys.stdin:
    try:
        names, rows = read(json.loads(line))
        print(json.dumps({"names": [str(name) for name in names], "rows": [[cell(value) for value in row] for row in rows]}))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
