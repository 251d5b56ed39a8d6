// $facet: several pipelines over the same documents. They run side by side: a batch is handed to each of them before
// the next one is read, so that the input is not held. Source: MongoDB manual, "$facet".

import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { elementsOf, fieldsOf, typeNameOf } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import type { Batch, Source } from '../../source.ts';
import { groupBytesMax } from '../fold.ts';
import { allOf, computedSource } from '../sliced.ts';
import type { Stage, StageContext } from '../stage.ts';

/** One source read by several, each at its own pace within one batch. */
class Tee {
  readonly #inner: Source;
  readonly #taken: number[];
  readonly #active: boolean[];
  #batch: Batch = { documents: [], done: false };
  #generation = 0;
  #reading = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: (() => void)[] = [];

  constructor(inner: Source, readers: number) {
    this.#inner = inner;
    this.#taken = Array.from({ length: readers }, () => 0);
    this.#active = Array.from({ length: readers }, () => true);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** A reader that wants no more does not hold up the others. */
  leave(reader: number): void {
    this.#active[reader] = false;
    this.#wake();
  }

  async #take(reader: number, itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Batch> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#taken[reader]! < this.#generation) {
        this.#taken[reader] = this.#generation;
        this.#wake();
        return this.#batch;
      }
      if (this.#batch.done) return { documents: [], done: true };
      const held = this.#taken.some((taken, i) => this.#active[i]! && taken < this.#generation);
      if (!held && !this.#reading) {
        this.#reading = true;
        try {
          this.#batch = await this.#inner.next(itemsMax, bytesMax, signal);
          this.#generation++;
        } catch (error) {
          this.#failure = { error };
        }
        this.#reading = false;
        this.#wake();
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  reader(reader: number): Source {
    let rest: readonly Uint8Array[] = [];
    let at = 0;
    let done = false;
    return {
      next: async (itemsMax, bytesMax, signal) => {
        if (at >= rest.length && !done) {
          const batch = await this.#take(reader, itemsMax, bytesMax, signal);
          rest = batch.documents;
          at = 0;
          done = batch.done;
        }
        // Another reader may have asked for more documents than this one.
        const documents = rest.slice(at, at + itemsMax);
        at += documents.length;
        return { documents, done: done && at >= rest.length };
      },
      heldBytes: 0,
      // The source of all readers is closed with the stage.
      close: () => undefined,
    };
  }
}

/** Compiles the pipelines of a facet; given by the pipeline, which knows all stages. */
export type CompilePipeline = (stages: readonly Raw[], context: StageContext) => Stage;

export function facet(operand: Raw, context: StageContext, compile: CompilePipeline): Stage {
  const fields = operand.type === BsonType.object ? fieldsOf(operand) : [];
  if (fields.length === 0) throw new MongoError(40169, 'the $facet specification must be a non-empty object');
  const facets = fields.map(({ name, value }) => {
    if (value.type !== BsonType.array)
      throw new MongoError(40170, `arguments to $facet must be arrays, ${name} is type ${typeNameOf(value.type)}`);
    return { name, stage: compile(elementsOf(value), { ...context, surrounding: '$facet', level: context.level + 1 }) };
  });
  return (inner) =>
    computedSource(inner, async (signal) => {
      const tee = new Tee(inner, facets.length);
      let bytes = 0;
      const tooMuch = (): MongoError =>
        new MongoError(MongoCode.ExceededMemoryLimit, `$facet exceeded memory limit of ${groupBytesMax} bytes`);
      const results = await Promise.all(
        facets.map(async ({ stage }, i) => {
          try {
            const documents = await allOf(stage(tee.reader(i)), groupBytesMax, tooMuch, signal);
            for (const document of documents) bytes += document.length;
            if (bytes > groupBytesMax) throw tooMuch();
            return documents;
          } finally {
            tee.leave(i);
          }
        }),
      );
      const writer = new BsonWriter(4096).beginDocument();
      for (const [i, { name }] of facets.entries()) {
        writer.beginArray(name);
        for (const document of results[i]!) writer.document('', document);
        writer.end();
      }
      return { documents: [writer.end().finish()], bytes };
    });
}
