// The query algebra: what every door's language is translated into, and all that core plans and runs.
// It knows no dialect: equality, order, typed values and system properties come from the door's `Semantics`.
//
// Two families of readonly nodes, told apart by `kind`, one idea a node:
//   Expression   a value computed from the bindings of one row
//   Relation     a sequence of rows; each node names its input, so a query is a chain (a tree at union and lookup)
//
// A row is a set of named bindings. `source`, `let`, `unnest`, `apply`, `lookup` and `group` add bindings, `project`
// turns a row into its one result. Names are unique within a query as seen from any node (an inner one hides an
// outer one). Expressions of a nested relation see the bindings of the row around it.
//
// For index planning: a filter's test is kept as one expression whose conjuncts are the operands of nested `and`
// nodes; a stored path is `field`/`index` nodes over the `variable` of a source (see `pathOf`); comparison operands
// that hold no variable are constants of the execution. Nothing else has to be recognised.

import type { Predicate } from './predicate.ts';
import type { Value } from './value.ts';

export type ArithmeticOperator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo';
export type BitOperator = 'bitAnd' | 'bitOr' | 'bitXor' | 'shiftLeft' | 'shiftRight' | 'shiftRightUnsigned';
export type BinaryOperator = ArithmeticOperator | BitOperator | 'concatenate';
export type ComparisonOperator = 'equal' | 'notEqual' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual';
export type UnaryOperator = 'not' | 'negate' | 'plus' | 'bitNot';

export interface Literal {
  readonly kind: 'literal';
  readonly value: Value;
}
/** A value given with each execution. An absent one is undefined. */
export interface Parameter {
  readonly kind: 'parameter';
  readonly name: string;
}
/** What a binding of this row, or of a row around it, holds. */
export interface Variable {
  readonly kind: 'variable';
  readonly name: string;
}
/** A named field of an object. */
export interface Field {
  readonly kind: 'field';
  readonly of: Expression;
  readonly name: string;
}
/** A field or element whose name or position is computed. */
export interface Index {
  readonly kind: 'index';
  readonly of: Expression;
  readonly index: Expression;
}
export interface Unary {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}
export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Comparison {
  readonly kind: 'comparison';
  readonly operator: ComparisonOperator;
  readonly left: Expression;
  readonly right: Expression;
}
/** Two operands or more, flat however long the chain was in the text. */
export interface And {
  readonly kind: 'and';
  readonly operands: readonly Expression[];
}
export interface Or {
  readonly kind: 'or';
  readonly operands: readonly Expression[];
}
/** `then` when the test is true, else `otherwise`, whatever else the test is. */
export interface Conditional {
  readonly kind: 'conditional';
  readonly test: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}
/** The first operand that is not undefined. */
export interface Coalesce {
  readonly kind: 'coalesce';
  readonly operands: readonly Expression[];
}
export interface Between {
  readonly kind: 'between';
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
}
export interface In {
  readonly kind: 'in';
  readonly operand: Expression;
  readonly list: readonly Expression[];
}
/** SQL's pattern: `%` any text, `_` one character, `[a-f]` and `[^a-f]` one of a set. */
export interface Like {
  readonly kind: 'like';
  readonly operand: Expression;
  readonly pattern: Expression;
  readonly escape: Expression | undefined;
}
/** A built-in function by its name in capitals; the function tables of core say which exist. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Expression[];
}
/** A function the container holds as a script. */
export interface ScriptCall {
  readonly kind: 'scriptCall';
  readonly name: string;
  readonly arguments: readonly Expression[];
}
/** Fields that are undefined are left out; of equal names the last defined one wins. */
export interface ObjectConstructor {
  readonly kind: 'object';
  readonly fields: readonly { readonly name: string; readonly value: Expression }[];
}
/** Elements that are undefined are left out. */
export interface ArrayConstructor {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}
/** The only result of the relation; undefined when it has none, an error when it has several. */
export interface ScalarSubquery {
  readonly kind: 'subquery';
  readonly query: Relation;
}
export interface Exists {
  readonly kind: 'exists';
  readonly query: Relation;
}
/** Every result of the relation as an array. */
export interface ArraySubquery {
  readonly kind: 'arraySubquery';
  readonly query: Relation;
}
/** The first or last result of the relation; undefined when it has none. */
export interface EdgeSubquery {
  readonly kind: 'edgeSubquery';
  readonly edge: 'first' | 'last';
  readonly query: Relation;
}
/** A condition on the paths of one binding with implicit array traversal: true or false, never undefined. */
export interface PathPredicate {
  readonly kind: 'predicate';
  readonly of: Expression;
  readonly predicate: Predicate;
}

