// How often the histories met what they are for. A checker that never saw a late effect has proven nothing about
// late effects, so the figures are printed per 1,000 histories and each is asserted to be above zero.

export const situations = [
  'unknown with effect',
  'unknown without effect yet',
  'unknown with late effect',
  'fenced',
  'duplicate',
  'stale read',
  'hole met',
  'disk full',
  'takeover',
  'crash',
  'batch lost by a crash',
  'settled as void',
  'epoch',
  'acknowledged',
  'refused for certain',
  'outcome unknown to the client',
] as const;
export type Situation = (typeof situations)[number];

export class Coverage {
  readonly #counts = new Map<Situation, number>();
  histories = 0;

  count(situation: Situation, times = 1): void {
    this.#counts.set(situation, this.of(situation) + times);
  }

  of(situation: Situation): number {
    return this.#counts.get(situation) ?? 0;
  }

  add(other: Coverage): void {
    for (const situation of situations) this.count(situation, other.of(situation));
    this.histories += other.histories;
  }

  /** One line: each situation per 1,000 histories. */
  line(): string {
    const rate = (situation: Situation) => Math.round((this.of(situation) * 1000) / Math.max(1, this.histories));
    return situations.map((situation) => `${situation} ${rate(situation)}`).join(', ');
  }
}
