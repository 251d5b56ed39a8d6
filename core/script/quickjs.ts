// QuickJS, compiled to WebAssembly, as the machine of scripts: its heap and stack lie in its own linear memory. Measured
// beside other engines it is the one that is safe by construction and needs no compiler to install; a fresh machine
// takes about a millisecond.

import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { VmError, type OpenVm, type Vm, type VmFunction, type VmLimits } from './vm.ts';

/** Jobs of promises between two looks at the time. */
const jobsPerLook = 256;

/** Loads the engine: some 40 ms and 16 MB, once a thread. */
export async function loadQuickJs(): Promise<OpenVm> {
  const module = await newQuickJSWASMModuleFromVariant(import('@jitl/quickjs-wasmfile-release-sync'));
  return (limits) => new QuickJsVm(module, limits);
}

class QuickJsFunction implements VmFunction {
  readonly machine: QuickJsVm;
  readonly handle: QuickJSHandle;

  constructor(machine: QuickJsVm, handle: QuickJSHandle) {
    this.machine = machine;
    this.handle = handle;
  }
}

class QuickJsVm implements Vm {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #handles: QuickJSHandle[] = [];
  readonly #mustEnd: () => boolean;
  #ended = false;

  constructor(module: QuickJSWASMModule, { memoryBytesMax, stackBytesMax, mustEnd }: VmLimits) {
    this.#mustEnd = mustEnd;
    this.#runtime = module.newRuntime();
    this.#runtime.setMemoryLimit(memoryBytesMax);
    this.#runtime.setMaxStackSize(stackBytesMax);
    this.#runtime.setInterruptHandler(() => (this.#ended ||= mustEnd()));
    this.#context = this.#runtime.newContext();
  }

  compile(text: string, file: string): VmFunction {
    return this.#guarded(() => {
      const result = this.#context.evalCode(text, file, { type: 'global' });
      const handle = 'value' in result ? result.value : this.#fail(result.error);
      this.#handles.push(handle);
      if (this.#context.typeof(handle) !== 'function') throw new VmError('thrown', 'the script is no function');
      return new QuickJsFunction(this, handle);
    });
  }

  call(of: VmFunction, ...values: readonly (string | VmFunction)[]): string {
    return this.#guarded(() => {
      const context = this.#context;
      const made: QuickJSHandle[] = [];
      try {
        const parts = values.map((value) => {
          if (typeof value !== 'string') return (value as QuickJsFunction).handle;
          const handle = context.newString(value);
          made.push(handle);
          return handle;
        });
        const result = context.callFunction((of as QuickJsFunction).handle, context.undefined, ...parts);
        const handle = 'value' in result ? result.value : this.#fail(result.error);
        made.push(handle);
        return context.typeof(handle) === 'string' ? context.getString(handle) : '';
      } finally {
        for (const handle of made) handle.dispose();
      }
    });
  }

  runJobs(): void {
    this.#guarded(() => {
      while (this.#runtime.hasPendingJob()) {
        // Jobs may be too short for the engine to ask.
        this.#ended ||= this.#mustEnd();
        if (this.#ended) throw tooLong();
        const result = this.#runtime.executePendingJobs(jobsPerLook);
        if ('error' in result && result.error !== undefined) this.#fail(result.error);
      }
    });
  }

  dispose(): void {
    for (const handle of this.#handles.splice(0)) handle.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
  }

  #fail(error: QuickJSHandle): never {
    if (this.#ended) {
      error.dispose();
      throw tooLong();
    }
    const shown: unknown = this.#context.dump(error);
    error.dispose();
    throw new VmError('thrown', textOf(shown));
  }

  /** What fails outside of the script, in the engine itself or in the host's stack, leaves the engine in doubt. */
  #guarded<Value>(run: () => Value): Value {
    try {
      const value = run();
      // What was interrupted within a promise is told to nobody else.
      if (this.#ended) throw tooLong();
      return value;
    } catch (error) {
      if (error instanceof VmError) throw error;
      throw new VmError('broken', error instanceof Error ? error.message : String(error));
    }
  }
}

function tooLong(): VmError {
  return new VmError('ended', 'the script ran for too long');
}

function textOf(shown: unknown): string {
  if (typeof shown !== 'object' || shown === null) return String(shown);
  const { name, message, stack } = shown as { name?: unknown; message?: unknown; stack?: unknown };
  const head = `${typeof name === 'string' ? name : 'Error'}: ${typeof message === 'string' ? message : ''}`;
  return typeof stack === 'string' && stack !== '' ? `${head}\n${stack.trimEnd()}` : head;
}
