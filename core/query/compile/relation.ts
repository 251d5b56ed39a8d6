// Relation → operators. One case a kind. The outermost chain gets the source and the sort that can resume.

import { assert, badRequest } from '../../../model/errors.ts';
import type { Expression, Relation } from '../../../model/query.ts';
import type { Evaluate, Frame, OpenRows } from '../frame.ts';
import type { PreparedAccess } from '../open-access.ts';
import { applyRows } from '../operators/apply.ts';
import { distinctRows } from '../operators/distinct.ts';
import { filterRows } from '../operators/filter.ts';
import { groupRows } from '../operators/group.ts';
import { letRows } from '../operators/let.ts';
import { limitRows } from '../operators/limit.ts';
import { lookupRows } from '../operators/lookup.ts';
import { projectRows } from '../operators/project.ts';
import { settledRows } from '../operators/settled.ts';
import { skipRows } from '../operators/skip.ts';
import { innerSort, outermostSort } from '../operators/sort.ts';
import { innerSource, outermostSource, unitRows } from '../operators/source.ts';
import { summaryDistinct, summaryGroup } from '../operators/summary.ts';
import { unionRows } from '../operators/union.ts';
import { unnestRows } from '../operators/unnest.ts';
import type { CompiledRelation, Compiler } from './compiler.ts';
import { Scope, type Place } from './scope.ts';

/** Which nodes of the chain keep marks for a continuation. */
export interface OutermostNodes {
  readonly source: boolean;
  readonly sort: boolean;
  /** How the outermost source may go through an index. */
  readonly access?: PreparedAccess | undefined;
}

const none: OutermostNodes = { source: false, sort: false };

/** The count of a skip or limit. */
export function countOf(evaluate: Evaluate): (frame: Frame) => number {
  return (frame) => {
    const count = frame.context.semantics.numberOf(evaluate(frame));
    if (count === undefined || !Number.isSafeInteger(count) || count < 0) {
      throw badRequest('a count of rows is not an integer of 0 or more', 'query');
    }
    return count;
  };
}

function resultOf(relation: CompiledRelation): Place {
  assert(relation.result !== undefined, 'the relation ends in a projection');
  return relation.result;
}

