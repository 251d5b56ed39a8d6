// Every bound on server-side JavaScript, in one place: docs/server-side-javascript.md names them for users. Each exists
// because a script of a few bytes would else take the memory, the processor or the log.

/** Milliseconds from the start of an execution, a repeat after a conflict included, until it is ended. */
export const scriptMsMax = 5_000;

/** Share of those after which a script's calls are not accepted any more: it has the rest to set its answer. */
export const acceptShare = 0.8;

/** A script that does not end itself in time is ended with its thread after this many milliseconds more. */
export const endingMsMax = 250;

/** Bytes a script may hold, in its own heap. */
export const scriptMemoryBytesMax = 64 * 1024 * 1024;

/** Bytes of a script's stack: about 1,500 calls deep. */
export const scriptStackBytesMax = 256 * 1024;

/** Megabytes of the stack of a thread that runs scripts: the engine takes several bytes of it for one of the script's. */
export const threadStackMegabytes = 8;

/** Calls of the collection that one execution may make. */
export const scriptCallsMax = 10_000;

/** Characters of JSON in those calls. */
export const scriptCallCharactersMax = 6 * 1024 * 1024;

/** Characters of JSON a script may answer. */
export const responseCharactersMax = 4 * 1024 * 1024;

/** Characters of a script log as it stands in its header, percent-encoded: clients take 16 KB of headers together. */
export const logCharactersMax = 6 * 1024;

/** Executions that run at the same time; each has a thread while it runs. */
export const scriptThreadsMax = 2;

/** Executions that may wait for a thread. */
export const waitingExecutionsMax = 256;

/** Without work for so long a thread ends, and the memory its scripts took goes with it. */
export const idleMsDefault = 5_000;

/** Milliseconds of one call of a user-defined function. */
export const functionCallMsMax = 500;

/** Milliseconds of all calls in one page of a query. */
export const functionPageMsMax = 5_000;

/** Milliseconds for which a query waits for a function with the event loop held: a call takes some 30 µs. */
export const functionWaitMsMax = 1;

/** Bytes that the functions of one query may hold. */
export const functionMemoryBytesMax = 16 * 1024 * 1024;

/** Calls of a query that were not answered at once, after which none is waited for with the event loop held. */
export const slowCallsMax = 3;

/** Queries with user-defined functions that run at the same time. */
export const functionQueriesMax = 16;

/** Answers of functions that are kept for one row. */
export const functionAnswersMax = 10_000;
