// What the expressions of a command see: the time it began, and the variables that its `let` binds.
// Source: MongoDB manual, "let" of aggregate, find, update, delete and findAndModify.

import { fieldsOf } from '../bson-input.ts';
import type { Arguments } from '../arguments.ts';
import type { Call } from '../call.ts';
import { compileExpression } from './expression.ts';
import { bind, checkVariableName, rootScope, type Scope } from './scope.ts';
import { owned } from './value.ts';

export function commandScope({ shared }: Pick<Call, 'shared'>, args: Arguments): Scope {
  return boundScope(rootScope(shared.time.nowMs), args, 'let');
}

/** The scope with the constants that an argument gives. */
export function boundScope(scope: Scope, args: Arguments, argument: string): Scope {
  const constants = args.object(argument);
  if (constants === undefined) return scope;
  const fields = fieldsOf(constants);
  for (const { name } of fields) checkVariableName(name);
  const bound = bind(
    scope,
    fields.map(({ name }) => name),
  );
  const { frame } = scope.environment;
  frame.root = undefined;
  for (const [i, { value }] of fields.entries()) {
    const result = compileExpression(value, scope).evaluate(frame);
    frame.slots[bound.slots[i]!] = result === undefined ? undefined : owned(result);
  }
  return bound.scope;
}