export type Expression =
  | Literal
  | Parameter
  | Variable
  | Field
  | Index
  | Unary
  | Binary
  | Comparison
  | And
  | Or
  | Conditional
  | Coalesce
  | Between
  | In
  | Like
  | Call
  | ScriptCall
  | ObjectConstructor
  | ArrayConstructor
  | ScalarSubquery
  | Exists
  | ArraySubquery
  | EdgeSubquery
  | PathPredicate;

/** One row without bindings: the input of a query that reads no container. */
export interface Unit {
  readonly kind: 'unit';
}
/** The items of a container, each bound whole. `container` undefined means the one the query is sent to. */
export interface Source {
  readonly kind: 'source';
  readonly container: string | undefined;
  readonly binding: string;
}
/** Rows whose test is true; false and undefined drop the row. */
export interface Filter {
  readonly kind: 'filter';
  readonly input: Relation;
  readonly test: Expression;
}
export interface Let {
  readonly kind: 'let';
  readonly input: Relation;
  readonly binding: string;
  readonly value: Expression;
}
/** One row per element of an array; anything else gives none, or with `outer` one row whose binding is undefined. */
export interface Unnest {
  readonly kind: 'unnest';
  readonly input: Relation;
  readonly binding: string;
  readonly array: Expression;
  readonly outer: boolean;
  /** Also binds the element's position, from 0. */
  readonly position: string | undefined;
}
/** One row per result of a relation evaluated for this row. */
export interface Apply {
  readonly kind: 'apply';
  readonly input: Relation;
  readonly binding: string;
  readonly query: Relation;
}
/** Binds the array of those results of `from` whose `foreign` equals this row's `local`. `from` sees no outer binding. */
export interface Lookup {
  readonly kind: 'lookup';
  readonly input: Relation;
  readonly binding: string;
  readonly from: Relation;
  readonly local: Expression;
  /** Evaluated on each result of `from`, which it names `foreignBinding`. */
  readonly foreign: Expression;
  readonly foreignBinding: string;
}
export type AggregateFunction = 'COUNT' | 'SUM' | 'AVG' | 'MIN' | 'MAX' | 'COUNTIF' | 'MAKELIST' | 'MAKESET';
export interface Aggregate {
  readonly binding: string;
  readonly function: AggregateFunction;
  readonly argument: Expression;
}
/** One row per distinct key, in order of first appearance, binding keys and aggregates. Without keys always one row. */
export interface Group {
  readonly kind: 'group';
  readonly input: Relation;
  readonly keys: readonly { readonly binding: string; readonly value: Expression }[];
  readonly aggregates: readonly Aggregate[];
}
export interface SortKey {
  readonly value: Expression;
  readonly descending: boolean;
}
/** Stable: equal keys keep the order of the input. */
export interface Sort {
  readonly kind: 'sort';
  readonly input: Relation;
  readonly keys: readonly SortKey[];
  /** The bindings that nodes above read, set by planning so that the sort need not hold the others; undefined is all. */
  readonly holds?: readonly string[] | undefined;
}
/** Turns each row into its result. A result that is undefined is no result. */
export interface Project {
  readonly kind: 'project';
  readonly input: Relation;
  readonly value: Expression;
}
/** Results not seen before, over a relation that ends in `project` or `union`. */
export interface Distinct {
  readonly kind: 'distinct';
  readonly input: Relation;
}
export interface Skip {
  readonly kind: 'skip';
  readonly input: Relation;
  readonly count: Expression;
}
export interface Limit {
  readonly kind: 'limit';
  readonly input: Relation;
  readonly count: Expression;
}
/** The results of each input, one input after the other. */
export interface Union {
  readonly kind: 'union';
  readonly inputs: readonly Relation[];
}

export type Relation =
  Unit | Source | Filter | Let | Unnest | Apply | Lookup | Group | Sort | Project | Distinct | Skip | Limit | Union;

/** What a door hands over: the relation, and a name for it that a continuation is checked against. */
export interface Query {
  readonly relation: Relation;
  /** Names of the parameters it mentions. */
  readonly parameters: readonly string[];
  /** Differs for queries with different results: a hash of the text. */
  readonly fingerprint: string;
}

/** A stored path: the binding it starts at and its steps, a string for a field, a number for an array position. */
export interface StoredPath {
  readonly binding: string;
  readonly steps: readonly (string | number)[];
}

/** The path an expression reads, or undefined when it computes anything. */
export function pathOf(expression: Expression): StoredPath | undefined {
  const steps: (string | number)[] = [];
  let at = expression;
  for (;;) {
    if (at.kind === 'variable') return { binding: at.name, steps: steps.reverse() };
    if (at.kind === 'field') {
      steps.push(at.name);
      at = at.of;
    } else if (at.kind === 'index' && at.index.kind === 'literal') {
      const step = at.index.value;
      if (typeof step !== 'string' && typeof step !== 'number') return undefined;
      steps.push(step);
      at = at.of;
    } else return undefined;
  }
}
