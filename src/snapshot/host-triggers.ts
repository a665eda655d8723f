/** The host's triggers on a table, as far as their definitions tell what fires them: https://sqlite.org/lang_createtrigger.html */
import { codeOf } from "../../formats/kit/tokens.ts";
import { ownership } from "../schema/own-tables.ts";

/** When a trigger fires. */
export interface HostTrigger {
  readonly isBefore: boolean;
  readonly event: string;
  /** Of an UPDATE OF the columns, as they are written there; null for any. */
  readonly columns: readonly string[] | null;
  /** There is a word in it that writes. */
  readonly writes: boolean;
}

/** The host's triggers on a table; those of other logs write to no table of its. */
export function hostTriggersOn(sql: SqlStorage, { name }: { readonly name: string }): readonly HostTrigger[] {
  const query =
    "SELECT type, name, tbl_name AS \"table\", sql FROM sqlite_schema WHERE type='trigger' AND tbl_name=? COLLATE NOCASE";
  const whose = ownership(sql);
  return sql
    .exec<{ type: string; name: string; table: string; sql: string }>(query, name)
    .toArray()
    .filter((trigger) => whose(trigger) === "host")
    .map((trigger) => described(trigger.sql));
}

/** CREATE TRIGGER [schema.]name [BEFORE | AFTER] event [OF column, …] ON … BEGIN …; words of a name or of a condition that are taken for these do no harm. */
function described(definition: string): HostTrigger {
  const words = codeOf(definition);
  const behindName = words.slice(words[3] === "." ? 5 : 3);
  const isTimed = /^(?:before|after)$/i.test(behindName[0] ?? "");
  const [event = "", of = "", ...rest] = isTimed ? behindName.slice(1) : behindName;
  const list = rest.slice(
    0,
    rest.findIndex((word) => /^on$/i.test(word)),
  );
  const body = behindName.slice(behindName.findIndex((word) => /^begin$/i.test(word)));
  return {
    isBefore: !isTimed || /^before$/i.test(behindName[0] ?? ""),
    event: event.toLowerCase(),
    columns: /^of$/i.test(of) ? list.filter((word) => word !== ",") : null,
    writes: body.some((word) => writing.has(word.toLowerCase())),
  };
}

const writing = new Set(["insert", "update", "replace", "delete"]);
