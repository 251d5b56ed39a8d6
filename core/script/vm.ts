// What runs scripts, behind the few calls that the rest needs, so that another engine can take its place. A machine
// serves one execution: it is made, used and thrown away.
//
// Invariant: strings alone cross. Nothing of the host can be reached from inside, not even a function of it.

/** A function of the script, inside the machine. */
export interface VmFunction {
  readonly machine: Vm;
}

export interface VmLimits {
  readonly memoryBytesMax: number;
  readonly stackBytesMax: number;
  /** Asked again and again while a script runs: true ends it for good. */
  readonly mustEnd: () => boolean;
}

export interface Vm {
  /** Runs a program whose value is a function. Throws VmError. */
  compile(text: string, file: string): VmFunction;
  /** Calls a function with texts; gives the text it returns, '' for undefined. Throws VmError. */
  call(of: VmFunction, ...values: readonly (string | VmFunction)[]): string;
  /** Runs what promises made ready. */
  runJobs(): void;
  dispose(): void;
}

export type OpenVm = (limits: VmLimits) => Vm;

/** What ended a script. */
export class VmError extends Error {
  /** `ended`: by `mustEnd`. `broken`: the engine cannot be trusted any more, nor what shares its memory. */
  readonly kind: 'thrown' | 'ended' | 'broken';

  constructor(kind: VmError['kind'], message: string) {
    super(message);
    this.name = 'VmError';
    this.kind = kind;
  }
}
