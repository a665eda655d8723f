/** Configurations of Workers that stand in for the deployable one: the same object and bucket, another entry. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a configuration into a folder, and gives its path. `main` is the entry's path; `more` is added as it is. */
export function writeConfig(folder: string, main: string, more: Readonly<Record<string, unknown>>): string {
  const path = join(folder, "wrangler.json");
  const config = {
    name: "durable-export-stand-in",
    main,
    compatibility_date: "2026-10-01",
    durable_objects: { bindings: [{ name: "DATABASE", class_name: "Database" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["Database"] }],
    r2_buckets: [{ binding: "EXPORTS", bucket_name: "stand-in" }],
    ...more,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}
