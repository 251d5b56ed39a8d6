// How many index terms a write brings and takes, for its charge: every scalar on an indexed path is one, elements of
// arrays too, and every composite index is one. The items' bytes decide, not what the index holds at the moment: the
// charge is known before the write is made, and is the same on every machine.
//
// Invariant: recursion goes no deeper than BSON does, which was validated where it came in.

import { compilePolicy, decideChild, anyElement, type PathDecision } from '../indexer/policy.ts';
import { BsonType } from '../model/bson/types.ts';
import { ElementCursor } from '../model/bson/walk.ts';
import { utf8 } from '../model/bytes.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { insertCharge, replaceCharge } from './charge.ts';
import { indexingPolicyOf } from './indexing-policy.ts';

/** What the policy says of one path, with names as bytes. */
interface PathRule {
  /** A scalar here is a term. */
  readonly scalar: boolean;
  /** Whether anything below may be. */
  readonly descend: boolean;
  readonly named: readonly { readonly name: Uint8Array; readonly rule: PathRule }[];
  readonly element: PathRule | undefined;
  /** Names that no rule knows. */
  readonly others: PathRule | undefined;
}

interface ChargedPolicy {
  readonly root: PathRule;
  readonly composites: number;
}

function uniform(indexed: boolean): PathRule {
  return { scalar: indexed, descend: indexed, named: [], element: undefined, others: undefined };
}

const indexed = uniform(true);
const excluded = uniform(false);

/** Rules are at most `policyStepsMax` deep. */
function ruleOf(decision: PathDecision): PathRule {
  const { node, scalar, descend, inherited } = decision;
  const others = inherited ? indexed : excluded;
  if (node === undefined || (node.children.size === 0 && scalar === inherited)) return others;
  const named: { name: Uint8Array; rule: PathRule }[] = [];
  let element: PathRule | undefined;
  for (const step of node.children.keys()) {
    const rule = ruleOf(decideChild(decision, step));
    if (step === anyElement) element = rule;
    else named.push({ name: utf8(step), rule });
  }
  return { scalar, descend, named, element, others };
}

const policies = new WeakMap<ContainerRecord, ChargedPolicy>();

function policyOf(container: ContainerRecord): ChargedPolicy {
  let policy = policies.get(container);
  if (policy === undefined) {
    const { root, policy: given } = compilePolicy(indexingPolicyOf(container));
    policies.set(container, (policy = { root: ruleOf(root), composites: given.composites.length }));
  }
  return policy;
}

function childRule(rule: PathRule, cursor: ElementCursor, inArray: boolean): PathRule {
  if (inArray) return rule.element ?? rule.others ?? rule;
  for (const { name, rule: named } of rule.named) if (cursor.nameIs(name)) return named;
  return rule.others ?? rule;
}

function isNested(type: number): boolean {
  return type === BsonType.object || type === BsonType.array;
}

/** Terms of the document or array at `start`. */
function termsIn(bytes: Uint8Array, start: number, rule: PathRule, inArray: boolean): number {
  if (!rule.descend) return 0;
  const cursor = new ElementCursor(bytes, start);
  let terms = 0;
  while (cursor.next()) terms += termsOf(cursor, childRule(rule, cursor, inArray));
  return terms;
}

/** Terms of the element at the cursor. */
function termsOf(cursor: ElementCursor, rule: PathRule): number {
  const { type } = cursor;
  if (!isNested(type)) return rule.scalar ? 1 : 0;
  return termsIn(cursor.bytes, cursor.valueStart, rule, type === BsonType.array);
}

function sameBytes(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

function sameName(a: ElementCursor, b: ElementCursor): boolean {
  return sameBytes(a.bytes, a.nameStart, a.nameEnd, b.bytes, b.nameStart, b.nameEnd);
}

function sameValue(a: ElementCursor, b: ElementCursor): boolean {
  return a.type === b.type && sameBytes(a.bytes, a.valueStart, a.valueEnd, b.bytes, b.valueStart, b.valueEnd);
}

/** Fields looked ahead for one that the other version does not have at that place: bounds the comparison. */
const lookAheadMax = 16;

/** How many fields ahead of the cursor, in the document that starts there, `wanted` is; 0 when it is not within reach. */
function distanceTo(cursor: ElementCursor, start: number, wanted: ElementCursor): number {
  const ahead = new ElementCursor(cursor.bytes, start);
  ahead.valueEnd = cursor.valueEnd;
  for (let distance = 1; distance <= lookAheadMax && ahead.next(); distance++)
    if (sameName(ahead, wanted)) return distance;
  return 0;
}

/** Terms that only one of two versions has. Fields keep their order in most writes; a field that moved far counts as changed. */
function termsChanged(
  before: Uint8Array,
  beforeStart: number,
  after: Uint8Array,
  afterStart: number,
  rule: PathRule,
): number {
  if (!rule.descend) return 0;
  const old = new ElementCursor(before, beforeStart);
  const now = new ElementCursor(after, afterStart);
  let changed = 0;
  let hasOld = old.next();
  let hasNow = now.next();
  while (hasOld && hasNow) {
    if (!sameName(old, now)) {
      const removed = distanceTo(old, beforeStart, now);
      const added = removed === 0 ? distanceTo(now, afterStart, old) : 0;
      if (removed > 0 || added === 0) {
        changed += termsOf(old, childRule(rule, old, false));
        hasOld = old.next();
      }
      if (removed === 0) {
        changed += termsOf(now, childRule(rule, now, false));
        hasNow = now.next();
      }
      continue;
    }
    if (!sameValue(old, now)) {
      const child = childRule(rule, now, false);
      changed +=
        old.type === BsonType.object && now.type === BsonType.object
          ? termsChanged(before, old.valueStart, after, now.valueStart, child)
          : termsOf(old, child) + termsOf(now, child);
    }
    hasOld = old.next();
    hasNow = now.next();
  }
  for (; hasOld; hasOld = old.next()) changed += termsOf(old, childRule(rule, old, false));
  for (; hasNow; hasNow = now.next()) changed += termsOf(now, childRule(rule, now, false));
  return changed;
}

/** What it costs that an item comes or goes. */
export function itemCharge(container: ContainerRecord, body: Uint8Array): number {
  const { root, composites } = policyOf(container);
  return insertCharge(body.length, termsIn(body, 0, root, false) + composites);
}

/** What it costs that a version follows another, or none. */
export function writeCharge(container: ContainerRecord, before: Uint8Array | undefined, after: Uint8Array): number {
  if (before === undefined) return itemCharge(container, after);
  const { root, composites } = policyOf(container);
  const changed = termsChanged(before, 0, after, 0, root);
  return replaceCharge(before.length, after.length, changed === 0 ? 0 : changed + 2 * composites);
}
