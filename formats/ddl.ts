/** Stored CREATE statements, made safe to put one behind the other. */

/**
 * The statement with its `;`, closing what its text leaves open: a line comment at its end would swallow the `;`, and
 * SQLite accepts a block comment that never ends, which would swallow the rest of the file.
 */
export function closeStatement(sql: string): string {
  const open = openComment(sql);
  if (open === "line") return `${sql}\n;\n`;
  if (open === "block") return `${sql}*/;\n`;
  return `${sql};\n`;
}

/** Strings, quoted names and comments, in which quotes and comment signs mean nothing (https://sqlite.org/lang.html). */
const opaque = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*(\n|$)|\/\*[\s\S]*?(\*\/|$)/g;

function openComment(sql: string): "line" | "block" | null {
  for (const match of sql.matchAll(opaque)) {
    if (match.index + match[0].length !== sql.length) continue;
    if (match[0].startsWith("--") && match[1] === "") return "line";
    if (match[0].startsWith("/*") && match[2] === "") return "block";
  }
  return null;
}
