import { parseArgs } from 'node:util';
import { InklingError } from '../gpu/errors.ts';

/** Bad usage: exit status 2. */
export class UsageError extends InklingError {
  constructor(message: string, hint = '') {
    super('usage', message, hint);
  }
}

/** A flag's value: text, a whole number, a real number, or present or not. */
export type FlagKind = 'text' | 'count' | 'real' | 'switch';

export type Flags<Specification extends Record<string, FlagKind>> = {
  [Name in keyof Specification]?: { text: string; count: number; real: number; switch: boolean }[Specification[Name]];
};

/**
 * Reads `--name value` and `--name=value`. Throws `UsageError` for an unknown flag, a missing or malformed value, or
 * words that belong to no flag when `allowWords` is false.
 */
export function readFlags<Specification extends Record<string, FlagKind>>(
  command: string,
  argv: string[],
  specification: Specification,
  allowWords: boolean,
): { flags: Flags<Specification>; words: string[] } {
  const known = Object.keys(specification);
  const options = Object.fromEntries(
    known.map((name) => [
      name,
      { type: specification[name] === 'switch' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({ args: argv, options, strict: false, allowPositionals: true, tokens: true });
  const flags: Record<string, unknown> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowWords) {
        throw new UsageError(
          `${command}: “${token.value}” belongs to no flag.`,
          'Every value follows its flag, as in --steps 200.',
        );
      }
      words.push(token.value);
    } else if (token.kind === 'option') {
      const kind = Object.hasOwn(specification, token.name) ? specification[token.name] : undefined;
      if (!kind) {
        throw new UsageError(
          `${command} has no flag ${token.rawName}.`,
          `It takes ${known.map((name) => `--${name}`).join(', ')}.`,
        );
      }
      flags[token.name] = parseValue(command, token.name, kind, token.value);
    }
  }
  return { flags: flags as Flags<Specification>, words };
}

function parseValue(command: string, name: string, kind: FlagKind, value: string | boolean | undefined): unknown {
  if (kind === 'switch') {
    if (value !== undefined) {
      throw new UsageError(`${command}: --${name} takes no value.`, `Leave out “${value}”.`);
    }
    return true;
  }
  if (typeof value !== 'string' || (value === '' && kind !== 'text')) {
    throw new UsageError(`${command}: --${name} needs a value.`, `Write --${name} VALUE.`);
  }
  if (kind === 'text') {
    return value;
  }
  const number = Number(value);
  if (!Number.isFinite(number) || value.trim() !== value || (kind === 'count' && !Number.isSafeInteger(number))) {
    const wanted = kind === 'count' ? 'a whole number' : 'a number';
    throw new UsageError(`${command}: --${name} takes ${wanted}, not “${value}”.`);
  }
  return number;
}
