/** Numbers that look random, and are the same for the same seed. */

/** 0 to 1, by a linear congruential generator: https://en.wikipedia.org/wiki/Linear_congruential_generator (Numerical Recipes) */
export function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
}
