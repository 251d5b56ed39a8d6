// What a flag may hold: how its text is read, and what is wrong with a text that cannot be. One parser serves the
// command line, the environment and the file, so that a value means the same wherever it is given.

/** A flag was given a value it cannot hold, or an unknown name: the process ends with exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export interface FlagType<Value> {
  /** Placeholder in the help; undefined for a switch, which takes no value. */
  readonly placeholder: string | undefined;
  /** Throws UsageError with the reason only; the caller adds which flag. */
  parse(text: string): Value;
}

export const text: FlagType<string> = {
  placeholder: 'TEXT',
  parse(given) {
    if (given === '') throw new UsageError('must not be empty');
    return given;
  },
};

export function named(placeholder: string): FlagType<string> {
  return { ...text, placeholder };
}

export const toggle: FlagType<boolean> = {
  placeholder: undefined,
  parse(given) {
    if (given === 'true' || given === '1') return true;
    if (given === 'false' || given === '0') return false;
    throw new UsageError('must be true or false');
  },
};

export function integer(placeholder: string, min: number, max: number): FlagType<number> {
  return {
    placeholder,
    parse(given) {
      const value = Number(given);
      if (!/^\d{1,16}$/.test(given) || value < min || value > max)
        throw new UsageError(`must be a whole number from ${min} to ${max}`);
      return value;
    },
  };
}

export const port: FlagType<number> = integer('PORT', 0, 65_535);

/** `placeholder` replaces the list of words where that is long; the help then lists them. */
export function choice<const Word extends string>(words: readonly Word[], placeholder?: string): FlagType<Word> {
  return {
    placeholder: placeholder ?? words.join('|'),
    parse(given) {
      const found = words.find((word) => word.toLowerCase() === given.toLowerCase());
      if (found === undefined) throw new UsageError(`must be one of ${words.join(', ')}`);
      return found;
    },
  };
}

/** Base64 of a signing key. Never repeated in a message. */
export const accountKey: FlagType<string> = {
  placeholder: 'BASE64',
  parse(given) {
    const bytes = Buffer.from(given, 'base64');
    if (bytes.toString('base64') !== given || bytes.length < keyBytesMin || bytes.length > keyBytesMax)
      throw new UsageError(
        `must be base64 of ${keyBytesMin} to ${keyBytesMax} bytes, for example \`openssl rand -base64 64 -A\``,
      );
    return given;
  },
};

/** Shorter keys could be guessed; Cosmos DB's have 64 bytes. */
const keyBytesMin = 16;
const keyBytesMax = 256;

export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

/** Names of accounts become host names and user names: Cosmos DB's rule for them. */
const accountNamePattern = /^[a-z0-9](?:[a-z0-9-]{1,48}[a-z0-9])$/;

export const namedKey: FlagType<NamedKey> = {
  placeholder: 'NAME=BASE64',
  parse(given) {
    const at = given.indexOf('=');
    if (at < 0) throw new UsageError('must be name=key');
    const name = given.slice(0, at);
    if (!accountNamePattern.test(name))
      throw new UsageError('the account name must be 3 to 50 lower-case letters, digits and hyphens');
    return { name, key: accountKey.parse(given.slice(at + 1)) };
  },
};

export const httpUrl: FlagType<string> = {
  placeholder: 'URL',
  parse(given) {
    if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
      throw new UsageError('must be an http or https URL');
    return new URL(given).origin;
  },
};

export interface NamedIssuer {
  readonly name: string;
  /** Where its keys are. */
  readonly keys: string;
}

/** Names of issuers are addresses; those that hold an equals sign cannot be given. */
export const issuer: FlagType<NamedIssuer> = {
  placeholder: 'ISSUER=KEYS',
  parse(given) {
    const at = given.indexOf('=');
    if (at < 1 || at === given.length - 1) throw new UsageError('must be issuer=keys');
    return { name: given.slice(0, at), keys: given.slice(at + 1) };
  },
};

export interface Grant {
  readonly principal: string;
  readonly role: string;
  readonly scope: string;
}

export const grant: FlagType<Grant> = {
  placeholder: 'PRINCIPAL=ROLE[@SCOPE]',
  parse(given) {
    const [, principal, role, scope = '/'] = /^([^=]+)=([^@]+)(?:@(.+))?$/.exec(given) ?? [];
    if (principal === undefined || role === undefined)
      throw new UsageError('must be principal=role, or principal=role@/dbs/{id}[/colls/{id}]');
    return { principal, role, scope };
  },
};
