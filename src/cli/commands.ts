import { InklingError, toFailure } from '../gpu/errors.ts';
import { UsageError } from './arguments.ts';
import { bench } from './bench.ts';
import { evaluate } from './evaluate.ts';
import { exportModel } from './export.ts';
import { parity } from './parity.ts';
import { sample } from './sample.ts';
import { shrink } from './shrink.ts';
import { train } from './train.ts';

/** A command resolves with whether it succeeded. */
const COMMANDS: Record<string, (argv: string[]) => Promise<boolean>> = {
  train,
  sample,
  evaluate,
  export: exportModel,
  shrink,
  parity,
  bench,
};

/** Runs the command that the words name. Resolves with what the process ends with: 0, 1 for a failed run, 2 for bad usage. */
export async function runCommand([command, ...argv]: string[]): Promise<number> {
  try {
    const run = command !== undefined && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (!run) {
      throw new UsageError(
        command ? `There is no command “${command}”.` : 'No command was given.',
        `Choose one of ${Object.keys(COMMANDS).join(', ')}.`,
      );
    }
    return (await run(argv)) ? 0 : 1;
  } catch (error) {
    const { message, hint } = toFailure(error);
    process.stderr.write(`${[message, hint].filter(Boolean).join(' ')}\n`);
    if (!(error instanceof InklingError) && process.env.DEBUG) {
      console.error(error);
    }
    return error instanceof UsageError || (error instanceof InklingError && error.code === 'bad-config') ? 2 : 1;
  }
}
