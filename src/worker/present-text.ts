import { InklingError } from '../gpu/errors.ts';
import type { SessionEvent, TextDescription, TextSource } from './messages.ts';
import { measureOf } from './text-measures.ts';
import { type LoadedText, loadText } from './texts.ts';

/** How often the reading of a text is told, in milliseconds. */
const READING_MS = 100;
/** A text of so many characters is measured in the time that it takes to read it. */
const SOON_MEASURED = 4_000_000;

/** The text of the next run: the one that was chosen last, once it has been read. */
export class PresentText {
  readonly #send: (event: SessionEvent) => void;
  #text: LoadedText | undefined;
  /** Ends the reading of a text that is no longer wanted. */
  #reading = new AbortController();

  /** `send` hears how far a reading is, and what was counted in a large text after it. */
  constructor(send: (event: SessionEvent) => void) {
    this.#send = send;
  }

  get text(): LoadedText | undefined {
    return this.#text;
  }

  /** Throws `superseded` where a newer text is chosen meanwhile, and as `loadText`; then the text before it stays. */
  async load(source: TextSource): Promise<TextDescription> {
    this.#reading.abort(new InklingError('superseded', 'Another text has been chosen meanwhile.'));
    const reading = new AbortController();
    this.#reading = reading;
    let told = performance.now();
    const progress = (done: number, total: number | undefined) => {
      if (performance.now() - told > READING_MS) {
        told = performance.now();
        this.#send({ kind: 'reading', done, total: total ?? null });
      }
    };
    const { text, description } = await loadText(source, progress, reading.signal);
    this.#text = text;
    const measure = measureOf(text);
    if (text.ids.length <= SOON_MEASURED) {
      const { statistics } = await measure;
      reading.signal.throwIfAborted(); // a text that was chosen while this one was counted has the word
      return { ...description, statistics };
    }
    void measure.then(({ statistics }) => {
      if (text === this.#text) this.#send({ kind: 'measured', of: 'text', statistics });
    });
    return description;
  }
}
