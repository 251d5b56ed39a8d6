// `meridian check`: verifies a data directory that no server has open. It changes no record; opening the store may
// finish what LevelDB had begun, and segments of the index may be written as at any start.

import { checkStore, type CheckReport } from '../../core/check.ts';
import { IndexKeeper } from '../../core/index-keeper.ts';
import { openDataDirectory, readManifest } from '../../core/storage/data-directory.ts';
import { openIndexDirectory } from '../../core/storage/index-directory.ts';
import { IndexThread } from '../../core/storage/index-thread.ts';
import { openLevelStore } from '../../core/storage/level-store.ts';
import { progressBar } from '../progress.ts';
import { UsageError } from '../flag-type.ts';
import type { Command } from '../commands.ts';

export const check: Command = async ({ settings, json, write }) => {
  if ((await readManifest(settings.data)) === undefined)
    throw new UsageError(`--data ${settings.data} is no data directory`);
  const directory = await openDataDirectory(settings.data);
  try {
    const { manifest } = directory;
    const reports: CheckReport[] = [];
    for (const region of manifest.regions)
      for (let number = 0; number < manifest.stores; number++) {
        const store = await openLevelStore(directory.storeDirectory(region.number, number));
        const tasks = new IndexThread();
        const openIndex = async (account: number, group: number): Promise<IndexKeeper> =>
          IndexKeeper.open(await openIndexDirectory(directory.indexDirectory(region.number, number, account, group)), {
            tasks,
          });
        const progress = progressBar('records', undefined);
        try {
          reports.push(await checkStore(store, { onRecords: (records) => progress.update(records), openIndex }));
        } finally {
          progress.stop();
          await tasks.close();
          await store.close();
        }
      }
    const names = new Map(manifest.accounts.map((account) => [account.number, account.name]));
    write(json ? `${JSON.stringify(reports, undefined, 2)}\n` : textOf(reports, names));
    return reports.every(({ faultCount }) => faultCount === 0) ? 0 : 1;
  } finally {
    await directory.close();
  }
};

function textOf(reports: readonly CheckReport[], names: ReadonlyMap<number, string>): string {
  const lines: string[] = [];
  for (const { logs, faults, faultCount } of reports) {
    for (const log of logs)
      lines.push(
        `${names.get(log.account) ?? `account ${log.account}`}: ${log.databases} databases, ${log.containers} containers, ` +
          `${log.partitions} partitions, ${log.items} items; ${log.records} records in ${log.entries} entries, ` +
          `${log.trimmed} trimmed, ${(log.bytes / 1e6).toFixed(1)} MB`,
      );
    lines.push(...faults.map((fault) => `DAMAGE  ${fault}`));
    if (faultCount > faults.length) lines.push(`… and ${faultCount - faults.length} more`);
  }
  const total = reports.reduce((sum, { faultCount }) => sum + faultCount, 0);
  lines.push(total === 0 ? 'everything holds' : `${total} faults found`);
  return `${lines.join('\n')}\n`;
}
