// GET /ready: 200 once a write and a read went through every door, and as long as writes are taken; 503 otherwise.

import type { Operation } from '../surface.ts';

export const readReady: Operation = ({ sources }) => {
  const reason = sources.fault();
  return reason === undefined ? { status: 200, body: { ready: true } } : { status: 503, body: { ready: false, reason } };
};