export function compileRelation(
  compiler: Compiler,
  relation: Relation,
  outer: Scope | undefined,
  outermost: OutermostNodes = none,
): CompiledRelation {
  const compileInput = (input: Relation): CompiledRelation => compileRelation(compiler, input, outer, outermost);
  /** What of this node calls scripts. */
  const calling: Evaluate[] = [];
  const evaluate = (expression: Expression, scope: Scope): Evaluate => {
    const before = compiler.scripts;
    const compiled = compiler.expression(expression, scope).evaluate;
    if (compiler.scripts > before) calling.push(compiled);
    return compiled;
  };
  const settled = (open: OpenRows): OpenRows => (calling.length === 0 ? open : settledRows(open, calling));
  /** The input's scope with one binding more. */
  const bound = (input: CompiledRelation, name: string): { scope: Scope; slot: number } => {
    const scope = input.scope.extended();
    const slot = compiler.newSlot();
    scope.bind(name, { slot, isItem: false });
    return { scope, slot };
  };

  switch (relation.kind) {
    case 'unit':
      return { open: unitRows, scope: new Scope(outer), result: undefined };
    case 'source': {
      const scope = new Scope(outer);
      const slot = compiler.newSlot();
      scope.bind(relation.binding, { slot, isItem: true });
      const open = outermost.source
        ? outermostSource(relation.container, slot, outermost.access)
        : innerSource(relation.container, slot);
      return { open, scope, result: undefined };
    }
    case 'filter': {
      const input = compileInput(relation.input);
      const test = evaluate(relation.test, input.scope);
      return { ...input, open: filterRows(settled(input.open), test) };
    }
    case 'let': {
      const input = compileInput(relation.input);
      const { scope, slot } = bound(input, relation.binding);
      const value = evaluate(relation.value, input.scope);
      return { open: letRows(settled(input.open), slot, value), scope, result: undefined };
    }
    case 'unnest': {
      const input = compileInput(relation.input);
      const array = evaluate(relation.array, input.scope);
      const { scope, slot: element } = bound(input, relation.binding);
      let position: number | undefined;
      if (relation.position !== undefined) {
        position = compiler.newSlot();
        scope.bind(relation.position, { slot: position, isItem: false });
      }
      const open = unnestRows(settled(input.open), { element, position }, array, relation.outer);
      return { open, scope, result: undefined };
    }
    case 'apply': {
      const input = compileInput(relation.input);
      const query = compileRelation(compiler, relation.query, input.scope);
      const { scope, slot } = bound(input, relation.binding);
      return { open: applyRows(input.open, slot, query.open, resultOf(query)), scope, result: undefined };
    }
    case 'lookup': {
      const input = compileInput(relation.input);
      const from = compileRelation(compiler, relation.from, undefined);
      const foreignScope = new Scope();
      const foreignSlot = compiler.newSlot();
      foreignScope.bind(relation.foreignBinding, { slot: foreignSlot, isItem: false });
      const local = evaluate(relation.local, input.scope);
      const foreign = evaluate(relation.foreign, foreignScope);
      const { scope, slot } = bound(input, relation.binding);
      const parts = { slot, from: from.open, result: resultOf(from), local, foreign, foreignSlot };
      return { open: lookupRows(input.open, parts), scope, result: undefined };
    }
    case 'group': {
      const input = compileInput(relation.input);
      const scope = new Scope(outer);
      const place = (name: string): number => {
        const slot = compiler.newSlot();
        scope.bind(name, { slot, isItem: false });
        return slot;
      };
      const keys = relation.keys.map((key) => ({
        value: evaluate(key.value, input.scope),
        slot: place(key.binding),
      }));
      const aggregates = relation.aggregates.map((aggregate) => ({
        function: aggregate.function,
        argument: evaluate(aggregate.argument, input.scope),
        slot: place(aggregate.binding),
      }));
      const read = groupRows(settled(input.open), keys, aggregates);
      const { access } = outermost;
      const summary = access?.plan.summary;
      if (access === undefined || summary?.kind !== 'group' || summary.node !== relation)
        return { open: read, scope, result: undefined };
      const { container, binding } = access.plan.source;
      const slots = { item: input.scope.resolve(binding).slot, keys: keys.map(({ slot }) => slot), aggregates };
      return { open: summaryGroup(read, access, container, summary, slots), scope, result: undefined };
    }
    case 'sort': {
      const input = compileInput(relation.input);
      const orders = relation.keys.map((key) => ({
        value: evaluate(key.value, input.scope),
        descending: key.descending,
      }));
      const all = input.result === undefined ? input.scope.ownPlaces() : [input.result, ...input.scope.ownPlaces()];
      const places = relation.holds?.map((name) => input.scope.resolve(name)) ?? all;
      return { ...input, open: (outermost.sort ? outermostSort : innerSort)(settled(input.open), places, orders) };
    }
    case 'project': {
      const input = compileInput(relation.input);
      const place = relation.value.kind === 'variable' ? input.scope.resolve(relation.value.name) : undefined;
      // A whole item is not copied: the door splices its system properties into its own encoding.
      if (place?.isItem === true) return { ...input, result: place };
      const slot = compiler.newSlot();
      const value = evaluate(relation.value, input.scope);
      const open = projectRows(settled(input.open), slot, value);
      return { open, scope: input.scope, result: { slot, isItem: false } };
    }
    case 'distinct': {
      const input = compileInput(relation.input);
      const read = distinctRows(input.open, resultOf(input));
      const { access } = outermost;
      const summary = access?.plan.summary;
      if (access === undefined || summary?.kind !== 'distinct' || summary.node !== relation)
        return { ...input, open: read };
      const { container } = access.plan.source;
      return { ...input, open: summaryDistinct(read, access, container, summary.path, resultOf(input)) };
    }
    case 'skip':
    case 'limit': {
      const input = compileInput(relation.input);
      const count = countOf(evaluate(relation.count, new Scope(outer)));
      return { ...input, open: (relation.kind === 'skip' ? skipRows : limitRows)(input.open, count) };
    }
    case 'union': {
      const inputs = relation.inputs.map((input) => compileRelation(compiler, input, outer));
      const slot = compiler.newSlot();
      const open = unionRows(
        inputs.map((input) => ({ open: input.open, result: resultOf(input) })),
        slot,
      );
      return { open, scope: new Scope(outer), result: { slot, isItem: false } };
    }
  }
}
