// What a machine holds before a script comes: a program that defines the server-side API and gives the host one function
// to talk to it. `begin` starts the script, `deliver` hands it answers, `take` asks what it wants.

import { collectionPrelude } from './prelude-collection.ts';
import { contextPrelude } from './prelude-context.ts';

/** Without remarks and indentation: a fifth less to compile for every execution. */
function compact(text: string): string {
  return text.replace(/^\s*\/\/.*$/gm, '').replace(/\n\s+/g, '\n');
}

export const apiPrelude = compact(`(() => {
'use strict';
${contextPrelude}
${collectionPrelude}
for (const [name, value] of Object.entries({ Error, ErrorCodes, console, __ })) define(globalThis, name, value);
define(globalThis, 'getContext', () => context);
return (order, text, main) => {
  if (order === 'begin') begin(text, main);
  else if (order === 'deliver') deliver(text);
  else return take();
};
})()`);

/** Calls a user-defined function: its arguments as JSON, and a sign each that says which of them are undefined. */
export const functionPrelude = `(() => {
'use strict';
const { parse, stringify } = JSON;
return (main, text, signs) => {
  const values = parse(text);
  for (let i = 0; i < signs.length; i++) if (signs[i] === 'u') values[i] = undefined;
  return stringify(main.apply(undefined, values));
};
})()`;

const declared =
  /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|(['"])use strict\1\s*;?)*(?:async\s+)?function\s*\*?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u;

/** Texts that a script may mean: a function expression, or a program whose first function is the main one. */
export function programsOf(text: string): readonly string[] {
  const name = declared.exec(text)?.[2];
  const expression = `(${text.replace(/[\s;]+$/, '')}\n)`;
  return name === undefined ? [expression] : [expression, `${text}\n;${name}`];
}
