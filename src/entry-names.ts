/** Names of an archive's entries: safe to unpack on every system, and one for each table. */

/** What a file name must not hold on Windows, macOS or Linux, and the leading dots and trailing dots and spaces. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unsafe = /[\u0000-\u001f\u007f<>:"/\\|?*]|^\.+|[. ]+$/g;
const reserved = /^(con|prn|aux|nul|com[0-9]|lpt[0-9]|schema)$/i;

/** One name for each table, in order: its own where that is safe and, but for case, not taken; else marked by a number. */
export function entryNames(tables: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return tables.map((table) => {
    const safe = table.replaceAll(unsafe, "_").slice(0, 100) || "_";
    const base = reserved.test(safe) ? `${safe}_` : safe;
    let name = base;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base}~${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
