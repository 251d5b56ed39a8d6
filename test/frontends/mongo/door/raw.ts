// A client of bytes: what is sent is exactly what the test says, no driver in between.

import { connect, type Socket } from 'node:net';
import { deserialize } from 'bson';
import type { Document } from 'mongodb';
import { bodySection, message } from '../wire.ts';

export interface Conversation {
  readonly socket: Socket;
  /** Bodies of the replies so far. */
  readonly replies: Document[];
  readonly ended: Promise<void>;
  /** Sends one command and gives the reply to it. */
  run(command: Document): Promise<Document>;
}

export function converse(port: number): Conversation {
  const socket = connect(port, '127.0.0.1');
  const replies: Document[] = [];
  const waiting: (() => void)[] = [];
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
      const length = received.readInt32LE(0);
      replies.push(deserialize(received.subarray(21, length)));
      received = received.subarray(length);
    }
    for (const look of waiting) look();
  });
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  const run = async (command: Document): Promise<Document> => {
    const place = replies.length;
    socket.write(message([bodySection({ ...command, $db: command['$db'] ?? 'raw' })]));
    await new Promise<void>((resolve, reject) => {
      waiting.push(() => replies.length > place && resolve());
      void ended.then(() => reject(new Error('the connection ended without an answer')));
    });
    return replies[place]!;
  };
  return { socket, replies, ended, run };
}
