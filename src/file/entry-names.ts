/** Names of an archive's entries: safe to unpack on every system, and one for each table. */

/** What a file name must not hold on Windows, macOS or Linux, and the leading dots and trailing dots and spaces. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unsafe = /[\u0000-\u001f\u007f<>:"/\\|?*]|^\.+|[. ]+$/g;
/** Names of devices on Windows, also with an ending, and of the archive's own entries. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|schema|manifest) *(?:\.|$)/i;

/** Bytes of a name at most; with its ending and a number it stays below the 255 that most file systems take. */
const maxNameBytes = 200;

/** One name for each table, in order: its own where that is safe and not taken, else marked by a number. */
export function entryNames(tables: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  const numbers = new Map<string, number>(); // the next one to try, so that many names of one kind are not gone through each time
  return tables.map((table) => {
    const safe = shortened(table).replaceAll(unsafe, "_") || "_";
    const base = reserved.test(safe) ? `_${safe}` : safe;
    let name = base;
    let number = numbers.get(folded(base)) ?? 2;
    while (taken.has(folded(name))) name = `${base}~${number++}`;
    numbers.set(folded(base), number);
    taken.add(folded(name));
    return name;
  });
}

/** Some systems take names that differ in case, or in how an accent is composed, for the same one. */
function folded(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase();
}

function shortened(name: string): string {
  if (name.length * 3 <= maxNameBytes) return name;
  let bytes = 0;
  const fits = (character: string) => (bytes += new TextEncoder().encode(character).length) <= maxNameBytes;
  const characters = Array.from(name);
  const end = characters.findIndex((character) => !fits(character));
  return end === -1 ? name : characters.slice(0, end).join("");
}
