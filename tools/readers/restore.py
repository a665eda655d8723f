"""Runs dumps with Python's sqlite3: paths of a dump and of the database to make, as JSON, a line each."""
import json
import sqlite3
import sys

for line in sys.stdin:
    dump, database = json.loads(line)
    connection = sqlite3.connect(database)
    try:
        with open(dump, encoding="utf-8", newline="") as file:
            connection.executescript(file.read())
        print(json.dumps({}))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    finally:
        connection.close()
