// Who looks at whole logical partitions and must know when one is written: told when a write is staged, so that a later
// proposal of the same commit group knows it, and when it is applied, for a watch that began in between. A write that is
// taken back again was told for nothing.

export class KeyWatch {
  /** Something in the logical partition was written, or nearly, since the watch began. */
  isTouched = false;
}

export class KeyWatches {
  readonly #byKey = new Map<string, Set<KeyWatch>>();

  /** Watches the logical partition of that key text until `release`. */
  watch(key: string): { readonly watch: KeyWatch; readonly release: () => void } {
    const watch = new KeyWatch();
    let watches = this.#byKey.get(key);
    if (watches === undefined) this.#byKey.set(key, (watches = new Set()));
    watches.add(watch);
    const known = watches;
    const release = (): void => {
      known.delete(watch);
      if (known.size === 0 && this.#byKey.get(key) === known) this.#byKey.delete(key);
    };
    return { watch, release };
  }

  touch(key: string): void {
    if (this.#byKey.size === 0) return;
    for (const watch of this.#byKey.get(key) ?? []) watch.isTouched = true;
  }
}
