// Names of properties as they come in JSON, known again by their bytes. Entities of a table have much the same names
// in much the same order, so each name remembers which one followed it last time: reading the next entity compares
// bytes with what is expected, and makes no text. Source of the names that mean something: OData v3 JSON, section 4.
//
// Only what is plain is remembered: ASCII without escapes, of few bytes. Every other name is left to `edm-read.ts`.

import { plain, quote } from './bson/json-text.ts';
import { textOf, utf8 } from './bytes.ts';
import type { EdmType } from './edm-view.ts';

/** Names that are remembered; beyond it all are forgotten. */
const namesMax = 4096;

/** Bytes of a name that is remembered. It bounds how deep annotations of annotations lie, too. */
const nameBytesMax = 128;

/** What a name says. `type`: its value tells the type of another property. `dropped`: no property can have it. */
export type NameRole = 'property' | 'partition-key' | 'row-key' | 'type' | 'dropped';

const typeSuffix = '@odata.type';
const identifierForm = /^[A-Za-z_]\w*$/;

export class PropertyName {
  readonly text: string;
  /** As JSON has it, from quote to quote. */
  readonly quoted: Uint8Array;
  readonly role: NameRole;
  /** The name whose type the value of this one tells. */
  readonly annotated: PropertyName | undefined;
  /** Letters, digits and `_`, and no digit first. */
  readonly isIdentifier: boolean;
  /** The name that followed last time. */
  next: PropertyName | undefined = undefined;
  /** Number of the last entity that had this name, and of the last that told its type. */
  seenIn = 0;
  typedIn = 0;
  /** What was told there, and its place in the scanner's list of types. */
  type: EdmType = 'Edm.String';
  typeIndex = 0;

  constructor(text: string, role: NameRole, annotated: PropertyName | undefined) {
    this.text = text;
    this.quoted = utf8(`"${text}"`);
    this.role = role;
    this.annotated = annotated;
    this.isIdentifier = identifierForm.test(text);
  }
}

export class PropertyNames {
  /** Before all entities: what follows it is the first name. */
  readonly start = new PropertyName('', 'dropped', undefined);
  readonly #byText = new Map<string, PropertyName>();

  /** The name that stands at `at`, where `before` was the last one; undefined for what is not plain. */
  at(json: Uint8Array, at: number, before: PropertyName): PropertyName | undefined {
    const expected = before.next;
    if (expected !== undefined && standsAt(json, at, expected.quoted)) return expected;
    if (json[at] !== quote) return undefined;
    let end = at + 1;
    while (plain[json[end] ?? 0] === 1) end++;
    if (json[end] !== quote || end - at > nameBytesMax) return undefined;
    return (before.next = this.#named(textOf(json, at + 1, end)));
  }

  #named(text: string): PropertyName {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#byText.size >= namesMax) {
      this.#byText.clear();
      this.start.next = undefined;
    }
    const annotated = text.endsWith(typeSuffix) ? this.#named(text.slice(0, -typeSuffix.length)) : undefined;
    const name = new PropertyName(text, roleOf(text, annotated), annotated);
    this.#byText.set(text, name);
    return name;
  }
}

function roleOf(text: string, annotated: PropertyName | undefined): NameRole {
  if (annotated !== undefined) return 'type';
  if (text === 'PartitionKey') return 'partition-key';
  if (text === 'RowKey') return 'row-key';
  return text === 'Timestamp' || text.includes('@') || text.startsWith('odata.') ? 'dropped' : 'property';
}

/** Whether these bytes stand there. Past the end no byte does. */
export function standsAt(json: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (json[at + i] !== bytes[i]) return false;
  return true;
}
