/** Milliseconds between two drawings of the bar: more often, nobody sees it. */
const DRAWN_EVERY = 50;
const BAR_LENGTH = 20;

/** Where results go: a terminal, a file or a pipe. */
export type Screen = Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number };

/** What a command prints. With `--json`, stdout holds one JSON object a line and nothing else. */
export class Output {
  readonly #json: boolean;
  readonly #stdout: Screen;
  /** When the bar that stands on the terminal's last line was drawn; undefined where there is none. */
  #drawn: number | undefined;

  constructor(json: boolean, stdout: Screen = process.stdout) {
    this.#json = json;
    this.#stdout = stdout;
  }

  /** A result: as JSON, or as the line for people. */
  result(object: Record<string, unknown>, line: string): void {
    this.clear();
    this.#stdout.write(`${this.#json ? JSON.stringify(object) : line}\n`);
  }

  /**
   * One of many results on the way to an end, of which `share` is done. On a terminal people see a bar with the newest
   * of them; elsewhere it is a result like others.
   */
  progress(object: Record<string, unknown>, line: string, share: number): void {
    if (this.#json || !this.#stdout.isTTY) {
      this.result(object, line);
      return;
    }
    const now = performance.now();
    if (share < 1 && this.#drawn !== undefined && now - this.#drawn < DRAWN_EVERY) return;
    this.#drawn = now;
    const done = Math.floor(share * BAR_LENGTH);
    const bar = `${'█'.repeat(done)}${'░'.repeat(BAR_LENGTH - done)} ${line}`;
    this.#stdout.write(`\r\x1b[K${bar.slice(0, (this.#stdout.columns ?? 80) - 1)}`); // one that wraps cannot be cleared
  }

  /** What only people want to know. */
  remark(line: string): void {
    this.clear();
    process.stderr.write(`${line}\n`);
  }

  /** Text that belongs to the result, without a line end of its own; not with `--json`. */
  stream(text: string): void {
    if (!this.#json) {
      this.#stdout.write(text);
    }
  }

  /** Takes the bar away, where there is one. */
  clear(): void {
    if (this.#drawn !== undefined) {
      this.#stdout.write('\r\x1b[K');
      this.#drawn = undefined;
    }
  }
}
