// The queries of the comparison tests, as trees of their own: neither the engine's algebra nor its syntax tree.

export type Plain = undefined | null | boolean | number | string | readonly Plain[] | PlainObject;
export interface PlainObject {
  readonly [name: string]: Plain;
}

export type Tree =
  | { readonly kind: 'literal'; readonly value: Plain }
  | { readonly kind: 'parameter'; readonly name: string; readonly value: Plain }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Tree; readonly name: string }
  | { readonly kind: 'index'; readonly of: Tree; readonly index: Tree }
  | { readonly kind: 'unary'; readonly operator: 'NOT' | '-' | '~'; readonly operand: Tree }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'conditional'; readonly test: Tree; readonly then: Tree; readonly otherwise: Tree }
  | { readonly kind: 'between'; readonly not: boolean; readonly of: Tree; readonly low: Tree; readonly high: Tree }
  | { readonly kind: 'in'; readonly not: boolean; readonly of: Tree; readonly list: readonly Tree[] }
  | { readonly kind: 'like'; readonly not: boolean; readonly of: Tree; readonly pattern: string }
  | { readonly kind: 'call'; readonly name: string; readonly values: readonly Tree[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Tree])[] }
  | { readonly kind: 'array'; readonly elements: readonly Tree[] }
  | {
      readonly kind: 'subquery';
      readonly word: '' | 'EXISTS' | 'ARRAY' | 'ALL' | 'FIRST' | 'LAST';
      readonly of: QueryTree;
    };

export interface AggregateTree {
  readonly alias: string;
  readonly name: 'COUNT' | 'SUM' | 'AVG' | 'MIN' | 'MAX' | 'COUNTIF';
  readonly of: Tree;
}

export interface QueryTree {
  readonly distinct: boolean;
  readonly top: number | undefined;
  /** With aggregates: the keys' items, then the aggregates'. */
  readonly select:
    | { readonly kind: 'star' }
    | { readonly kind: 'value'; readonly of: Tree }
    | { readonly kind: 'list'; readonly items: readonly { readonly alias: string; readonly of: Tree }[] }
    | {
        readonly kind: 'groups';
        readonly keys: readonly { readonly alias: string; readonly of: Tree }[];
        readonly aggregates: readonly AggregateTree[];
      };
  /** The container under this alias, or an array of the row around. */
  readonly from: { readonly alias: string; readonly array: Tree | undefined };
  readonly joins: readonly { readonly alias: string; readonly array: Tree }[];
  readonly where: Tree | undefined;
  readonly orderBy: readonly { readonly of: Tree; readonly descending: boolean }[];
  readonly offset: number | undefined;
  readonly limit: number | undefined;
}
