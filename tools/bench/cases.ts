/** What is measured: the shell's ways, ours, D1's, and what nothing can be faster than. */
import { download, runCommand, runJob, runOnServer, type Measured } from "./measure.ts";
import type { Server } from "../lib/server.ts";
import { has } from "../../test/support/e2e/commands.ts";

/** Something to time. */
export interface Case {
  readonly name: string;
  /** The case whose time is 1.00. */
  readonly reference: string | null;
  /** Floors and direct downloads that it cannot be faster than, the longest of which counts. */
  readonly floors: readonly string[];
  readonly run: (bytesOf: (name: string) => number) => Promise<Measured>;
}

/** What one case of ours asks for. */
interface Variant {
  readonly name: string;
  readonly query: string;
  readonly shell: string;
  readonly level: number;
}

const shellNames = { sql: ".dump", csv: "-csv", jsonl: "-json" } as const;

function variants(): readonly Variant[] {
  return (["sql", "csv", "jsonl"] as const).flatMap((format) => {
    const query = `format=${format}`;
    const shell = `sqlite3 ${shellNames[format]}`;
    return [
      { name: format, query, shell, level: 6 },
      { name: `${format} gzip`, query: `${query}&gzip=1`, shell: `${shell} | gzip -6`, level: 6 },
      { name: `${format} gzip 1`, query: `${query}&gzip=1`, shell: `${shell} | gzip -1`, level: 1 },
      // several tables are no zstd file
      ...(format === "sql"
        ? [{ name: "sql zstd", query: `${query}&compress=zstd`, shell: `${shell} | zstd -3`, level: 6 }]
        : []),
    ];
  });
}

/** All cases for a server whose database is a copy of the file. `hasD1` where D1's exporter has one, too. */
export function casesFor(server: Server, file: string, tables: readonly { readonly name: string }[], hasD1: boolean) {
  const selects = tables.map(({ name }) => `SELECT * FROM "${name}";`).join(" ");
  const commands = {
    ".dump": `sqlite3 '${file}' .dump`,
    "-csv": `sqlite3 -csv -header '${file}' '${selects}'`,
    "-json": `sqlite3 -json '${file}' '${selects}'`,
  };
  const onServer = (name: string, path: (bytes: number) => string, like?: string): Case => ({
    name,
    reference: null,
    floors: [],
    run: (bytesOf) => runOnServer(server, () => download(server, path(like === undefined ? 0 : bytesOf(like)))),
  });
  const shell = ["", " | gzip -6", " | gzip -1", ...(has("zstd") ? [" | zstd -3"] : [])].flatMap((pipe) =>
    Object.entries(commands).map(([name, command]): Case => ({
      name: `sqlite3 ${name}${pipe}`,
      reference: null,
      floors: [],
      run: () => runCommand(command + pipe),
    })),
  );
  const ours = variants().flatMap(({ name, query, shell: reference, level }): readonly Case[] => [
    {
      name: `GET ${name}`,
      reference,
      floors: [`floor HTTP, ${name}`],
      run: () => runOnServer(server, () => download(server, `/export/dump?${query}`, level)),
    },
    {
      name: `POST ${name}`,
      reference,
      floors: [`floor R2, ${name}`, `GET ${name}`],
      run: () => runOnServer(server, () => runJob(server, query, level)),
    },
    onServer(`floor HTTP, ${name}`, (bytes) => `/floor/http?bytes=${bytes}`, `GET ${name}`),
    onServer(`floor R2, ${name}`, (bytes) => `/floor/r2?bytes=${bytes}`, `POST ${name}`),
  ]);
  const floors = [
    onServer("floor SQLite, a bare scan", () => "/floor/scan"),
    onServer("floor deflate 6, as GET sql", (bytes) => `/floor/deflate?level=6&bytes=${bytes}`, "GET sql"),
    onServer("floor deflate 1, as GET sql", (bytes) => `/floor/deflate?level=1&bytes=${bytes}`, "GET sql"),
  ];
  const d1 = hasD1 ? [{ ...onServer("D1's exporter", () => "/d1"), reference: "sqlite3 .dump" }] : [];
  return [...shell, ...d1, ...ours, ...floors];
}

/** The cases whose name holds the text, and what they are compared with. */
export function chosen(all: readonly Case[], text: string): readonly Case[] {
  const wanted = all.filter(({ name }) => name.includes(text));
  const names = new Set(wanted.flatMap(({ name, reference, floors }) => [name, reference, ...floors]));
  const floorsOfFloors = all.filter(({ name }) => names.has(name)).flatMap(({ name }) => name);
  return all.filter(({ name }) => names.has(name) || floorsOfFloors.includes(name));
}
