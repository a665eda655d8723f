/** `npm start`: the Worker on 127.0.0.1:8787 with the token `dev-token`; further arguments go to wrangler dev and win. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const wrangler = join(import.meta.dirname, "../node_modules/wrangler/bin/wrangler.js");
const given = process.argv.slice(2);
const has = (name: string) => given.some((argument) => argument === name || argument.startsWith(`${name}=`));
const defaults = [
  ...(has("--ip") ? [] : ["--ip", "127.0.0.1"]),
  ...(has("--port") ? [] : ["--port", "8787"]),
  ...(given.some((argument) => argument.startsWith("EXPORT_TOKEN:")) ? [] : ["--var", "EXPORT_TOKEN:dev-token"]),
];

const child = spawn(process.execPath, ["--no-warnings", wrangler, "dev", ...defaults, ...given], {
  stdio: "inherit",
  env: { WRANGLER_SEND_METRICS: "false", ...process.env },
});
// Ctrl-C reaches the child by itself: it is in the same terminal. What only this process gets is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
