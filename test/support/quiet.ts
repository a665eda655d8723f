/**
 * Runs in Vitest's own process, before all tests: keeps back what workerd prints about objects that tests lose on purpose. The plugin writes each
 * message of workerd's to stderr at once (vitest-plugin, handleStructuredLogs). What is not on this list is shown.
 */
const expected: readonly RegExp[] = [
  // an object that a test has aborted; "lost" is what the tests say as they do it
  /^exception = .*broken\.outputGateBroken; jsg\.Error: lost(?:, as it was told)?$/m,
  /^exception = .*jsg\.Error: Application called abortAllDurableObjects\(\)\./m,
  // an alarm that is set anew while it runs, or found after its object was lost
  /^NOSENTRY SQLite alarm (?:overdue, running despite AlarmManager mismatch|handler canceled with requestScheduledAlarm)/,
];

export default function keepBackWhatIsExpected(): () => void {
  const { stderr } = process;
  const write = stderr.write.bind(stderr);
  stderr.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (typeof chunk === "string" && expected.some((line) => line.test(chunk))) return true;
    return Reflect.apply(write, stderr, [chunk, ...rest]) === true;
  };
  return () => {
    stderr.write = write;
  };
}
