/** Expectations that need no test runner. */

/** Throws an `Error` with the message unless the condition holds. */
export function expectTrue(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Throws an `Error` that says where two files differ first. */
export function equalBytes(found: Uint8Array, expected: Uint8Array, when: string): void {
  const length = Math.max(found.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (found[index] === expected[index]) continue;
    const around = (bytes: Uint8Array) =>
      JSON.stringify(new TextDecoder().decode(bytes.subarray(Math.max(0, index - 20), index + 20)));
    throw new Error(
      `The file differs ${when}, from byte ${index} on: ${around(found)} instead of ${around(expected)} (${found.length} and ${expected.length} bytes)`,
    );
  }
}
