/** `durable-export/testing`: what a format of your own is held against. */
export type { Format } from "../formats/format.ts";
