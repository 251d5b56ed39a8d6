// `$filter` on the list of tables: conditions on `TableName` alone, which is a string ("Query Tables" and "Querying
// tables and entities", Azure Storage REST reference). Letters count, as in names of properties and values.

import { textOfRaw } from '../../../model/bson/walk.ts';
import { compareText } from '../../../model/order.ts';
import { refusal } from '../errors.ts';
import { parseExpression, type Comparison, type Expression } from './expression.ts';
import { holdsOfLiterals } from './filter.ts';

type NameTest = (name: string) => boolean;

/** Whether a table of that name satisfies the filter; absent and blank ones hold always. */
export function parseTableFilter(text: string | undefined): NameTest {
  return text === undefined || text.trim() === '' ? () => true : testOf(parseExpression(text));
}

/** Recursion is as deep as the expression, which the parser has bounded. */
function testOf(expression: Expression): NameTest {
  switch (expression.kind) {
    case 'and': {
      const tests = expression.of.map(testOf);
      return (name) => tests.every((test) => test(name));
    }
    case 'or': {
      const tests = expression.of.map(testOf);
      return (name) => tests.some((test) => test(name));
    }
    case 'not': {
      const test = testOf(expression.of);
      return (name) => !test(name);
    }
    case 'compare': {
      const { operator, property, literal } = expression;
      if (property !== 'TableName') throw refusal('InvalidInput', '$filter');
      if (literal.type !== 'Edm.String') return () => operator === 'ne';
      return comparisonWith(operator, textOfRaw(literal.raw));
    }
    case 'compareLiterals': {
      const holds = holdsOfLiterals(expression.operator, expression.left, expression.right);
      return () => holds;
    }
    case 'flag':
      throw refusal('InvalidInput', '$filter');
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
  }
}

function comparisonWith(operator: Comparison, value: string): NameTest {
  switch (operator) {
    case 'eq':
      return (name) => name === value;
    case 'ne':
      return (name) => name !== value;
    case 'gt':
      return (name) => compareText(name, value) > 0;
    case 'ge':
      return (name) => compareText(name, value) >= 0;
    case 'lt':
      return (name) => compareText(name, value) < 0;
    case 'le':
      return (name) => compareText(name, value) <= 0;
  }
}
