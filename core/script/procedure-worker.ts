// The thread that runs procedures and triggers: the entry point that `script-threads.ts` starts. One script at a time, in
// a machine of its own, which is thrown away with it; the next machine is made ready while the thread has nothing to do.

import { parentPort } from 'node:worker_threads';
import { acceptShare, scriptMemoryBytesMax, scriptStackBytesMax } from './limits.ts';
import type { ScriptOutcome, ScriptRun, ThreadAnswer, ThreadRequest } from './messages.ts';
import { apiPrelude, programsOf } from './prelude.ts';
import { loadQuickJs } from './quickjs.ts';
import { VmError, type Vm, type VmFunction } from './vm.ts';

interface Machine {
  readonly vm: Vm;
  readonly api: VmFunction;
  endMs: number;
}

interface Running {
  readonly id: number;
  readonly machine: Machine;
}

const openVm = await loadQuickJs();
let ready: Machine | undefined;
let running: Running | undefined;

function makeMachine(): Machine {
  const machine = { endMs: Infinity };
  const vm = openVm({
    memoryBytesMax: scriptMemoryBytesMax,
    stackBytesMax: scriptStackBytesMax,
    mustEnd: () => performance.now() > machine.endMs,
  });
  return Object.assign(machine, { vm, api: vm.compile(apiPrelude, 'api.js') });
}

function answer(message: ThreadAnswer): void {
  parentPort?.postMessage(message);
}

function compiled(vm: Vm, { text, file }: ScriptRun): VmFunction {
  const programs = programsOf(text);
  for (const [i, program] of programs.entries()) {
    try {
      return vm.compile(program, file);
    } catch (error) {
      if (i === programs.length - 1 || !(error instanceof VmError) || error.kind !== 'thrown') throw error;
    }
  }
  throw new VmError('thrown', 'the script is no function');
}

function finish({ id, machine }: Running, outcome: ScriptOutcome, broken: boolean): void {
  running = undefined;
  let isBroken = broken;
  try {
    if (!broken) machine.vm.dispose();
  } catch {
    isBroken = true;
  }
  answer({ kind: 'outcome', id, outcome, isBroken });
  if (!isBroken) setImmediate(prepare);
}

function prepare(): void {
  if (running === undefined) ready ??= makeMachine();
}

function failed(at: Running, error: unknown): void {
  const kind = error instanceof VmError ? error.kind : 'broken';
  if (kind === 'ended') return finish(at, { kind: 'ended' }, false);
  const text = error instanceof Error ? error.message : String(error);
  finish(at, { kind: 'failed', text, stack: undefined, number: undefined, log: '' }, kind === 'broken');
}

/** Runs what is ready, then asks the script what it wants. */
function proceed(at: Running, step: () => void): void {
  const { vm, api } = at.machine;
  try {
    step();
    vm.runJobs();
    const wish = vm.call(api, 'take');
    if (wish.startsWith('c')) return answer({ kind: 'calls', id: at.id, calls: wish.slice(1) });
    finish(at, outcomeOf(wish), false);
  } catch (error) {
    failed(at, error);
  }
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What the script's side says is checked: a script may have changed the built-ins that made it. */
function outcomeOf(wish: string): ScriptOutcome {
  const given: unknown = JSON.parse(wish.slice(1));
  const { response, request, text, stack, number, log } = (given ?? {}) as Readonly<Record<string, unknown>>;
  const logText = textOrNone(log) ?? '';
  if (wish.startsWith('d'))
    return { kind: 'done', response: textOrNone(response), request: textOrNone(request), log: logText };
  return {
    kind: 'failed',
    text: textOrNone(text) ?? 'the script failed',
    stack: textOrNone(stack),
    number: typeof number === 'number' && Number.isInteger(number) ? number : undefined,
    log: logText,
  };
}

parentPort?.on('message', (request: ThreadRequest) => {
  if (request.kind === 'run') {
    const machine = ready ?? makeMachine();
    ready = undefined;
    const at = (running = { id: request.id, machine });
    const { run } = request;
    machine.endMs = performance.now() + run.timeMs;
    const setup = `{"acceptMs":${Math.floor(run.timeMs * acceptShare)},${run.setup.slice(1)}`;
    return proceed(at, () => machine.vm.call(machine.api, 'begin', setup, compiled(machine.vm, run)));
  }
  const at = running;
  if (at?.id !== request.id) return;
  if (request.kind === 'stop') finish(at, { kind: 'ended' }, false);
  else proceed(at, () => at.machine.vm.call(at.machine.api, 'deliver', request.answers));
});
prepare();
answer({ kind: 'ready' });
