// Seeded chance for tests: the seed is printed when a run begins, and MERIDIAN_SEED repeats it.

/** The seed of this run: given, or new. Printed, so that a failure can be repeated. */
export function seedOf(): number {
  const given = process.env['MERIDIAN_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`seed ${seed} (repeat with MERIDIAN_SEED=${seed})`);
  return seed;
}

/** Numbers in [0, 1) that the seed decides: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Multiplier of the randomised tests: MERIDIAN_TEST_SCALE. */
export const testScale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);
