// $regexMatch, $regexFind, $regexFindAll on the linear-time engine; positions are in characters.
// Source: MongoDB manual, pages of those names.

import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { compileRegex } from '../../../../core/query/predicate/pattern.ts';
import type { Pattern } from '../../../../model/predicate.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { MongoError } from '../../errors.ts';
import { patternOfRegex } from '../../filter-operands.ts';
import { named, type NamedCodes, type OperatorRow } from '../row.ts';
import type { Frame } from '../scope.ts';
import {
  arrayRaw,
  booleanRaw,
  int32Raw,
  isNullish,
  isString,
  nullRaw,
  objectRaw,
  stringRaw,
  type Operand,
} from '../value.ts';

const codes: NamedCodes = { notObject: 51103, unknown: 31024, missing: { input: 31022, regex: 31023 } };

function patternOf(name: string, regex: Operand, options: Operand): Pattern | undefined {
  if (isNullish(regex)) return undefined;
  if (regex.type !== BsonType.string && regex.type !== BsonType.regex)
    throw new MongoError(51105, `${name} needs 'regex' to be of type string or regex`);
  if (!isNullish(options) && !isString(options))
    throw new MongoError(51106, `${name} needs 'options' to be of type string`);
  const given = isNullish(options) ? '' : textOfRaw(options);
  if (regex.type === BsonType.regex) {
    const pattern = patternOfRegex(regex);
    if (given === '') return pattern;
    if (pattern.options !== '')
      throw new MongoError(51107, `${name}: found regex option(s) specified in both 'regex' and 'option' fields`);
    return checked(name, { source: pattern.source, options: given });
  }
  return checked(name, { source: textOfRaw(regex), options: given });
}

function checked(name: string, pattern: Pattern): Pattern {
  if (pattern.source.includes('\0'))
    throw new MongoError(51109, `${name}: regular expression cannot contain an embedded null byte`);
  if (pattern.options.includes('\0'))
    throw new MongoError(51110, `${name}: regular expression options cannot contain an embedded null byte`);
  if (!/^[imsxu]*$/.test(pattern.options)) throw new MongoError(51108, `${name} invalid flag in regex options`);
  return pattern;
}

type Engine = ReturnType<typeof compileRegex>;

/** The last pattern compiled: most calls have one. */
interface Memory {
  key: string;
  engine: Engine | undefined;
}

function engineOf(name: string, pattern: Pattern, memory: Memory): Engine {
  const key = `${pattern.options}/${pattern.source}`;
  if (memory.engine !== undefined && memory.key === key) return memory.engine;
  try {
    memory.engine = compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new MongoError(
      51111,
      `Invalid Regex in ${name}: it is not valid, or needs what no linear-time engine offers`,
    );
  }
  memory.key = key;
  return memory.engine;
}

function regexOperator(
  name: string,
  none: Raw,
  apply: (engine: Engine, text: string, frame: Frame) => Raw,
): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const memory: Memory = { key: '', engine: undefined };
      return named(name, ['input', 'regex'], ['options'], codes, ([input, regex, options], _given, frame) => {
        const pattern = patternOf(name, regex, options);
        if (!isNullish(input) && input.type !== BsonType.string && input.type !== BsonType.symbol)
          throw new MongoError(51104, `${name} needs 'input' to be of type string`);
        if (isNullish(input) || pattern === undefined) return none;
        frame.spend((input.end - input.start) >>> 4);
        return apply(engineOf(name, pattern, memory), textOfRaw(input), frame);
      }).compile(operand, parse);
    },
  };
}

/** Characters in front of a UTF-16 position, counted on from a known place. */
class Places {
  readonly #text: string;
  #unit = 0;
  #character = 0;

  constructor(text: string) {
    this.#text = text;
  }

  at(unit: number): number {
    while (this.#unit < unit) {
      const code = this.#text.charCodeAt(this.#unit);
      this.#unit += code >= 0xd800 && code < 0xdc00 ? 2 : 1;
      this.#character++;
    }
    return this.#character;
  }
}

type Matcher = ReturnType<Engine['matcher']>;

function matchRaw(matcher: Matcher, places: Places): Raw {
  const captures: Operand[] = [];
  for (let i = 1; i <= matcher.groupCount(); i++) {
    const group = matcher.group(i);
    captures.push(group === null || group === undefined ? nullRaw : stringRaw(group));
  }
  const match = stringRaw(matcher.group() ?? '');
  return objectRaw(['match', 'idx', 'captures'], [match, int32Raw(places.at(matcher.start())), arrayRaw(captures)]);
}

export const regexOperators: readonly OperatorRow[] = [
  regexOperator('$regexMatch', booleanRaw(false), (engine, text) => booleanRaw(engine.matcher(text).find())),
  regexOperator('$regexFind', nullRaw, (engine, text) => {
    const matcher = engine.matcher(text);
    return matcher.find() ? matchRaw(matcher, new Places(text)) : nullRaw;
  }),
  regexOperator('$regexFindAll', arrayRaw([]), (engine, text, frame) => {
    const matcher = engine.matcher(text);
    const places = new Places(text);
    const matches: Raw[] = [];
    while (matcher.find()) {
      frame.spend(1);
      matches.push(matchRaw(matcher, places));
    }
    return arrayRaw(matches);
  }),
];
