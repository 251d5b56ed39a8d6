// Where in an index the values of a path lie. MongoDB reads `a.b` through arrays: the values of one path are spread
// over the index paths a.b, a.b.[], a.[].b and a.[].b.[], and a numeric step is also a position in an array, which
// the index does not keep. This finds those index paths that exist, with the steps `path.ts` takes on an item.
//
// Invariant: every value that `compilePath` meets on an indexed item lies at one of the spots, unless `excluded` or
// `overflow` says that some may lie nowhere in the index.

import type { PathDictionary } from '../../../indexer/paths.ts';
import { anyElement, type PathStep } from '../../../indexer/policy.ts';

export interface Spot {
  readonly steps: readonly PathStep[];
  /** Id of the index path. */
  readonly path: number;
}

/** An element that is met only where it stands at this position of the array at `array`. */
export interface PointedSpot extends Spot {
  readonly array: number;
  readonly position: number;
}

export interface Spots {
  /** Where the path ends. */
  readonly values: readonly Spot[];
  /** Where it ends only if an array on the way is entered at a certain position: perhaps a value of another path. */
  readonly loose: readonly Spot[];
  /** Elements of the arrays at `values` and `loose`. */
  readonly elements: readonly Spot[];
  readonly looseElements: readonly Spot[];
  /** Where the last step is a position. */
  readonly pointed: readonly PointedSpot[];
  /** Index path of the path taken without any array; 0 when no item has it. */
  readonly direct: number;
  /** Some item has an array on the way. */
  readonly crossesArrays: boolean;
  /** The path is the field whose string is the id. */
  readonly isIdentity: boolean;
  /** The policy leaves some of it out. */
  readonly excluded: boolean;
  /** The dictionary was full for some of it. */
  readonly overflow: boolean;
}

/** Index paths looked at for one path; beyond, the index is not asked. */
const visitsMax = 512;

const positionForm = /^(?:0|[1-9][0-9]{0,8})$/;

/** One index path as it is known: its id, or why it has none. */
export function known(
  paths: PathDictionary,
  steps: readonly PathStep[],
): number | 'absent' | 'excluded' | 'overflow' | 'identity' {
  const nested = paths.resolve(steps, 'nested');
  if (nested.kind === 'excluded' || nested.kind === 'identity') return nested.kind;
  const scalar = paths.resolve(steps, 'scalar');
  return scalar.kind === 'path' ? scalar.path : scalar.kind;
}

/** The spots of a path that begins at `base`. `inArray`: base may be an array that is read as a document. */
export function spotsOf(
  paths: PathDictionary,
  base: readonly PathStep[],
  names: readonly string[],
  inArray = false,
): Spots {
  return new Search(paths, names).from(base, inArray);
}

/** One search; recursion is one step of the path a level. */
class Search {
  readonly #paths: PathDictionary;
  readonly #names: readonly string[];
  readonly #values: Spot[] = [];
  readonly #loose: Spot[] = [];
  readonly #elements: Spot[] = [];
  readonly #looseElements: Spot[] = [];
  readonly #pointed: PointedSpot[] = [];
  #direct = 0;
  #crossesArrays = false;
  #isIdentity = false;
  #excluded = false;
  #overflow = false;
  #visits = 0;

  constructor(paths: PathDictionary, names: readonly string[]) {
    this.#paths = paths;
    this.#names = names;
  }

  from(base: readonly PathStep[], inArray: boolean): Spots {
    this.#visit(base, 0, true, false);
    if (inArray) {
      const array = this.#known(base);
      const element = this.#spot([...base, anyElement]);
      if (element !== undefined && array > 0) this.#point(element, array, 0);
    }
    return {
      values: this.#values,
      loose: this.#loose,
      elements: this.#elements,
      looseElements: this.#looseElements,
      pointed: this.#pointed,
      direct: this.#direct,
      crossesArrays: this.#crossesArrays,
      isIdentity: this.#isIdentity,
      excluded: this.#excluded || this.#visits > visitsMax,
      overflow: this.#overflow,
    };
  }

  #known(steps: readonly PathStep[]): number {
    const found = known(this.#paths, steps);
    if (found === 'excluded') this.#excluded = true;
    else if (found === 'overflow') this.#overflow = true;
    else if (found === 'identity') this.#isIdentity = true;
    return typeof found === 'number' ? found : 0;
  }

  #spot(steps: readonly PathStep[]): Spot | undefined {
    if (++this.#visits > visitsMax) return undefined;
    const path = this.#known(steps);
    return path === 0 ? undefined : { steps, path };
  }

  /** `steps` leads to documents, in which name `at` of the path is looked up. */
  #visit(steps: readonly PathStep[], at: number, direct: boolean, loose: boolean): void {
    const child = this.#spot([...steps, this.#names[at]!]);
    if (child === undefined) return;
    const element = this.#spot([...child.steps, anyElement]);
    if (at === this.#names.length - 1) {
      if (direct) this.#direct = child.path;
      (loose ? this.#loose : this.#values).push(child);
      if (element !== undefined) (loose ? this.#looseElements : this.#elements).push(element);
      return;
    }
    this.#visit(child.steps, at + 1, direct, loose);
    if (element !== undefined) this.#cross(element, child.path, at + 1, loose);
  }

  /** The path goes on behind an array, through its object elements or at a position. */
  #cross(element: Spot, array: number, at: number, loose: boolean): void {
    this.#crossesArrays = true;
    this.#visit(element.steps, at, false, loose);
    this.#point(element, array, at);
  }

  #point(element: Spot, array: number, at: number): void {
    const name = this.#names[at]!;
    if (!positionForm.test(name)) return;
    this.#crossesArrays = true;
    if (at === this.#names.length - 1) {
      this.#pointed.push({ ...element, array, position: Number(name) });
      return;
    }
    this.#visit(element.steps, at + 1, false, true);
    const inner = this.#spot([...element.steps, anyElement]);
    if (inner !== undefined) this.#cross(inner, element.path, at + 1, true);
  }
}
