/** Views, virtual tables, triggers and foreign keys, and what each of them uses: whatever uses what is not there does not work either. */
import { foldAscii, quoteName } from "../../kit/expression.ts";
import type { UnselectedObject, Content, Schema, SchemaObject, Table } from "../../format.ts";
import { triggerReferences, viewReferences, type Deed, type Reference } from "./references.ts";
import { externalContent, moduleOf, vocabularyOf } from "../../kit/virtual-table.ts";

/** Something that fails as long as `missing` is not there. */
export interface Broken {
  /** Stable. */
  readonly code: Code;
  readonly object: SchemaObject;
  /** What fails: reading a view or a table, writing to a table. */
  readonly fails: string;
  /** Some of what is missing, if it is much. */
  readonly missing: readonly UnselectedObject[];
}

export type Code =
  | "broken_view"
  | "broken_virtual_table"
  | "broken_trigger"
  | "broken_foreign_key"
  | "broken_foreign_key_action";

/** So many names are looked for behind each object, and told. */
export const mostMissing = 20;
/** Definitions that are read between two places where others may come in: some milliseconds. */
export const perTurn = 100;
/** An object and what it uses. */
interface Node {
  readonly code: Code;
  readonly object: SchemaObject;
  readonly fails: string;
  readonly missing: Map<string, UnselectedObject>;
  /** What uses it, by name. */
  readonly users: Node[];
  /** And by what makes it fire; each list is shared by all that the same fires. */
  readonly usedBy: Node[][];
}

/** What is to be done when something is written to a table. */
interface Fired {
  /** What writes to it. */
  readonly users: Node[];
  /** What only some columns concern. */
  readonly some: { readonly node: Node; readonly columns: readonly string[] }[];
}

/** What uses what. */
export class Graph {
  readonly nodes: Node[] = [];
  /** To be done when all nodes are there. */
  readonly links: (() => void)[] = [];
  /** What is read, by name. */
  readonly #readable = new Map<string, Node>();
  /** What fires, and what foreign keys need, when a table is written to, by deed and name. */
  readonly #fired = new Map<string, Fired>();
  readonly #schema: Schema;
  readonly #hasStatistics: boolean;
  readonly #tables: ReadonlyMap<string, Table>;
  /** What the actions of foreign keys do to others when a table is written to, by deed and name. */
  readonly #actions = new Map<string, Reference[]>();

  constructor(schema: Schema, content: Content) {
    this.#schema = schema;
    this.#hasStatistics = content === "all";
    this.#tables = new Map(schema.tables.map((table) => [foldAscii(table.name), table]));
  }

  addView(view: SchemaObject): void {
    this.#addReadable("broken_view", view, viewReferences(view.sql ?? ""));
  }

  /** A table: it may show what others hold, and its foreign keys may need others, or do something to it. */
  addTable(table: Table): void {
    if (table.kind === "virtual") this.#addVirtual(table);
    for (const { parent, columns: own, parentColumns, onDelete, onUpdate } of table.foreignKeys) {
      const [name, to, columns] = [foldAscii(table.name), foldAscii(parent), own.map(foldAscii)];
      const missing = this.#absent(to);
      if (missing === null) {
        this.#acts("delete", to, [], onDelete, { deed: onDelete === "CASCADE" ? "delete" : "update", name, columns });
        this.#acts("update", to, parentColumns.map(foldAscii), onUpdate, { deed: "update", name, columns });
        continue;
      }
      const node = nodeOf("broken_foreign_key", table, "writing to it, where foreign keys are enforced,");
      node.missing.set(missing.name, missing);
      this.nodes.push(node);
      for (const deed of ["insert", "update", "delete"])
        this.#fires(deed, name, node, deed === "update" ? columns : []);
    }
  }

  addTrigger(object: SchemaObject): void {
    const { event, columns, references } = triggerReferences(object.sql ?? "");
    const node = nodeOf("broken_trigger", object, each(event, columns));
    this.#fires(event, foldAscii(object.table), node, columns);
    this.#link(node, references);
  }

