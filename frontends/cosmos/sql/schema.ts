// What the definition of a container says about the names in a query over it.

import type { ComputedProperty } from './computed.ts';
import type { VectorDistances } from './vector-distance.ts';

export interface ContainerSchema {
  /** Equal for equal definitions: prepared queries are kept by it. */
  readonly text: string;
  readonly computed: ReadonlyMap<string, ComputedProperty>;
  readonly distances: VectorDistances;
  /** Coordinates of GeoJSON are those of a plane, not degrees. */
  readonly planar?: boolean | undefined;
}
