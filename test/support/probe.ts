/** An object with nothing but a database, for tests of what stands below the Exporter. */
import { DurableObject } from "cloudflare:workers";

export class Probe extends DurableObject {}
