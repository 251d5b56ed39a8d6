// $cond, $ifNull, $switch, $let, $literal, $rand. Branches that are not taken are not evaluated.
// Source: MongoDB manual, "Conditional Expression Operators", "Variable Expression Operators".

import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { elementsOf, fieldsOf, typeNameOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { literal, namedOperands, operandsOf, type Expression, type OperatorRow, type Parse } from '../row.ts';
import { bind, checkVariableName } from '../scope.ts';
import { doubleRaw, isNullish, isTrue } from '../value.ts';

function condition(operand: Raw, parse: Parse): Expression {
  let texts: readonly Raw[];
  if (operand.type === BsonType.object) {
    const given = namedOperands('$cond', operand, ['if', 'then', 'else'], [], {
      notObject: 16020,
      unknown: 17083,
      missing: { if: 17080, then: 17081, else: 17082 },
    });
    texts = [given.get('if')!, given.get('then')!, given.get('else')!];
  } else {
    texts = operandsOf(operand);
    if (texts.length !== 3)
      throw new MongoError(16020, `Expression $cond takes exactly 3 arguments. ${texts.length} were passed in.`);
  }
  const [test, then, otherwise] = texts.map((text) => parse.expression(text)) as [Expression, Expression, Expression];
  if (test.constant) return isTrue(test.evaluate(parse.scope.environment.frame)) ? then : otherwise;
  return {
    constant: false,
    evaluate: (frame) => (isTrue(test.evaluate(frame)) ? then.evaluate(frame) : otherwise.evaluate(frame)),
  };
}

function ifNull(operand: Raw, parse: Parse): Expression {
  const parts = operandsOf(operand).map((text) => parse.expression(text));
  if (parts.length < 2) throw new MongoError(1257300, `$ifNull needs at least two arguments, had: ${parts.length}`);
  const last = parts.pop()!;
  return {
    constant: false,
    evaluate: (frame) => {
      for (const part of parts) {
        const value = part.evaluate(frame);
        if (!isNullish(value)) return value;
      }
      return last.evaluate(frame);
    },
  };
}

function switchOf(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$switch', operand, [], ['branches', 'default'], {
    notObject: 40060,
    unknown: 40067,
    missing: 40068,
  });
  const list = given.get('branches');
  if (list !== undefined && list.type !== BsonType.array)
    throw new MongoError(40061, `$switch expected an array for 'branches', found: ${typeNameOf(list.type)}`);
  const branches = (list === undefined ? [] : elementsOf(list)).map((branch) => {
    const parts = namedOperands('$switch branch', branch, ['case', 'then'], [], {
      notObject: 40062,
      unknown: 40063,
      missing: { case: 40064, then: 40065 },
    });
    return { test: parse.expression(parts.get('case')!), then: parse.expression(parts.get('then')!) };
  });
  if (branches.length === 0) throw new MongoError(40068, '$switch requires at least one branch.');
  const fallback = given.get('default');
  const otherwise = fallback === undefined ? undefined : parse.expression(fallback);
  return {
    constant: false,
    evaluate: (frame) => {
      for (const { test, then } of branches) if (isTrue(test.evaluate(frame))) return then.evaluate(frame);
      if (otherwise === undefined)
        throw new MongoError(
          40066,
          '$switch could not find a matching branch for an input, and no default was specified.',
        );
      return otherwise.evaluate(frame);
    },
  };
}

function letOf(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$let', operand, ['vars', 'in'], [], {
    notObject: 16874,
    unknown: 16875,
    missing: { vars: 16876, in: 16877 },
  });
  const variables = given.get('vars')!;
  if (variables.type !== BsonType.object)
    throw new MongoError(10065, `invalid parameter: expected an object (vars), found ${typeNameOf(variables.type)}`);
  const bindings = fieldsOf(variables);
  for (const { name } of bindings) checkVariableName(name);
  const values = bindings.map(({ value }) => parse.expression(value));
  const { scope, slots } = bind(
    parse.scope,
    bindings.map(({ name }) => name),
  );
  const inner = parse.expression(given.get('in')!, scope);
  return {
    constant: inner.constant,
    evaluate: (frame) => {
      // All are computed before the first is bound: they do not see each other.
      const bound = values.map((value) => value.evaluate(frame));
      for (let i = 0; i < slots.length; i++) frame.slots[slots[i]!] = bound[i];
      return inner.evaluate(frame);
    },
  };
}

export const conditionalOperators: readonly OperatorRow[] = [
  { name: '$cond', compile: condition },
  { name: '$ifNull', compile: ifNull },
  { name: '$switch', compile: switchOf },
  { name: '$let', compile: letOf },
  { name: '$literal', compile: (operand) => literal(operand) },
  {
    name: '$rand',
    compile: (operand) => {
      if (operandsOf(operand).length > 0 && !(operand.type === BsonType.object && fieldsOf(operand).length === 0))
        throw new MongoError(3040501, '$rand does not currently accept arguments');
      return { constant: false, evaluate: () => doubleRaw(Math.random()) };
    },
  },
];
