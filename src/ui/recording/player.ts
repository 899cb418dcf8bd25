import type { SessionEvent } from '../../worker/messages.ts';
import type { Store } from '../store.ts';
import address from './moby-dick.json?url';
import type { RecordingCommand, RecordingView } from './recording.ts';

/** How often what has been played is told, in milliseconds, as a worker tells what it has trained. */
const INTERVAL_MS = 100;

type Of<K extends SessionEvent['kind']> = Extract<SessionEvent, { kind: K }>;

/** A real run, as `npm run record` wrote it down. */
export interface Recording {
  /** The day, as 2026-01-31. */
  recorded: string;
  adapter: string;
  /** How long it took. */
  seconds: number;
  started: Of<'started'>;
  /** Of each step, the first being 1. */
  steps: { loss: number[]; lr: number[]; grad_norm: number[] };
  /** nanoGPT's names of the tensors that norms are of. */
  tensors: string[];
  /** In the order of their steps. */
  events: RecordedEvent[];
}

/** As a session tells it, but for what JSON does not hold, or would hold again and again. */
type RecordedEvent =
  | Of<'eval'>
  | { kind: 'norms'; norms: Omit<Of<'norms'>['norms'], 'names'> }
  | (Omit<Of<'sample'>, 'choices'> & { choices: { shares: string; likeliest: string } });

const stepOf = (event: RecordedEvent): number => (event.kind === 'norms' ? event.norms.step : event.step);

/** Numbers of 16 bits from base64. */
const unpacked = (text: string): Uint16Array<ArrayBuffer> =>
  new Uint16Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);

function restored(event: RecordedEvent, names: string[]): SessionEvent {
  switch (event.kind) {
    case 'eval':
      return event;
    case 'norms':
      return { kind: 'norms', norms: { ...event.norms, names } };
    case 'sample': {
      const { shares, likeliest } = event.choices;
      return { ...event, choices: { shares: unpacked(shares), likeliest: unpacked(likeliest) } };
    }
  }
}

/** What the run told after step `from` (-1: from its start on) up to step `to`. */
export function eventsBetween(
  { steps, tensors, events, seconds, started }: Recording,
  from: number,
  to: number,
): SessionEvent[] {
  const told: SessionEvent[] = from < 0 ? [started] : [];
  const { batch_size } = started.config.training;
  const tokens_per_s = (steps.loss.length * batch_size * started.config.model.block_size) / seconds;
  let at = Math.max(from, 0);
  const tellSteps = (until: number) => {
    if (until <= at) return;
    const records = Array.from({ length: until - at }, (_, i) => {
      const step = at + i;
      return { step: step + 1, loss: steps.loss[step]!, lr: steps.lr[step]!, grad_norm: steps.grad_norm[step]! };
    });
    told.push({ kind: 'step', records, tokens_per_s, seconds_left: Number.NaN });
    at = until;
  };
  for (const event of events) {
    const step = stepOf(event);
    if (step <= from || step > to) continue;
    tellSteps(step);
    told.push(restored(event, tensors));
  }
  tellSteps(to);
  return told;
}

/** Plays a recorded run into the store, where charts and samples find it as they find a run of this page. */
export class Player {
  readonly #store: Store;
  readonly #recording: Recording;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Steps played; -1 before the first event. */
  #told = -1;
  /** Of which the whole steps are told. */
  #position = 0;
  #speed = 3;

  constructor(store: Store, recording: Recording) {
    this.#store = store;
    this.#recording = recording;
    // a run of this browser has taken its place
    store.addEventListener('change', () => {
      if (store.view.recording === null) this.#halt();
    });
  }

  obey(command: RecordingCommand): void {
    switch (command.kind) {
      case 'play':
        this.#play();
        break;
      case 'halt':
        this.#halt();
        this.#show();
        break;
      case 'seek':
        this.#position = command.step;
        this.#show();
        break;
      case 'speed':
        this.#speed = command.times;
        this.#show();
        break;
      default:
        command satisfies never;
    }
  }

  get #steps(): number {
    return this.#recording.steps.loss.length;
  }

  #play(): void {
    if (this.#position >= this.#steps) this.#position = 0;
    let before = performance.now();
    this.#halt();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const each = (1000 * this.#recording.seconds) / this.#steps / this.#speed;
      this.#position = Math.min(this.#steps, this.#position + (now - before) / each);
      before = now;
      if (this.#position === this.#steps) this.#halt();
      this.#show();
    }, INTERVAL_MS);
    this.#show();
  }

  #halt(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #show(): void {
    const step = Math.floor(this.#position);
    const afresh = step < this.#told || this.#store.view.recording === null;
    const events = eventsBetween(this.#recording, afresh ? -1 : this.#told, step);
    this.#told = step;
    const { recorded, adapter, seconds } = this.#recording;
    const playing = this.#timer !== undefined;
    const recording: RecordingView = {
      ...{ recorded, adapter, seconds, playing, step },
      steps: this.#steps,
      speed: this.#speed,
    };
    this.#store.dispatch({ kind: 'recorded', afresh, events, recording });
  }
}

/** Fetches the recording that came with the page. Throws where it cannot be had. */
export async function openPlayer(store: Store): Promise<Player> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return new Player(store, await response.json());
}
