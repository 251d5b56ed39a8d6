// GET /alive: the process runs and its event loop turns. Nothing more is promised.

import type { Operation } from '../surface.ts';

export const readAlive: Operation = () => ({ status: 200, body: { alive: true } });
