// Where in the log of a group the later records of each partition begin, so that a change feed is read from there
// and not from the log's start. Kept in memory only: what it has forgotten costs time and never a change.
//
// A mark (lsn, sequence) says: every record of the partition with a higher LSN has a higher sequence. Marks are dense
// at the end of the log and thin towards its start. Where a page of a feed ended is remembered beside them.

/** Marks of one partition, after which older ones are thinned: 16 bytes each. */
const marksMax = 256;

/** Places where pages ended that are remembered exactly, of all readers of the group. */
const pagesMax = 1024;

interface Marks {
  readonly lsns: number[];
  readonly sequences: number[];
}

export class LogMarks {
  readonly #byPartition = new Map<number, Marks>();
  readonly #pages = new Map<string, number>();

  /** Takes note of an applied record. */
  applied(partition: number, lsn: number, sequence: number): void {
    let marks = this.#byPartition.get(partition);
    if (marks === undefined) this.#byPartition.set(partition, (marks = { lsns: [], sequences: [] }));
    marks.lsns.push(lsn);
    marks.sequences.push(sequence);
    if (marks.lsns.length > marksMax) thin(marks);
  }

  /** The last record applied of the partition has this LSN, and that sequence is the last applied of all. */
  atEnd(partition: number, lsn: number, sequence: number): void {
    const marks = this.#byPartition.get(partition);
    if (marks === undefined) this.applied(partition, lsn, sequence);
    else if (marks.lsns.at(-1) === lsn) marks.sequences[marks.sequences.length - 1] = sequence;
  }

  /** A page ended with that record: whoever goes on from it finds its place at once. */
  pageEnded(partition: number, lsn: number, sequence: number): void {
    this.#pages.set(`${partition}:${lsn}`, sequence);
    if (this.#pages.size > pagesMax) for (const oldest of this.#pages.keys()) return void this.#pages.delete(oldest);
  }

  forget(partition: number): void {
    this.#byPartition.delete(partition);
  }

  /** A sequence after which all records of the partition above that LSN stand. */
  before(partition: number, lsn: number): number {
    const page = this.#pages.get(`${partition}:${lsn}`) ?? 0;
    return Math.max(page, this.#marked(partition, lsn));
  }

  #marked(partition: number, lsn: number): number {
    const marks = this.#byPartition.get(partition);
    if (marks === undefined) return 0;
    let low = 0;
    let high = marks.lsns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (marks.lsns[middle]! <= lsn) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : marks.sequences[low - 1]!;
  }
}

/** Drops every second mark of the older half. */
function thin(marks: Marks): void {
  const half = marks.lsns.length >>> 1;
  const stays = (_: number, place: number) => place >= half || place % 2 === 1;
  const lsns = marks.lsns.filter(stays);
  const sequences = marks.sequences.filter(stays);
  marks.lsns.splice(0, Infinity, ...lsns);
  marks.sequences.splice(0, Infinity, ...sequences);
}
