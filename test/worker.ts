export { Archive } from "./archive.ts";
export { Probe } from "./probe.ts";

export default { fetch: () => new Response("There is nothing here", { status: 404 }) };
