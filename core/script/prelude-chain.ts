// Queries that are chains of JavaScript functions (docs: "JavaScript query API"). A chain reads the documents of the logical
// partition page by page and runs in the machine; no index helps it. A program of its own, because compiling it takes a
// millisecond that most scripts need not pay.

export const chainProgram = String.raw`(({ badRequest, Error, ErrorCodes, feed, optionsAndCallback, pageSizeOf, parse, stringify, append, isCollection }) => {

const typeOrder = ['undefined', 'null', 'boolean', 'number', 'string', 'object'];

function typeOf(value) {
  return typeOrder.indexOf(value === null ? 'null' : typeof value);
}

function compare(a, b) {
  const types = typeOf(a) - typeOf(b);
  if (types !== 0) return types;
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(rows, by, sign) {
  return rows
    .map((row) => ({ row, key: by(row) }))
    .sort((a, b) => sign * compare(a.key, b.key))
    .map(({ row }) => row);
}

function mustBeFunction(value) {
  if (typeof value !== 'function') throw badRequest('a chained query needs a function');
  return value;
}

// Each makes a step of a chain: how many arguments it takes, and what it does to a list of rows.
const steps = {
  filter: (test) => ({ taken: 1, run: (rows) => rows.filter((row) => mustBeFunction(test)(row)) }),
  map: (change) => ({ taken: 1, run: (rows) => rows.map((row) => mustBeFunction(change)(row)) }),
  pluck: (name) => {
    if (typeof name !== 'string' || name === '') throw badRequest('pluck needs the name of a property');
    return { taken: 1, run: (rows) => rows.map((row) => row[name]) };
  },
  flatten: (isShallow) => {
    const taken = typeof isShallow === 'boolean' ? 1 : 0;
    return { taken, run: (rows) => rows.flat(isShallow === true ? 1 : Infinity) };
  },
  sortBy: (by) => ({ taken: 1, sorts: true, run: (rows) => sorted(rows, mustBeFunction(by), 1) }),
  sortByDescending: (by) => ({ taken: 1, sorts: true, run: (rows) => sorted(rows, mustBeFunction(by), -1) }),
  unwind: (inner, both) => {
    mustBeFunction(inner);
    const isPair = typeof both === 'function' && both.length >= 2;
    return {
      taken: isPair ? 2 : 1,
      run: (rows) => rows.flatMap((row) => (isPair ? inner(row).flatMap((one) => both(row, one)) : inner(row))),
    };
  },
};

class Chain {
  #steps;

  constructor(list) {
    this.#steps = list;
    this.isAccepted = true;
  }

  value(options, callback) {
    const given = optionsAndCallback(options, callback);
    return { isAccepted: runChain(this.#steps, given.options, given.callback) };
  }

  static {
    for (const name of Object.keys(steps)) {
      Chain.prototype[name] = function (...values) {
        if (isCollection(values[0])) values.shift();
        const step = steps[name](...values);
        if (values.length > step.taken && values[step.taken] !== undefined)
          throw badRequest('options and callback of a chain belong to its value()');
        return new Chain([...this.#steps, step]);
      };
    }
  }
}

function mustBeGiven(name, value) {
  if (value === undefined) throw badRequest(name + ' needs an argument');
}

const chainPageSize = 1000;

function runAll(list, rows) {
  return list.reduce((before, step) => step.run(before), rows);
}

// Rows of a chain without a sort are made as pages come in; a sort waits for the last. A continuation says at which
// page to begin and how many of its rows were given.
function runChain(list, options, callback) {
  const pageSize = pageSizeOf(options);
  const begun = options.continuation ? parse(options.continuation) : {};
  const sort = list.findIndex(({ sorts }) => sorts === true);
  const before = sort < 0 ? list : list.slice(0, sort);
  const after = sort < 0 ? [] : list.slice(sort);
  let { at = '', skip = 0 } = begun;
  let rows = [];
  const finish = (error, found, next) => {
    if (error === undefined && callback === undefined) append(found);
    else if (callback === undefined) throw error;
    else if (error !== undefined) callback(error);
    else callback(undefined, found, next === undefined ? {} : { continuation: stringify(next) });
  };
  const page = () =>
    feed(at, chainPageSize, (error, documents, { continuation } = {}) => {
      if (error !== undefined) return finish(error);
      let made;
      try {
        made = runAll(before, documents);
        if (sort >= 0) {
          rows = rows.concat(made);
          if (continuation === undefined) made = runAll(after, rows);
        }
      } catch (thrown) {
        return finish(thrown);
      }
      if (sort >= 0) {
        if (continuation === undefined) return finish(undefined, made.slice(skip, skip + pageSize), made.length > skip + pageSize ? { skip: skip + pageSize } : undefined);
        at = continuation;
        return page() || finish(new Error(ErrorCodes.RequestEntityTooLarge, 'there was no time to sort all documents'));
      }
      const room = pageSize - rows.length;
      const rest = made.slice(skip);
      rows = rows.concat(rest.slice(0, room));
      if (rest.length > room) return finish(undefined, rows, { at, skip: skip + room });
      if (continuation === undefined) return finish(undefined, rows);
      at = continuation;
      skip = 0;
      if (rows.length === pageSize || !page()) finish(undefined, rows, { at, skip });
    });
  return page();
}

function one(name, values) {
  if (isCollection(values[0])) values.shift();
  const step = steps[name](...values);
  if (name !== 'flatten') mustBeGiven(name, values[0]);
  const given = optionsAndCallback(values[step.taken], values[step.taken + 1]);
  return { isAccepted: runChain([step], given.options, given.callback) };
}

return { one, chain: () => new Chain([]) };
})`;
