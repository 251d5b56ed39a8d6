// $redact: keeps, prunes or descends into each level of a document, as an expression says of it.
// Source: MongoDB manual, "$redact".

import { BsonType } from '../../../../model/bson/types.ts';
import { ElementCursor, rawDocument, textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { MongoError } from '../../errors.ts';
import { compileExpression } from '../expression.ts';
import type { Evaluate } from '../row.ts';
import { bind, type Frame } from '../scope.ts';
import { eachSource } from '../sliced.ts';
import type { Stage, StageContext, StageRow } from '../stage.ts';
import { stringRaw, typeName } from '../value.ts';

const decisions = ['DESCEND', 'PRUNE', 'KEEP'] as const;

function redact(operand: Raw, context: StageContext): Stage {
  const { scope, slots } = bind(context.scope, ['CURRENT', ...decisions]);
  const { frame } = scope.environment;
  const { evaluate } = compileExpression(operand, scope);
  const level: Level = { evaluate, frame, slot: slots[0]! };
  return (inner) =>
    eachSource(inner, (document) => {
      frame.enter(document);
      for (const [i, decision] of decisions.entries()) frame.slots[slots[i + 1]!] = stringRaw(decision);
      const writer = new BsonWriter(document.length).beginDocument();
      return redactFields(level, rawDocument(document), writer) ? writer.end().finish() : undefined;
    });
}

interface Level {
  readonly evaluate: Evaluate;
  readonly frame: Frame;
  readonly slot: number;
}

function decisionOf({ evaluate, frame, slot }: Level, current: Raw): (typeof decisions)[number] {
  frame.slots[slot] = current;
  const value = evaluate(frame);
  const text = value?.type === BsonType.string ? textOfRaw(value) : undefined;
  const decision = decisions.find((each) => each === text);
  if (decision === undefined)
    throw new MongoError(
      17053,
      `$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, but returned ${typeName(value)}`,
    );
  return decision;
}

/** Writes what stays of an object into the open one; false when nothing does. Depth is that of the document. */
function redactFields(level: Level, object: Raw, writer: BsonWriter): boolean {
  const decision = decisionOf(level, object);
  if (decision === 'PRUNE') return false;
  if (decision === 'KEEP') {
    writer.span(object.bytes, object.start + 4, object.end - 1);
    return true;
  }
  const cursor = new ElementCursor(object.bytes, object.start);
  while (cursor.next()) redactValue(level, cursor.name(), cursor.raw(), writer);
  return true;
}

function redactValue(level: Level, name: string, value: Raw, writer: BsonWriter): void {
  if (value.type === BsonType.object) {
    const inner = new BsonWriter(value.end - value.start).beginDocument();
    if (redactFields(level, value, inner)) writer.document(name, inner.end().finish());
  } else if (value.type === BsonType.array) {
    writer.beginArray(name);
    const cursor = new ElementCursor(value.bytes, value.start);
    while (cursor.next()) redactValue(level, '', cursor.raw(), writer);
    writer.end();
  } else writer.raw(name, value);
}

export const redactStages: readonly StageRow[] = [{ name: '$redact', compile: redact }];
