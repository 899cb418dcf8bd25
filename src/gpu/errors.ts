/**
 * An error that a person is meant to read: what is wrong in one sentence, and what to do about it.
 *
 * It crosses the worker boundary as a plain value (see `toFailure`), because comlink drops subclasses of Error.
 */
export class InklingError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint = '') {
    super(message);
    this.name = 'InklingError';
    this.code = code;
    this.hint = hint;
  }
}

/** An error as a value: `code` for programs, `message` and `hint` (may be empty) for people. */
export interface Failure {
  code: string;
  message: string;
  hint: string;
}

/** Turns anything thrown into a value that survives structured cloning. */
export function toFailure(error: unknown): Failure {
  if (error instanceof InklingError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, hint: '' };
}
