// The second part: the collection object with its documents.

import { chainProgram } from './prelude-chain.ts';

export const collectionPrelude = String.raw`
const evaluate = globalThis.eval;

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

// Chains of functions: made at their first use, which few scripts have.
let chains;
function makeChains() {
  chains ??= evaluate(${JSON.stringify(chainProgram)})({
    badRequest,
    Error,
    ErrorCodes,
    feed,
    optionsAndCallback,
    pageSizeOf,
    parse,
    stringify,
    append: (found) => {
      if (response === undefined) throw badRequest('a chained query needs a callback where there is no response');
      response.appendBody(stringify(found));
    },
    isCollection: (value) => value === collection || value === __,
  });
  return chains;
}
for (const name of ['filter', 'map', 'pluck', 'flatten', 'sortBy', 'sortByDescending', 'unwind'])
  Collection.prototype[name] = (...values) => makeChains().one(name, values);
Collection.prototype.chain = () => makeChains().chain();

const collection = new Collection();
const __ = Object.create(collection);
`;
