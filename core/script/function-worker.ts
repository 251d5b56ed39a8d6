// The thread that runs user-defined functions of queries: the entry point that `function-thread.ts` starts. It sleeps on
// a shared counter and not in its event loop, so that a call is answered within some 15 µs. A query has a machine of its
// own until it ends.

import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import type { FunctionAnswer, FunctionRequest } from './function-messages.ts';
import { answeredPlace, sentPlace } from './function-messages.ts';
import { functionCallMsMax, functionMemoryBytesMax, scriptStackBytesMax } from './limits.ts';
import { functionPrelude, programsOf } from './prelude.ts';
import { loadQuickJs } from './quickjs.ts';
import { VmError, type Vm, type VmFunction } from './vm.ts';

interface Machine {
  readonly vm: Vm;
  readonly caller: VmFunction;
  readonly functions: Map<string, VmFunction>;
}

const { port, counters } = workerData as { readonly port: MessagePort; readonly counters: Int32Array };
const openVm = await loadQuickJs();
const machines = new Map<number, Machine>();
let endMs = Infinity;

function machineOf(query: number): Machine {
  let machine = machines.get(query);
  if (machine === undefined) {
    const vm = openVm({
      memoryBytesMax: functionMemoryBytesMax,
      stackBytesMax: scriptStackBytesMax,
      mustEnd: () => performance.now() > endMs,
    });
    machine = { vm, caller: vm.compile(functionPrelude, 'api.js'), functions: new Map() };
    machines.set(query, machine);
  }
  return machine;
}

function compiled({ vm, functions }: Machine, name: string, text: string | undefined): VmFunction {
  const known = functions.get(name);
  if (known !== undefined) return known;
  let failure: unknown;
  for (const program of programsOf(text ?? '')) {
    try {
      const made = vm.compile(program, `${name}.js`);
      functions.set(name, made);
      return made;
    } catch (error) {
      failure = error;
      if (!(error instanceof VmError) || error.kind !== 'thrown') break;
    }
  }
  throw failure;
}

function endQuery(query: number): void {
  const machine = machines.get(query);
  machines.delete(query);
  machine?.vm.dispose();
}

function answerCall(request: Extract<FunctionRequest, { readonly kind: 'call' }>): FunctionAnswer {
  const startMs = performance.now();
  const { id, query, name, text, values, signs } = request;
  const answer = (outcome: 'done' | 'failed' | 'ended' | 'broken', shown: string): FunctionAnswer => ({
    kind: 'answer',
    id,
    outcome,
    text: shown,
    tookMs: performance.now() - startMs,
  });
  endMs = startMs + functionCallMsMax;
  try {
    const machine = machineOf(query);
    return answer('done', machine.vm.call(machine.caller, compiled(machine, name, text), values, signs));
  } catch (error) {
    const kind = error instanceof VmError ? error.kind : 'broken';
    const shown = error instanceof Error ? error.message : String(error);
    if (kind === 'thrown') return answer('failed', shown);
    try {
      if (kind === 'ended') endQuery(query);
    } catch {
      return answer('broken', shown);
    }
    return answer(kind, shown);
  }
}

function send(answer: FunctionAnswer): void {
  port.postMessage(answer);
  Atomics.add(counters, answeredPlace, 1);
  Atomics.notify(counters, answeredPlace);
}

send({ kind: 'ready' });
for (;;) {
  const seen = Atomics.load(counters, sentPlace);
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const request = next.message as FunctionRequest;
    if (request.kind === 'call') send(answerCall(request));
    else endQuery(request.query);
  }
  Atomics.wait(counters, sentPlace, seen);
}
