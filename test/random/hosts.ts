/** New random hosts, until time is up; a host whose alarm is not what the platform alone would have made of it is to become a case of its own. */
import { expect, inject, it } from "vitest";
import { liveAll } from "../support/random-hosts.ts";

const hostsPerRound = 8;

it("finds no host whose alarm is lost, late or not its own, and no job that stands still", async () => {
  const [first, end] = [inject("seed"), Date.now() + inject("minutes") * 60_000];
  const sum = { hosts: 0, runs: 0, failures: 0, losses: 0, dumps: 0 };
  for (let seed = first; Date.now() < end; seed += hostsPerRound) {
    const { faults, runs, failures, losses, dumps } = await liveAll({
      first: seed,
      count: hostsPerRound,
      exports: true,
    });
    sum.hosts += hostsPerRound;
    sum.runs += runs;
    sum.failures += failures;
    sum.losses += losses;
    sum.dumps += dumps;
    console.log(`seeds ${first} to ${seed + hostsPerRound - 1}: ${JSON.stringify(sum)}`);
    expect(faults).toEqual([]);
  }
  expect(sum.hosts).toBeGreaterThan(0);
});
