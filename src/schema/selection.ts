/** Which tables are exported, and what belongs to them. */
import { foldAscii, quoteName } from "../../formats/kit/expression.ts";
import { ExportError } from "../errors.ts";
import { absentFrom } from "./absent.ts";
import { isReserved, isReservedSql } from "./objects.ts";
import type { Catalog, NameFilter, SourceSchema, SourceTable } from "./source-table.ts";

/** Which tables: null for all, then without the excluded ones. */
export interface Selection {
  readonly tables: readonly string[] | null;
  readonly exclude: readonly string[];
}

/** Whether a table is selected, by its name, or its owner's. */
export function choiceOf({ tables: wanted, exclude }: Selection): (name: string) => boolean {
  const [chosen, excluded] = [wanted === null ? null : new Set(wanted), new Set(exclude)];
  return (name) => (chosen === null || chosen.has(name)) && !excluded.has(name);
}

/** The names that a selection may hold. */
export function tableNames(catalog: Catalog): readonly string[] {
  return catalog.tables.filter((table) => table.kind !== "shadow").map((table) => table.name);
}

/** The part of the schema that is to be exported: the tables chosen, and what belongs to them. Throws `data_unreadable`. */
export function select(catalog: Catalog, { tables: wanted, exclude }: Selection): SourceSchema {
  const isChosen = choiceOf({ tables: wanted, exclude });
  const tables = catalog.tables.filter((table) => isChosen(table.owner ?? table.name));
  const views = wanted === null ? catalog.others.filter((object) => object.type === "view") : [];
  const homes = new Set([...tables, ...views].map(({ name }) => foldAscii(name)));
  const others = catalog.others.filter((object) => object.sql !== null && homes.has(foldAscii(object.table)));
  const all = wanted === null && exclude.length === 0;
  const names = tables.map(({ name }) => name);
  const internal = catalog.internal
    .filter((table) => all || table.name !== "sqlite_sequence" || tables.some((one) => one.autoincrement))
    .map((table): SourceTable => {
      const column = table.name === "sqlite_sequence" ? "name" : "tbl";
      // by names alone, whatever tables there are: a new one of the platform's changes nothing of a file that is being made
      const filter: NameFilter = all
        ? { column, names: names.filter(isReserved), otherwise: `${column} IS NULL OR NOT (${isReservedSql(column)})` }
        : { column, names, otherwise: "0" };
      return { ...table, filter };
    });
  const bad = [...tables, ...views, ...others].find(({ name }) => catalog.unreadable.has(name));
  if (bad !== undefined) {
    throw new ExportError(
      "data_unreadable",
      `Cannot export the ${bad.type} ${quoteName(bad.name)}: its definition holds bytes that are no UTF-8; leave table ${quoteName(bad.table)} out, or make it anew`,
    );
  }
  return {
    unselected: absentFrom(catalog.known, [...tables, ...views, ...internal]),
    selectsByName: wanted !== null,
    selectsEverything: all,
    tables,
    indexes: others.filter((object) => object.type === "index"),
    views,
    triggers: others.filter((object) => object.type === "trigger"),
    internal,
    warnings: catalog.warnings,
  };
}
