// Wrong answers on purpose, one way each: a suite that stays green under any of them does not look at what it says it
// looks at. Each is given a request and its answer, changes the answer, and returns false when it found nothing to change.

function isItem({ url }) {
  return /\/docs(\/|$)/.test(url);
}

function isQuery({ headers }) {
  return (
    headers['content-type'] === 'application/query+json' && headers['x-ms-cosmos-is-query-plan-request'] === undefined
  );
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

function drop(headers, name) {
  if (!(name in headers)) return false;
  delete headers[name];
  return true;
}

export const wrongAnswers = {
  'no session token': (request, { headers }) => isItem(request) && drop(headers, 'x-ms-session-token'),

  'no charge': (request, { headers }) => isItem(request) && drop(headers, 'x-ms-request-charge'),

  'no etag': (request, answer) =>
    isItem(request) &&
    !isQuery(request) &&
    (drop(answer.headers, 'etag') || edit(answer, (value) => delete value._etag)),

  'created is called ok': (request, answer) => {
    if (answer.status !== 201) return false;
    answer.status = 200;
    return true;
  },

  'not found is called deleted': (request, answer) => {
    if (answer.status !== 404) return false;
    answer.status = 204;
    answer.body = Buffer.alloc(0);
    return true;
  },

  'conditions hold always': (request, answer) => {
    if (answer.status !== 412) return false;
    answer.status = 200;
    return true;
  },

  'a query loses its last row': (request, answer) =>
    isQuery(request) && edit(answer, (value) => Array.isArray(value.Documents) && value.Documents.pop() !== undefined),

  'pages end with the first': (request, { headers }) => isQuery(request) && drop(headers, 'x-ms-continuation'),

  'items are answered with another id': (request, answer) =>
    isItem(request) &&
    !isQuery(request) &&
    edit(answer, (value) => {
      if (typeof value.id !== 'string') return false;
      value.id = `${value.id}x`;
      return true;
    }),

  'a batch succeeds for everyone': (request, answer) =>
    request.headers['x-ms-cosmos-is-batch-request'] !== undefined &&
    edit(answer, (value) => {
      if (!Array.isArray(value)) return false;
      answer.status = 200;
      for (const result of value) result.statusCode = 200;
      return true;
    }),

  'throughput is always 400': (request, answer) =>
    request.url.startsWith('/offers') &&
    edit(answer, (value) => {
      for (const offer of value.Offers ?? [value]) offer.content = { offerThroughput: 400 };
      return true;
    }),

  'cross-partition queries are never refused': (request, answer) => {
    if (!isQuery(request) || answer.status !== 400) return false;
    answer.status = 200;
    answer.body = Buffer.from('{"_rid":"","Documents":[],"_count":0}');
    return true;
  },
};
