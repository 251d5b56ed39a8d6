// The second part: the collection object with its documents, and the queries that are chains of JavaScript functions.
// Such a chain reads the documents of the logical partition page by page and runs in the machine; no index helps it.

export const collectionPrelude = String.raw`
function optionsAndCallback(options, callback) {
  if (callback === undefined && typeof options === 'function') return { options: {}, callback: options };
  if (options !== undefined && typeof options !== 'object') throw badRequest('options must be an object');
  if (callback !== undefined && typeof callback !== 'function') throw badRequest('the callback must be a function');
  return { options: options || {}, callback };
}

function needs(name, least, given) {
  if (given < least) throw badRequest(name + ' needs at least ' + least + ' arguments, not ' + given);
}

function without(text, end) {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}

function checkCollection(link) {
  if (typeof link === 'string' && (without(link, '/') === without(setup.selfLink, '/') || without(link, '/') === setup.altLink)) return;
  throw badRequest('the link is not that of the collection the script runs in');
}

// By _rid, or by id.
function documentOf(link) {
  if (typeof link === 'string') {
    const own = setup.selfLink + 'docs/';
    if (link.startsWith(own)) return { rid: stringify(without(link.slice(own.length), '/')) };
    const named = setup.altLink + '/docs/';
    if (link.startsWith(named)) return { name: stringify(without(link.slice(named.length), '/')) };
  }
  throw badRequest('the link is not that of a document in the collection the script runs in');
}

function settled(callback) {
  return (error, resource, options) => {
    if (callback !== undefined) error === undefined ? callback(undefined, resource, options) : callback(error);
    else if (error !== undefined) throw error;
  };
}

function newId() {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (sign) => {
    const digit = (random() * 16) | 0;
    return (sign === 'x' ? digit : (digit & 3) | 8).toString(16);
  });
}

function bodyOf(body, options) {
  if (body === null || (typeof body !== 'object' && typeof body !== 'string')) throw badRequest('a document must be an object or a text');
  const given = typeof body === 'string' ? parse(body) : body;
  return stringify(options.disableAutomaticIdGeneration !== true && !given.id ? { ...given, id: newId() } : given);
}

function textOption(value) {
  return typeof value === 'string' && value !== '' ? stringify(value) : undefined;
}

const pageSizeDefault = 100;

function pageSizeOf(options) {
  return Number.isInteger(options.pageSize) && options.pageSize > 0 ? options.pageSize : pageSizeDefault;
}

class Collection {
  getSelfLink() {
    return setup.selfLink;
  }

  getAltLink() {
    return setup.altLink;
  }

  createDocument(link, body, options, callback) {
    needs('createDocument', 2, arguments.length);
    checkCollection(link);
    const given = optionsAndCallback(options, callback);
    if (!isAccepting()) return false;
    return send('create', { body: bodyOf(body, given.options) }, settled(given.callback));
  }

  upsertDocument(link, body, options, callback) {
    needs('upsertDocument', 2, arguments.length);
    checkCollection(link);
    const given = optionsAndCallback(options, callback);
    if (!isAccepting()) return false;
    const fields = { body: bodyOf(body, given.options), etag: textOption(given.options.etag) };
    return send('upsert', fields, settled(given.callback));
  }

  readDocument(link, options, callback) {
    needs('readDocument', 1, arguments.length);
    const given = optionsAndCallback(options, callback);
    const fields = { ...documentOf(link), ifNoneMatch: textOption(given.options.ifNoneMatch) };
    return send('read', fields, settled(given.callback));
  }

  replaceDocument(link, body, options, callback) {
    needs('replaceDocument', 2, arguments.length);
    const given = optionsAndCallback(options, callback);
    if (body === null || (typeof body !== 'object' && typeof body !== 'string')) throw badRequest('a document must be an object or a text');
    if (!isAccepting()) return false;
    const text = typeof body === 'string' ? stringify(parse(body)) : stringify(body);
    const fields = { ...documentOf(link), body: text, etag: textOption(given.options.etag) };
    return send('replace', fields, settled(given.callback));
  }

  deleteDocument(link, options, callback) {
    needs('deleteDocument', 1, arguments.length);
    const given = optionsAndCallback(options, callback);
    const fields = { ...documentOf(link), etag: textOption(given.options.etag) };
    return send('delete', fields, settled(given.callback));
  }

  readDocuments(link, options, callback) {
    needs('readDocuments', 1, arguments.length);
    checkCollection(link);
    const given = optionsAndCallback(options, callback);
    return feed(given.options.continuation, pageSizeOf(given.options), settled(given.callback));
  }

  queryDocuments(link, query, options, callback) {
    needs('queryDocuments', 2, arguments.length);
    checkCollection(link);
    if (typeof query !== 'string' && (typeof query !== 'object' || query === null)) throw badRequest('a query must be a text or an object');
    const given = optionsAndCallback(options, callback);
    const fields = {
      query: stringify(typeof query === 'string' ? { query } : query),
      continuation: textOption(given.options.continuation),
      pageSize: pageSizeOf(given.options),
    };
    return send('query', fields, settled(given.callback));
  }

  chain() {
    return new Chain([]);
  }

  // Gives what was captured to functions that do not close over it; here every function does.
  proxy() {
    return Object.create(this);
  }
}

for (const name of ['read', 'create', 'upsert', 'replace', 'delete'])
  Collection.prototype[name + 'Attachment'] = () => {
    throw badRequest('attachments are not offered');
  };
for (const name of ['readAttachments', 'queryAttachments']) Collection.prototype[name] = Collection.prototype.readAttachment;

function feed(continuation, pageSize, settle) {
  return send('feed', { continuation: textOption(continuation), pageSize }, settle);
}

// Chains.

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
        if (values[0] === collection || values[0] === __) values.shift();
        const step = steps[name](...values);
        if (values.length > step.taken && values[step.taken] !== undefined)
          throw badRequest('options and callback of a chain belong to its value()');
        return new Chain([...this.#steps, step]);
      };
    }
  }
}

for (const name of Object.keys(steps)) {
  Collection.prototype[name] = function (...values) {
    if (values[0] === collection || values[0] === __) values.shift();
    const step = steps[name](...values);
    if (name !== 'flatten') mustBeGiven(name, values[0]);
    const given = optionsAndCallback(values[step.taken], values[step.taken + 1]);
    return { isAccepted: runChain([step], given.options, given.callback) };
  };
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
    if (error === undefined && callback === undefined) appendToResponse(found);
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

function appendToResponse(found) {
  if (response === undefined) throw badRequest('a chained query needs a callback where there is no response');
  response.appendBody(stringify(found));
}

const collection = new Collection();
const __ = Object.create(collection);
`;
