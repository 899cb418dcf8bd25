import type { Failure } from '../../../worker/messages.ts';
import type { Measurement, Scope, ShrinkStart, Variant } from '../../../worker/shrinking.ts';
import type { Session } from '../../session-client.ts';

/** What a person has chosen to try. */
export interface ShrinkSettings {
  bits: boolean;
  scopes: ReadonlySet<Scope>;
  tune: boolean;
  /** Steps of training after pruning. */
  steps: number;
  prompt: string;
}

/**
 * The study of a shrunk model: what is chosen, what goes on, and what has come out. It outlives the panel that shows it.
 * Tells of each change by a `change` event.
 */
export class ShrinkStudy extends EventTarget {
  settings: ShrinkSettings = { bits: true, scopes: new Set(['global', 'tensor']), tune: true, steps: 200, prompt: '' };
  /** What the results are of; null before the first study. */
  start: ShrinkStart | null = null;
  results: readonly Measurement[] = [];
  running = false;
  failure: Failure | null = null;
  #session: Session | null = null;

  choose(change: Partial<ShrinkSettings>): void {
    this.settings = { ...this.settings, ...change };
    this.#tell();
  }

  /** What is measured now. */
  get current(): Variant | undefined {
    return this.running ? this.start?.variants[this.results.length] : undefined;
  }

  /** Whether everything that was asked for has been measured. */
  get finished(): boolean {
    return this.start !== null && this.results.length === this.start.variants.length;
  }

  async run(session: Session): Promise<void> {
    if (this.running) return;
    const { bits, scopes, tune, steps, prompt } = this.settings;
    this.#session = session;
    this.running = true;
    this.failure = null;
    this.start = null;
    this.results = [];
    this.#tell();
    const answer = await session.shrinking.study(
      { bits, scopes: [...scopes], fine_tune: tune ? steps : 0, prompt },
      (start) => {
        this.start = start;
        this.#tell();
      },
      (measurement) => {
        this.results = [...this.results, measurement];
        this.#tell();
      },
    );
    this.running = false;
    this.failure = answer.ok || answer.failure.code === 'stopped' ? null : answer.failure;
    this.#tell();
  }

  end(): void {
    void this.#session?.shrinking.stop();
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const percent = (value: number, before: number) => (100 * (value - before)) / before;

/** The loss of a variant against that of the model as it was trained, in per cent. */
export function changeOf(measurement: Measurement, results: readonly Measurement[]): number {
  return percent(measurement.val_loss, results[0]!.val_loss);
}

/** The size that a variant can be kept in, in bytes. */
export function sizeOf({ bytes, sparse_bytes }: Measurement): number {
  return sparse_bytes ?? bytes;
}
