// The syntax tree of Cosmos SQL: what was written, with where it was written (UTF-16 offsets, end exclusive).
// It keeps the text's own shape, so that a query can be printed again and rewritten for the SDKs' plans;
// meaning is given by translate.ts.

export interface Span {
  readonly start: number;
  readonly end: number;
}

export type SqlBinaryOperator =
  '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>' | '||' | '=' | '!=' | '<' | '<=' | '>' | '>=';

export interface SqlLiteral extends Span {
  readonly kind: 'literal';
  readonly value: undefined | null | boolean | number | string;
}
export interface SqlParameter extends Span {
  readonly kind: 'parameter';
  /** With its mark: `@name`. */
  readonly name: string;
}
export interface SqlName extends Span {
  readonly kind: 'name';
  readonly name: string;
}
export interface SqlMember extends Span {
  readonly kind: 'member';
  readonly of: SqlExpression;
  readonly name: string;
}
export interface SqlIndex extends Span {
  readonly kind: 'index';
  readonly of: SqlExpression;
  readonly index: SqlExpression;
}
export interface SqlUnary extends Span {
  readonly kind: 'unary';
  readonly operator: '-' | '+' | '~' | 'NOT';
  readonly operand: SqlExpression;
}
export interface SqlBinary extends Span {
  readonly kind: 'binary';
  readonly operator: SqlBinaryOperator;
  readonly left: SqlExpression;
  readonly right: SqlExpression;
}
/** A chain of one operator, flat. */
export interface SqlChain extends Span {
  readonly kind: 'and' | 'or' | 'coalesce';
  readonly operands: readonly SqlExpression[];
}
export interface SqlConditional extends Span {
  readonly kind: 'conditional';
  readonly test: SqlExpression;
  readonly then: SqlExpression;
  readonly otherwise: SqlExpression;
}
export interface SqlBetween extends Span {
  readonly kind: 'between';
  readonly negated: boolean;
  readonly operand: SqlExpression;
  readonly low: SqlExpression;
  readonly high: SqlExpression;
}
export interface SqlIn extends Span {
  readonly kind: 'in';
  readonly negated: boolean;
  readonly operand: SqlExpression;
  readonly list: readonly SqlExpression[];
}
export interface SqlLike extends Span {
  readonly kind: 'like';
  readonly negated: boolean;
  readonly operand: SqlExpression;
  readonly pattern: SqlExpression;
  readonly escape: SqlExpression | undefined;
}
export interface SqlCall extends Span {
  readonly kind: 'call';
  /** As written. */
  readonly name: string;
  /** `udf.name(…)`: a function of the container, not a built-in one. */
  readonly udf: boolean;
  readonly arguments: readonly SqlExpression[];
}
export interface SqlObject extends Span {
  readonly kind: 'object';
  readonly fields: readonly { readonly name: string; readonly value: SqlExpression }[];
}
export interface SqlArray extends Span {
  readonly kind: 'array';
  readonly elements: readonly SqlExpression[];
}
/** A query in parentheses: bare, or under one of the words. */
export interface SqlSubquery extends Span {
  readonly kind: 'subquery';
  readonly word: undefined | 'EXISTS' | 'ARRAY' | 'ALL' | 'FIRST' | 'LAST';
  readonly query: SqlQuery;
}

export type SqlExpression =
  | SqlLiteral
  | SqlParameter
  | SqlName
  | SqlMember
  | SqlIndex
  | SqlUnary
  | SqlBinary
  | SqlChain
  | SqlConditional
  | SqlBetween
  | SqlIn
  | SqlLike
  | SqlCall
  | SqlObject
  | SqlArray
  | SqlSubquery;

export interface SelectItem extends Span {
  readonly value: SqlExpression;
  readonly alias: string | undefined;
}
export type SelectList =
  | { readonly kind: 'star'; readonly start: number; readonly end: number }
  | { readonly kind: 'value'; readonly value: SqlExpression }
  | { readonly kind: 'list'; readonly items: readonly SelectItem[] };

/** What FROM and JOIN read: a path from a name, or a query. */
export type Collection =
  | { readonly kind: 'path'; readonly root: SqlName; readonly steps: readonly (string | number)[] }
  | { readonly kind: 'subquery'; readonly query: SqlQuery };

export interface FromItem extends Span {
  readonly collection: Collection;
  readonly alias: string | undefined;
  /** `alias IN collection`: one row per element. */
  readonly iterates: boolean;
}

export interface OrderKey extends Span {
  readonly value: SqlExpression;
  readonly descending: boolean;
  /** Whether ASC or DESC was written. */
  readonly directed: boolean;
}
/** `ORDER BY RANK …`: scores instead of keys. */
export interface OrderByRank extends Span {
  readonly scores: readonly SqlExpression[];
  readonly descending: boolean;
}

export type Count = SqlLiteral | SqlParameter;

export interface SqlQuery extends Span {
  readonly distinct: boolean;
  readonly top: Count | undefined;
  readonly select: SelectList;
  /** FROM's item, then those of each JOIN. */
  readonly from: readonly FromItem[];
  readonly where: SqlExpression | undefined;
  readonly groupBy: readonly SqlExpression[];
  readonly orderBy: readonly OrderKey[];
  readonly orderByRank: OrderByRank | undefined;
  readonly offset: Count | undefined;
  readonly limit: Count | undefined;
}
