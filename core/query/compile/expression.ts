// Expression → closure. One case a kind; what a kind means is in the file of its family.

import { badRequest, DatabaseError } from '../../../model/errors.ts';
import type { Call, Expression, In, Like, ScriptCall } from '../../../model/query.ts';
import { pathOf } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import type { Evaluate } from '../frame.ts';
import { findFunction } from '../functions/table.ts';
import { combine, mostVarying, type Compiled, type Compiler } from './compiler.ts';
import { arrayConstructor, objectConstructor } from './constructors.ts';
import { compileLike, type LikeTest } from './like.ts';
import { and, between, binary, comparison, equalText, inConstantList, inList, or, unary } from './operators.ts';
import { compilePath, fieldOfItem, fieldOfValue, indexed, type PathReader } from './path.ts';
import type { Scope } from './scope.ts';
import { arraySubquery, edgeSubquery, exists, scalarSubquery } from './subquery.ts';

export function compileExpression(compiler: Compiler, expression: Expression, scope: Scope): Compiled {
  const { semantics } = compiler;
  const compile = (part: Expression): Compiled => compiler.expression(part, scope);
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return { evaluate: () => value, varies: 'never' };
    }
    case 'parameter': {
      const number = compiler.parameter(expression.name);
      return { evaluate: (frame) => frame.parameters[number], varies: 'execution' };
    }
    case 'variable': {
      const { slot, isItem } = scope.resolve(expression.name);
      if (!isItem) return { evaluate: (frame) => frame.slots[slot], varies: 'row' };
      return { evaluate: (frame) => frame.valueOf(slot, true), varies: 'row' };
    }
    case 'field': {
      const path = namePath(compiler, expression, scope);
      if (path !== undefined) return { evaluate: path.evaluate, varies: 'row' };
      const of = compile(expression.of);
      const { name } = expression;
      return combine(compiler, [of], (frame) => fieldOfValue(semantics, of.evaluate(frame), name));
    }
    case 'index': {
      const index = compile(expression.index);
      if (expression.of.kind === 'variable') {
        const { slot, isItem } = scope.resolve(expression.of.name);
        if (isItem) {
          const evaluate: Evaluate = (frame) => {
            const name = index.evaluate(frame);
            return typeof name === 'string' ? fieldOfItem(semantics, frame, slot, name) : undefined;
          };
          return { evaluate, varies: 'row' };
        }
      }
      const of = compile(expression.of);
      return combine(compiler, [of, index], (frame) => indexed(semantics, of.evaluate(frame), index.evaluate(frame)));
    }
    case 'unary': {
      const operand = compile(expression.operand);
      return combine(compiler, [operand], unary(semantics, expression.operator, operand.evaluate));
    }
    case 'binary': {
      const left = compile(expression.left);
      const right = compile(expression.right);
      return combine(compiler, [left, right], binary(semantics, expression.operator, left.evaluate, right.evaluate));
    }
    case 'comparison': {
      if (expression.operator === 'equal' && expression.right.kind === 'literal') {
        const path = namePath(compiler, expression.left, scope);
        const text = expression.right.value;
        const test = path !== undefined && typeof text === 'string' ? equalText(semantics, path, text) : undefined;
        if (test !== undefined) return { evaluate: test, varies: 'row' };
      }
      const left = compile(expression.left);
      const right = compile(expression.right);
      const test = comparison(semantics, expression.operator, left.evaluate, right.evaluate);
      return combine(compiler, [left, right], test);
    }
    case 'and':
    case 'or': {
      const operands = expression.operands.map(compile);
      const evaluate = (expression.kind === 'and' ? and : or)(operands.map((operand) => operand.evaluate));
      return combine(compiler, operands, evaluate);
    }
    case 'conditional': {
      const test = compile(expression.test);
      const then = compile(expression.then);
      const otherwise = compile(expression.otherwise);
      const evaluate: Evaluate = (frame) =>
        test.evaluate(frame) === true ? then.evaluate(frame) : otherwise.evaluate(frame);
      return combine(compiler, [test, then, otherwise], evaluate);
    }
    case 'coalesce': {
      const operands = expression.operands.map(compile);
      return combine(compiler, operands, (frame) => {
        for (const operand of operands) {
          const value = operand.evaluate(frame);
          if (value !== undefined) return value;
        }
        return undefined;
      });
    }
    case 'between': {
      const operand = compile(expression.operand);
      const low = compile(expression.low);
      const high = compile(expression.high);
      const evaluate = between(semantics, operand.evaluate, low.evaluate, high.evaluate);
      return combine(compiler, [operand, low, high], evaluate);
    }
    case 'in':
      return compileIn(compiler, expression, scope);
    case 'like':
      return compileLikeExpression(compiler, expression, scope);
    case 'call':
      return compileCall(compiler, expression, scope);
    case 'scriptCall':
      return compileScriptCall(compiler, expression, scope);
    case 'object':
      return objectConstructor(
        compiler,
        expression.fields.map((field) => ({ name: field.name, value: compile(field.value) })),
      );
    case 'array':
      return arrayConstructor(compiler, expression.elements.map(compile));
    case 'subquery':
      return scalarSubquery(compiler, expression.query, scope);
    case 'exists':
      return exists(compiler, expression.query, scope);
    case 'arraySubquery':
      return arraySubquery(compiler, expression.query, scope);
    case 'edgeSubquery':
      return edgeSubquery(compiler, expression.query, expression.edge, scope);
    case 'predicate': {
      const of = compile(expression.of);
      const matches = compiler.predicate(expression.predicate);
      const evaluate: Evaluate = (frame) => matches(of.evaluate(frame));
      return { evaluate, varies: 'row' };
    }
  }
}

