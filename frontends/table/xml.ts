// The small XML documents of the service, read and written: elements, text and nothing else. There is no document type,
// no entity but the five of XML itself and characters by number, and no processing instruction; size, depth and number
// of elements are bounded. Namespaces and attributes mean nothing in these documents and are passed over.

import type { DatabaseError } from '../../model/errors.ts';
import { refusal } from './errors.ts';

/** Bytes of a document: the largest that is valid, five rules or policies with long names, has some 10,000. */
const bytesMax = 64 * 1024;

/** Levels of the deepest valid document, and one more. */
const levelsMax = 6;

/** Elements of one document: the largest that is valid has some 60. */
const elementsMax = 1_000;

export interface XmlElement {
  readonly name: string;
  /** Of an element without children; what stands between children means nothing. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

function malformed(): DatabaseError {
  return refusal('InvalidXmlDocument', 'body');
}

/** A declaration with nothing around it. */
const declaration = /^\s*<\?xml\s[^<>?]*\?>/;

/** Anything that begins a document type, an instruction, or an entity of one's own. */
const forbidden = /<!(?!--|\[CDATA\[)|<\?|&(?!(?:lt|gt|amp|apos|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/;

/** Characters that no XML document holds. */
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** What the parser gives: each node a record of one name, beside which attributes would stand. */
type Node = Readonly<Record<string, unknown>>;

/** The root of a document, which must have that name. */
export async function readXml(body: Uint8Array, rootName: string): Promise<XmlElement> {
  const text = textOf(body);
  // Loaded with the first document: most clients never send one.
  const { XMLParser, XMLValidator } = await import('fast-xml-parser');
  if (XMLValidator.validate(text) !== true) throw malformed();
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: true,
    ignoreDeclaration: true,
    removeNSPrefix: true,
    parseTagValue: false,
    trimValues: false,
    processEntities: true,
    htmlEntities: true,
    maxNestedTags: levelsMax,
  });
  let nodes: unknown;
  try {
    nodes = parser.parse(text);
  } catch {
    throw malformed();
  }
  const budget = { elements: elementsMax };
  const roots = elementsOf(nodes, budget, levelsMax);
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.name !== rootName) throw malformed();
  return root;
}

function textOf(body: Uint8Array): string {
  if (body.length > bytesMax) throw malformed();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw malformed();
  }
  const inner = text.replace(declaration, '');
  if (forbidden.test(inner) || control.test(inner)) throw malformed();
  return text.trim();
}

function elementsOf(nodes: unknown, budget: { elements: number }, levels: number): XmlElement[] {
  if (!Array.isArray(nodes) || levels < 0) throw malformed();
  const elements: XmlElement[] = [];
  for (const node of nodes as readonly Node[]) {
    const [name] = Object.keys(node);
    if (name === undefined || name === '#text' || name === ':@') continue;
    if (--budget.elements < 0) throw malformed();
    const inner = node[name];
    const children = elementsOf(inner, budget, levels - 1);
    const text =
      children.length > 0 ? '' : (inner as readonly Node[]).map((one) => String(one['#text'] ?? '')).join('');
    elements.push({ name, text, children });
  }
  return elements;
}

/** The only child of that name; undefined when there is none. Throws for several. */
export function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  const [child, second] = element.children.filter((one) => one.name === name);
  if (second !== undefined) throw malformed();
  return child;
}

export function requiredChild(element: XmlElement, name: string): XmlElement {
  const child = childNamed(element, name);
  if (child === undefined) throw refusal('MissingRequiredXmlNode', name);
  return child;
}

/** Throws unless every child has one of the names. */
export function checkNames(element: XmlElement, names: readonly string[]): void {
  const unknown = element.children.find(({ name }) => !names.includes(name));
  if (unknown !== undefined) throw refusal('UnsupportedXmlNode', element.name);
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would read a line feed for it.
  '\r': '&#13;',
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (character) => references[character]!);
}

/** An element: with text, which is escaped; with elements that are written already; or with nothing. */
export function element(name: string, content: string | readonly string[] = []): string {
  const inner = typeof content === 'string' ? escapeXml(content) : content.join('');
  return inner === '' ? `<${name} />` : `<${name}>${inner}</${name}>`;
}

/** The answer's body, and headers that go with it. */
export function xmlDocument(root: string): { readonly headers: readonly string[]; readonly body: Uint8Array } {
  const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?>${root}`);
  return { headers: ['Content-Type', 'application/xml'], body };
}
