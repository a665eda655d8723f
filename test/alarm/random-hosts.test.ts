/** Random hosts: none loses an alarm, none is called when it has set none, and no job stands still. docs/alarms.md has the sentence that this holds. */
import { describe, expect, it } from "vitest";
import { liveAll } from "../support/random-hosts.ts";
import { byThoroughness } from "../support/thorough.ts";

describe("random hosts", () => {
  it("have the alarm that the model says, without exports", async () => {
    const { faults, runs, failures, losses } = await liveAll({ first: 1, count: 8, exports: false });
    expect(faults).toEqual([]);
    expect(runs).toBeGreaterThan(10);
    expect(failures).toBeGreaterThan(0);
    expect(losses).toBeGreaterThan(3);
  }, 180_000);

  it("have the same with exports, and every job ends", async () => {
    const { faults, runs, failures, losses, dumps } = await liveAll({
      first: 1,
      count: byThoroughness(8, 16),
      exports: true,
    });
    expect(faults).toEqual([]);
    expect(runs).toBeGreaterThan(10);
    expect(failures).toBeGreaterThan(0);
    expect(losses).toBeGreaterThan(3);
    expect(dumps).toBeGreaterThan(byThoroughness(4, 8));
  }, 180_000);
});
