import { basename } from 'node:path';
import { InklingError } from '../gpu/errors.ts';
import { replayFixture } from '../training/parity.ts';
import { readFlags, UsageError } from './arguments.ts';
import { openDeviceInNode, readBytes } from './open.ts';
import { Output } from './output.ts';

/** Largest errors that count as the same mathematics; see README. */
const BOUNDS = { max_loss_error: 1e-4, max_logit_error: 1e-4, max_grad_error: 1e-4, max_final_error: 1e-3 };

/** `parity FIXTURE...`: replays float64 runs of gpt_reference.py and compares. False when one is out of bounds. */
export async function parity(argv: string[]): Promise<boolean> {
  const { flags, words } = readFlags('parity', argv, { json: 'switch' }, true);
  if (words.length === 0) {
    throw new UsageError('parity needs at least one fixture.', 'Name files made by gpt_reference.py.');
  }
  const output = new Output(flags.json === true);
  const files = await Promise.all(words.map(readBytes));
  const device = await openDeviceInNode(output);
  let allWithin = true;
  for (const [index, path] of words.entries()) {
    const report = await replayFixture(device, files[index]!).catch((error) => {
      if (error instanceof InklingError && error.code.startsWith('bad-')) {
        throw new InklingError(error.code, `${path}: ${error.message}`, error.hint);
      }
      throw error;
    });
    const within = Object.entries(BOUNDS).every(([name, bound]) => report[name as keyof typeof BOUNDS] <= bound);
    allWithin &&= within;
    const { steps, ...errors } = report;
    const figures = Object.entries(errors).map(([name, error]) => `${name} ${error.toExponential(2)}`);
    output.result(
      { fixture: basename(path), ...report },
      `${within ? 'ok  ' : 'FAIL'} ${basename(path)}: ${steps} steps, ${figures.join(', ')}`,
    );
  }
  return allWithin;
}
