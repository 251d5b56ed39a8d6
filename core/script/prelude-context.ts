// The first part of what every procedure and trigger finds in its machine: errors with numbers, request, response, the
// log, and how calls of the collection go out and their answers come back (docs: "JavaScript server-side SDK"). It is
// text because it runs inside; the host talks to the one function that `prelude.ts` returns from it.
//
// Whatever a script does to the built-ins it shares with this, it harms only its own execution: the host checks all
// that comes out.

export const contextPrelude = String.raw`
const { parse, stringify } = JSON;
const clock = Date.now;
const random = Math.random;
const NativeError = globalThis.Error;

const ErrorCodes = Object.freeze({
  BadRequest: 400,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  PreconditionFailed: 412,
  RequestEntityTooLarge: 413,
  RetryWith: 449,
  InternalServerError: 500,
});

// new Error(number, message) carries the number.
function Error(first, second) {
  const isNumbered = typeof first === 'number' && arguments.length > 1;
  const values = isNumbered ? [second] : arguments;
  const error = Reflect.construct(NativeError, values, new.target || Error);
  if (isNumbered) define(error, 'number', first);
  return error;
}
Error.prototype = NativeError.prototype;
define(NativeError.prototype, 'constructor', Error);

function define(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

let setup;
let failure;

function textOf(error) {
  try {
    return String(error);
  } catch {
    return 'an exception without a text';
  }
}

// The first failure is the execution's.
function fail(error) {
  if (failure !== undefined) return;
  failure = { text: textOf(error) };
  try {
    if (typeof error === 'object' && error !== null) {
      if (typeof error.stack === 'string') failure.stack = error.stack;
      if (Number.isInteger(error.number)) failure.number = error.number;
    }
  } catch {
    // An error that cannot be looked at is still one.
  }
}

function formatted(format, values) {
  let next = 0;
  return format.replace(/%([%s])/g, (all, sign) => (sign === '%' ? '%' : next < values.length ? values[next++] : all));
}

function badRequest(message) {
  return new Error(ErrorCodes.BadRequest, message);
}

// Properties of a request or response: by name, and each by functions of its own.
function Message(properties, sizeMax) {
  const sizeOf = (value) => {
    if (value === undefined || value === null) return 0;
    return typeof value === 'object' ? stringify(value).length : String(value).length;
  };
  const store = (name, value) => {
    const property = properties[name];
    if (name === undefined) return;
    if (property === undefined) throw badRequest('there is no property ' + name + ', and none can be added');
    if (!property.isWritable) throw new Error(ErrorCodes.Forbidden, 'the property ' + name + ' cannot be set');
    if (sizeOf(value) > sizeMax)
      throw new Error(
        ErrorCodes.RequestEntityTooLarge,
        'the message would be too large: return what there is with a continuation, and be called again',
      );
    property.value = value;
    property.isSet = true;
  };
  const get = (name) => (Object.hasOwn(properties, name) ? properties[name].value : undefined);
  const append = (name, value) => {
    const before = get(name);
    store(name, before === undefined || before === null ? value : before + value);
  };
  let anyWritable = false;
  for (const name of Object.keys(properties)) {
    this['get' + name] = () => get(name);
    if (!properties[name].isWritable) continue;
    anyWritable = true;
    this['set' + name] = (value) => store(name, value);
    this['append' + name] = (value) => append(name, value);
  }
  this.getValue = get;
  if (!anyWritable) return;
  this.setValue = store;
  this.appendValue = append;
}

let log = '';
let logSize = 0;
const console = {};
function logged(...values) {
  if (!setup.isLogging) return;
  if (values.length === 0) throw badRequest('log needs a text');
  if (values.length > 1 && typeof values[0] !== 'string') throw badRequest('the first argument of log is no format');
  const text = values.length === 1 ? String(values[0]) : formatted(values[0], values.slice(1));
  logSize += encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text).length;
  if (logSize > setup.logMax) throw new Error(ErrorCodes.RequestEntityTooLarge, 'the script log is full');
  log += text;
}
for (const name of ['log', 'info', 'warn', 'error', 'debug']) console[name] = logged;

// Calls of the collection. Nothing is done at once: they go out when the script has returned.
const waiting = new Map();
let outgoing = [];
let calls = 0;
let characters = 0;

function isAccepting() {
  return failure === undefined && calls < setup.callsMax && characters < setup.charactersMax && clock() < setup.acceptUntil;
}

function send(kind, fields, settle) {
  if (!isAccepting()) return false;
  const id = ++calls;
  let text = '{"id":' + id + ',"kind":"' + kind + '"';
  for (const name of Object.keys(fields)) if (fields[name] !== undefined) text += ',"' + name + '":' + fields[name];
  text += '}';
  characters += text.length;
  outgoing.push(text);
  waiting.set(id, settle);
  return true;
}

let request;
let response;
function begin(text, main) {
  setup = parse(text);
  setup.acceptUntil = clock() + setup.acceptMs;
  request = new Message(setup.request, Infinity);
  response = setup.response === undefined ? undefined : new Message(setup.response, setup.responseMax);
  if (response !== undefined) context.getResponse = () => response;
  __.request = request;
  if (response !== undefined) __.response = response;
  try {
    const result = main.apply(undefined, setup.parameters);
    // What an asynchronous script throws fails it, too.
    if (result instanceof Promise) result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}

function deliver(text) {
  for (const { id, error, resource, options } of parse(text)) {
    if (failure !== undefined) return;
    const settle = waiting.get(id);
    waiting.delete(id);
    try {
      if (error === undefined) settle(undefined, resource, options);
      else settle(errorOf(error));
    } catch (thrown) {
      fail(thrown);
    }
  }
}

// As scripts know the errors of the service.
function errorOf({ number, message }) {
  const body = stringify({ Errors: [message] });
  const error = new Error(number, body);
  error.body = body;
  return error;
}

// What the script wants next: c… its calls, f… it failed, d… it is done.
function take() {
  if (failure !== undefined) return 'f' + stringify({ ...failure, log });
  if (outgoing.length > 0) {
    const text = 'c[' + outgoing.join(',') + ']';
    outgoing = [];
    return text;
  }
  const bodyOf = ({ Body } = {}) => (Body !== undefined && Body.isSet ? stringify(Body.value) : undefined);
  return 'd' + stringify({ response: bodyOf(setup.response), request: bodyOf(setup.request), log });
}

const context = {
  getCollection: () => collection,
  getRequest: () => request,
  abort(error) {
    fail(error === undefined ? new Error('the script was aborted') : error);
    throw error;
  },
};
`;
