/** The alarm past everything that an object's own storage may show, and how late all things are. */

type Alarms = Pick<DurableObjectStorage, "getAlarm" | "setAlarm" | "deleteAlarm">;

/** The platform's own calls. */
export function thePlatforms(storage: DurableObjectStorage): Alarms {
  const platform: DurableObjectStorage = Object.getPrototypeOf(storage);
  return {
    getAlarm: platform.getAlarm.bind(storage),
    setAlarm: platform.setAlarm.bind(storage),
    deleteAlarm: platform.deleteAlarm.bind(storage),
  };
}

/** The alarm that stands. */
export function standingAlarm({ storage }: DurableObjectState): Promise<number | null> {
  return thePlatforms(storage).getAlarm();
}

/**
 * Tells, as long as something goes on, by how many milliseconds a timer of 20 ms is late: what is late because the thread, or the machine, has other
 * things to do is late without the exporter, too.
 */
export async function beside(work: Promise<unknown>, late: (ms: number) => void): Promise<void> {
  const over = work.then(() => true);
  for (;;) {
    const started = Date.now();
    if (await Promise.race([over, scheduler.wait(20).then(() => false)])) return;
    late(Date.now() - started - 20);
  }
}
