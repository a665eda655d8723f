/** Who wakes the object. */
export interface WakeSchedule {
  /** Sees to it that `alarm()` is called at a time, Unix milliseconds, or earlier. False while that cannot be. */
  wake(at: number): Promise<boolean>;
  /** Nothing is to be done any more. */
  rest(): Promise<void>;
  /** An alarm has fired: true if it was the exporter's alone. `next` is when there is something to do again. */
  fired(info: AlarmInvocationInfo | undefined, next: number | null): Promise<boolean>;
}
