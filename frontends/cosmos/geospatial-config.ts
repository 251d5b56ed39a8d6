// What the coordinates of a container's GeoJSON mean: geospatialConfig {type}, Geography unless it says Geometry.
// Source: "Geospatial data" of the query reference; names are matched as they are written there.

import { planeName } from '../../core/query/functions/spatial.ts';
import { BsonType } from '../../model/bson/types.ts';
import { childOf, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { badRequest } from '../../model/errors.ts';
import { valueOf } from '../../model/value.ts';

export const geospatialConfigField = 'geospatialConfig';
export const geographyName = 'Geography';

/** Throws BadRequest when a definition's value is none. */
export function checkGeospatialConfig(config: Raw): void {
  const type = valueOf(childOf(config, 'type'));
  if (type !== geographyName && type !== planeName)
    throw badRequest(`${geospatialConfigField}.type must be ${geographyName} or ${planeName}`, geospatialConfigField);
}

export function isPlanar(settings: Uint8Array): boolean {
  const config = fieldOf(settings, geospatialConfigField);
  return config?.type === BsonType.object && valueOf(childOf(config, 'type')) === planeName;
}
