// PUT /?restype=service&comp=properties: sets what the document has; what it has not stays as it was.

import type { Answer } from '../answer.ts';
import { tablesDatabase, type Call } from '../call.ts';
import { replaceSettings } from '../replace-settings.ts';
import { propertiesIn, servicePropertiesOf, withProperties } from '../service-properties.ts';
import { readXml } from '../xml.ts';

export async function replaceServiceProperties({ request, engine, context }: Call): Promise<Answer> {
  const root = await readXml(request.body, 'StorageServiceProperties');
  const { catalog } = engine;
  await replaceSettings(async () => {
    const set = propertiesIn(root, servicePropertiesOf(catalog));
    const database = catalog.databaseOrNone(tablesDatabase);
    if (database === undefined)
      await engine.execute(
        { kind: 'create-database', id: tablesDatabase, settings: withProperties(emptyDocument, set) },
        context,
      );
    else
      await engine.execute(
        {
          kind: 'replace-database',
          id: tablesDatabase,
          settings: withProperties(database.settings, set),
          ifMatch: database.time,
        },
        context,
      );
  });
  return { status: 202, headers: [], body: undefined };
}

const emptyDocument = Uint8Array.of(5, 0, 0, 0, 0);
