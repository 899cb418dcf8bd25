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

/** 0, 1 for a failed run, 2 for bad usage. */
async function main([command, ...argv]: string[]): Promise<number> {
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

// Whoever read the output has left (`| head`): a run in progress saves and ends as on Ctrl-C, anything else just ends.
process.stdout.on('error', () => {
  if (process.listenerCount('SIGINT') > 0) {
    process.emit('SIGINT');
  } else {
    process.exit(1);
  }
});

// exitCode rather than exit(): what is still in the pipe gets out.
process.exitCode = await main(process.argv.slice(2));
