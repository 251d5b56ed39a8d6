// The shape of an operator's row and the few ways operators take their operands: a fixed number of positions, any
// number, or names. A row turns its operand into an expression once; what is constant is computed then.
// Source: MongoDB manual, "Aggregation Operators"; codes and words are MongoDB's.

import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { elementsOf, fieldsOf, typeNameOf } from '../bson-input.ts';
import { MongoError } from '../errors.ts';
import type { Frame, Scope } from './scope.ts';
import { owned, type Operand } from './value.ts';

export type Evaluate = (frame: Frame) => Operand;

export interface Expression {
  readonly evaluate: Evaluate;
  /** Gives the same for every document. */
  readonly constant: boolean;
}

/** Reading the operands of an operator. */
export interface Parse {
  readonly scope: Scope;
  /** The expression that a value of the text says, in this scope or an inner one. */
  expression(text: Raw, scope?: Scope): Expression;
}

export interface OperatorRow {
  readonly name: string;
  readonly compile: (operand: Raw, parse: Parse) => Expression;
}

export function literal(value: Operand): Expression {
  const kept = value === undefined ? undefined : owned(value);
  return { evaluate: () => kept, constant: true };
}

/** An expression over others, computed at once when they are all constant; errors wait until it is reached. */
export function over(parts: readonly Expression[], evaluate: Evaluate, { scope }: Parse): Expression {
  if (!parts.every((part) => part.constant)) return { evaluate, constant: false };
  try {
    return literal(evaluate(scope.environment.frame));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return { evaluate, constant: false };
  }
}

/** Operands of a positional operator: one that is no array stands for itself. */
export function operandsOf(operand: Raw): Raw[] {
  return operand.type === BsonType.array ? elementsOf(operand) : [operand];
}

function positions(name: string, operand: Raw, parse: Parse, min: number, max: number): Expression[] {
  const given = operandsOf(operand);
  if (min === max && given.length !== min)
    throw new MongoError(16020, `Expression ${name} takes exactly ${min} arguments. ${given.length} were passed in.`);
  if (given.length < min || given.length > max)
    throw new MongoError(
      28667,
      max === Infinity
        ? `Expression ${name} takes at least ${min} arguments, but ${given.length} were passed in.`
        : `Expression ${name} takes at least ${min} arguments, and at most ${max}, but ${given.length} were passed in.`,
    );
  return given.map((each) => parse.expression(each));
}

export function unary(name: string, apply: (value: Operand, frame: Frame) => Operand): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const parts = positions(name, operand, parse, 1, 1);
      const a = parts[0]!.evaluate;
      return over(parts, (frame) => apply(a(frame), frame), parse);
    },
  };
}

export function binary(name: string, apply: (left: Operand, right: Operand, frame: Frame) => Operand): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const parts = positions(name, operand, parse, 2, 2);
      const a = parts[0]!.evaluate;
      const b = parts[1]!.evaluate;
      return over(parts, (frame) => apply(a(frame), b(frame), frame), parse);
    },
  };
}

/** Any number of operands from `min` to `max`. */
export function nary(
  name: string,
  [min, max]: readonly [number, number],
  apply: (values: readonly Operand[], frame: Frame) => Operand,
): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const parts = positions(name, operand, parse, min, max);
      const evaluations = parts.map((part) => part.evaluate);
      return over(
        parts,
        (frame) =>
          apply(
            evaluations.map((evaluate) => evaluate(frame)),
            frame,
          ),
        parse,
      );
    },
  };
}

/** Codes of what can be wrong with an operand that is an object of named ones. */
export interface NamedCodes {
  readonly notObject: number;
  readonly unknown: number;
  readonly missing: number | Readonly<Record<string, number>>;
}

/** The named operands of an operator as texts. */
export function namedOperands(
  name: string,
  operand: Raw,
  required: readonly string[],
  optional: readonly string[],
  codes: NamedCodes,
): ReadonlyMap<string, Raw> {
  if (operand.type !== BsonType.object)
    throw new MongoError(
      codes.notObject,
      `${name} only supports an object as its argument, found: ${typeNameOf(operand.type)}`,
    );
  const given = new Map<string, Raw>();
  for (const { name: field, value } of fieldsOf(operand)) {
    if (!required.includes(field) && !optional.includes(field))
      throw new MongoError(codes.unknown, `Unrecognized argument to ${name}: ${field}`);
    given.set(field, value);
  }
  for (const field of required)
    if (!given.has(field))
      throw new MongoError(
        typeof codes.missing === 'number' ? codes.missing : (codes.missing[field] ?? codes.unknown),
        `Missing '${field}' parameter to ${name}`,
      );
  return given;
}

/** An operator of named operands, all evaluated; `values` are in the order of `required` and then `optional`. */
export function named(
  name: string,
  required: readonly string[],
  optional: readonly string[],
  codes: NamedCodes,
  apply: (values: readonly Operand[], given: readonly boolean[], frame: Frame) => Operand,
): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const texts = namedOperands(name, operand, required, optional, codes);
      const names = [...required, ...optional];
      const given = names.map((field) => texts.has(field));
      const parts = names.map((field) => {
        const text = texts.get(field);
        return text === undefined ? literal(undefined) : parse.expression(text);
      });
      return over(
        parts,
        (frame) =>
          apply(
            parts.map((part) => part.evaluate(frame)),
            given,
            frame,
          ),
        parse,
      );
    },
  };
}
