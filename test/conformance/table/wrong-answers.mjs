// Wrong answers on purpose, one way each: a suite that stays green under any of them does not look at what it says it
// looks at. Each is given a request and its answer, changes the answer, and returns false when it found nothing to change.

function isBatch({ url }) {
  return url.includes('/$batch');
}

function isEntity({ url }) {
  return /\(PartitionKey=/.test(decodeURIComponent(url));
}

/** Changes the JSON of an answer that has any. */
function edit(answer, change) {
  let value;
  try {
    value = JSON.parse(answer.body.toString());
  } catch {
    return false;
  }
  if (typeof value !== 'object' || value === null || change(value) === false) return false;
  answer.body = Buffer.from(JSON.stringify(value));
  return true;
}

function replace(answer, pattern, replacement) {
  const before = answer.body.toString();
  const after = before.replaceAll(pattern, replacement);
  answer.body = Buffer.from(after);
  return after !== before;
}

function drop(headers, ...names) {
  const found = names.filter((name) => name in headers);
  for (const name of found) delete headers[name];
  return found.length > 0;
}

export const wrongAnswers = {
  'no etag': (_request, answer) => drop(answer.headers, 'etag'),

  'created is called accepted': (request, answer) => {
    if (answer.status !== 201 && answer.status !== 204) return false;
    answer.status = 202;
    return true;
  },

  'not found is called deleted': (_request, answer) => {
    if (answer.status !== 404) return false;
    answer.status = 204;
    answer.body = Buffer.alloc(0);
    return true;
  },

  'conditions hold always': (request, answer) => {
    if (answer.status !== 412 || isBatch(request)) return false;
    answer.status = 204;
    answer.body = Buffer.alloc(0);
    return true;
  },

  'a query loses its last row': (_request, answer) =>
    edit(answer, (value) => Array.isArray(value.value) && value.value.pop() !== undefined),

  'pages end with the first': (_request, { headers }) =>
    drop(
      headers,
      'x-ms-continuation-nextpartitionkey',
      'x-ms-continuation-nextrowkey',
      'x-ms-continuation-nexttablename',
    ),

  'entities are answered with another key': (request, answer) =>
    isEntity(request) &&
    edit(answer, (value) => {
      if (typeof value.RowKey !== 'string') return false;
      value.RowKey = `${value.RowKey}x`;
      return true;
    }),

  'types are not told': (_request, answer) => replace(answer, /"[^"]+@odata\.type":"[^"]+",?/g, ''),

  'errors have another code': (_request, answer) => {
    if (answer.status < 400) return false;
    const inBody = replace(answer, /"code":"\w+"/g, '"code":"InternalError"');
    return drop(answer.headers, 'x-ms-error-code') || inBody;
  },

  'a batch succeeds for everyone': (request, answer) =>
    isBatch(request) && replace(answer, /^HTTP\/1\.1 4\d\d .*$/gm, 'HTTP/1.1 204 No Content'),

  'nobody is refused': (_request, answer) => {
    if (answer.status !== 401 && answer.status !== 403) return false;
    answer.status = 204;
    answer.body = Buffer.alloc(0);
    return true;
  },

  'service properties are forgotten': (request, answer) =>
    /[?&]restype=service/.test(request.url) && replace(answer, /true/g, 'false'),
};