  /** All that miss something, with what is missing behind what they use. */
  *broken(): Iterable<Broken | null> {
    const open = this.nodes.filter(({ missing }) => missing.size > 0);
    for (let at = 0; at < open.length; at++) {
      const node = open[at];
      if (node === undefined) break;
      for (const user of [node.users, ...node.usedBy].flat()) {
        const before = user.missing.size;
        for (const [name, one] of node.missing) if (user.missing.size < mostMissing) user.missing.set(name, one);
        if (user.missing.size > before) open.push(user);
      }
      if (at % perTurn === perTurn - 1) yield null;
    }
    let told = 0;
    for (const { code, object, fails, missing } of this.nodes) {
      if (++told % perTurn === 0) yield null;
      if (missing.size > 0) yield { code, object, fails, missing: [...missing.values()] };
    }
  }

  #addVirtual(table: Table): void {
    // it shows an index, whose content is not looked at
    const isVocabulary = moduleOf(table) === "fts5vocab";
    const origin = isVocabulary ? vocabularyOf(table) : (externalContent(table)?.name ?? null);
    if (origin === null || (isVocabulary && this.#absent(foldAscii(origin)) === null)) return;
    this.#addReadable("broken_virtual_table", table, [{ deed: "read", name: foldAscii(origin), columns: [] }]);
  }

  #addReadable(code: Code, object: SchemaObject, references: readonly Reference[]): void {
    const node = nodeOf(code, object, "reading it");
    this.#readable.set(foldAscii(object.name), node);
    this.#link(node, references);
  }

  #acts(deed: "delete" | "update", parent: string, some: readonly string[], action: string, does: Reference): void {
    const table = this.#tables.get(parent);
    if (table === undefined || !/^(?:CASCADE|SET NULL|SET DEFAULT)$/.test(action)) return;
    const columns = deed === "delete" ? [] : some.length > 0 ? some : table.primaryKey.map(foldAscii);
    const key = [deed, parent, ...columns].join(" ");
    const list = this.#actions.get(key);
    if (list !== undefined) {
      list.push(does);
      return;
    }
    const references = [does];
    this.#actions.set(key, references);
    const node = nodeOf("broken_foreign_key_action", table, `${each(deed, columns)}, where foreign keys are enforced,`);
    this.#fires(deed, parent, node, columns);
    this.#link(node, references);
  }

  #fires(deed: string, name: string, node: Node, columns: readonly string[]): void {
    const key = `${deed} ${name}`;
    const fired: Fired = this.#fired.get(key) ?? { users: [], some: [] };
    this.#fired.set(key, fired);
    if (columns.length > 0) fired.some.push({ node, columns });
    else node.usedBy.push(fired.users);
  }

  #link(node: Node, references: readonly Reference[]): void {
    this.nodes.push(node);
    this.links.push(() => {
      for (const { deed, name, columns } of references) {
        const missing = this.#absent(name);
        if (missing !== null) {
          if (node.missing.size < mostMissing) node.missing.set(missing.name, missing);
          continue;
        }
        this.#readable.get(name)?.users.push(node);
        const fired = this.#fired.get(`${deed} ${name}`);
        fired?.users.push(node);
        for (const one of fired?.some ?? [])
          if (one.columns.some((column) => columns.includes(column))) one.node.users.push(node);
      }
    });
  }

  #absent(name: string): UnselectedObject | null {
    const absent = this.#schema.unselected(name);
    if (absent !== null || this.#hasStatistics || !name.startsWith("sqlite_stat")) return absent;
    const isThere = this.#schema.internal.some((table) => foldAscii(table.name) === name);
    return isThere ? { type: "table", name, selectedBy: null } : null; // ANALYZE makes it, and no definition does
  }
}

function each(deed: Deed, columns: readonly string[]): string {
  const some = columns.slice(0, mostMissing).map(quoteName).join(", ");
  return `each ${deed.toUpperCase()}${columns.length === 0 ? "" : ` of ${some}`} on it`;
}

function nodeOf(code: Code, object: SchemaObject, fails: string): Node {
  return { code, object, fails, missing: new Map(), users: [], usedBy: [] };
}
