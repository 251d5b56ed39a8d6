// GET /?restype=service&comp=properties: what analytics is to do, and the rules for pages of other sites.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { propertiesXml, servicePropertiesOf } from '../service-properties.ts';
import { xmlDocument } from '../xml.ts';

export function readServiceProperties({ engine }: Call): Answer {
  return { status: 200, ...xmlDocument(propertiesXml(servicePropertiesOf(engine.catalog))) };
}