/** The reader of a path of plain field names, or undefined when the expression is anything else. */
function namePath(compiler: Compiler, expression: Expression, scope: Scope): PathReader | undefined {
  const path = pathOf(expression);
  if (path === undefined || path.steps.length === 0) return undefined;
  const names = path.steps.filter((step) => typeof step === 'string');
  if (names.length !== path.steps.length) return undefined;
  return compilePath(compiler.semantics, scope.resolve(path.binding), names);
}

function compileIn(compiler: Compiler, expression: In, scope: Scope): Compiled {
  const { semantics } = compiler;
  const operand = compiler.expression(expression.operand, scope);
  const list = expression.list.map((element) => compiler.expression(element, scope));
  const elements = list.map((element) => element.evaluate);
  if (mostVarying(list) === 'row') {
    return { evaluate: inList(semantics, operand.evaluate, elements), varies: 'row' };
  }
  return combine(compiler, [operand], inConstantList(semantics, operand.evaluate, elements, compiler.newMemo()));
}

function likeTest(pattern: Value, escape: Value): LikeTest | undefined {
  if (typeof pattern !== 'string') return undefined;
  if (escape !== undefined && (typeof escape !== 'string' || [...escape].length !== 1)) {
    throw badRequest('the ESCAPE of LIKE is not one character', 'escape');
  }
  return compileLike(pattern, escape);
}

function compileLikeExpression(compiler: Compiler, expression: Like, scope: Scope): Compiled {
  const operand = compiler.expression(expression.operand, scope);
  const pattern = compiler.expression(expression.pattern, scope);
  const escape = expression.escape === undefined ? undefined : compiler.expression(expression.escape, scope);
  const parts = escape === undefined ? [pattern] : [pattern, escape];
  const memo = mostVarying(parts) === 'row' ? undefined : compiler.newMemo();
  return combine(compiler, [operand, ...parts], (frame) => {
    const text = operand.evaluate(frame);
    const make = (): LikeTest | undefined => likeTest(pattern.evaluate(frame), escape?.evaluate(frame));
    const test = memo === undefined ? make() : frame.memo(memo, make);
    return typeof text === 'string' && test !== undefined ? test(text) : undefined;
  });
}

function compileCall(compiler: Compiler, expression: Call, scope: Scope): Compiled {
  const row = findFunction(expression.name);
  if (row === undefined) throw badRequest(`'${expression.name}' is not a known function`, 'query');
  const parts = expression.arguments.map((argument) => compiler.expression(argument, scope));
  if (parts.length < row.arity[0] || parts.length > row.arity[1]) {
    throw badRequest(`the function ${row.name} does not take ${parts.length} arguments`, 'query');
  }
  const { evaluate: compute } = row;
  const [first, second, third] = parts.map((part) => part.evaluate);
  let evaluate: Evaluate;
  if (first === undefined) evaluate = (frame) => compute(frame.context);
  else if (second === undefined) evaluate = (frame) => compute(frame.context, first(frame));
  else if (third === undefined) evaluate = (frame) => compute(frame.context, first(frame), second(frame));
  else evaluate = (frame) => compute(frame.context, ...parts.map((part) => part.evaluate(frame)));
  return row.volatile ? { evaluate, varies: 'row' } : combine(compiler, parts, evaluate);
}

function compileScriptCall(compiler: Compiler, expression: ScriptCall, scope: Scope): Compiled {
  const parts = expression.arguments.map((argument) => compiler.expression(argument, scope));
  compiler.noteScript();
  const evaluate: Evaluate = (frame) => {
    const { scripts } = frame.context.ports;
    if (scripts === undefined) throw new DatabaseError('NotSupported', 'user-defined functions are not offered here');
    return scripts.call(
      expression.name,
      parts.map((part) => part.evaluate(frame)),
    );
  };
  return { evaluate, varies: 'row' };
}
