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


def by_polars(path, **options):
    import polars

    frame = polars.read_csv(path, **options)
    return frame.columns, [list(row) for row in frame.rows()]


def kinds_of(path):
    """The type of each column; str where there are several, or none."""
    with open(path, encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    kinds = {name: {type(row[name]) for row in rows} - {type(None)} for name in (rows[0] if rows else {})}
    return {name: next(iter(kind)) if len(kind) == 1 else str for name, kind in kinds.items()}


def by_polars_lines(path, types=None):
    import polars

    types = types and {name: {int: polars.Int64, float: polars.Float64}.get(kind, polars.String) for name, kind in kinds_of(path).items()}
    frame = polars.read_ndjson(path, schema=types)
    return frame.columns, [list(row) for row in frame.rows()]


def by_pyarrow_lines(path, types=None):
    from pyarrow import float64, int64, json as arrow, schema, string

    options = {}
    if types:
        fields = [(name, {int: int64(), float: float64()}.get(kind, string())) for name, kind in kinds_of(path).items()]
        options = {"parse_options": arrow.ParseOptions(explicit_schema=schema(fields)), "read_options": arrow.ReadOptions(block_size=1 << 27)}
    table = arrow.read_json(path, **options)
    return table.column_names, [list(row.values()) for row in table.to_pylist()]


readers = {
    "polars": by_polars,
    "polars exact": lambda path: by_polars(path, infer_schema=False, missing_utf8_is_empty_string=False),
    "polars lines": by_polars_lines,
    "polars lines exact": lambda path: by_polars_lines(path, types=True),
    "pyarrow lines": by_pyarrow_lines,
    "pyarrow lines exact": lambda path: by_pyarrow_lines(path, types=True),
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
