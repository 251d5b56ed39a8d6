// A path predicate: one condition on a path with the implicit array traversal of a document language.
// The algebra embeds it whole and does not look inside; whoever defines its kinds evaluates them.

export interface Predicate {
  readonly kind: string;
}
