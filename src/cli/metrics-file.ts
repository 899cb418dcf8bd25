import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METRICS_HEADER, type Metrics, metricsLine } from '../formats/csv.ts';
import { InklingError } from '../gpu/errors.ts';

/** The name of a run's history in its folder. */
export const METRICS = 'metrics.csv';

/** The history of a run in its folder, one line a step and one an evaluation. Without a folder nothing is kept. */
export class MetricsFile {
  readonly #path: string | undefined;
  #waiting = '';

  constructor(folder: string | undefined) {
    this.#path = folder && join(folder, METRICS);
  }

  /**
   * Begins a history, or goes on with the one that is there, without the steps after `step` and the evaluations after
   * `evaluated`: they will come again.
   */
  async begin(step: number, evaluated: number): Promise<void> {
    if (!this.#path) return;
    const before = await readFile(this.#path, 'utf8').catch(() => '');
    const kept = before.split(/(?<=\n)/).filter((line) => {
      const [, at, loss] = /^(\d+),([^,]*),.*\n$/.exec(line) ?? [];
      return at !== undefined && Number(at) <= (loss === '' ? evaluated : step);
    });
    await this.#write(async () => {
      await writeFile(`${this.#path}.new`, METRICS_HEADER + kept.join(''));
      await rename(`${this.#path}.new`, this.#path!);
    });
  }

  add(metrics: Metrics): void {
    if (this.#path) this.#waiting += metricsLine(metrics);
  }

  /** Writes what has been added. To be called before the checkpoint of the same step is written. */
  async flush(): Promise<void> {
    const lines = this.#waiting;
    if (!this.#path || lines === '') return;
    this.#waiting = '';
    try {
      await this.#write(() => appendFile(this.#path!, lines));
    } catch (error) {
      this.#waiting = lines + this.#waiting; // there may be space the next time
      throw error;
    }
  }

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : error;
      throw new InklingError(
        'not-saved',
        `The history could not be written to ${this.#path}: ${code}.`,
        'Free some space or choose another --out.',
      );
    }
  }
}
