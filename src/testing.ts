/** `durable-export/testing`: what a format of your own is held against, in a test that runs in workerd. */
export { formatContract, type ContractCheck, type ContractOptions } from "./format-contract/contract.ts";
export type { Format } from "../formats/format.ts";
