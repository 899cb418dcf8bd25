/** What a command prints. With `--json`, stdout holds one JSON object a line and nothing else. */
export class Output {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** A result: as JSON, or as the line for people. */
  result(object: Record<string, unknown>, line: string): void {
    process.stdout.write(`${this.#json ? JSON.stringify(object) : line}\n`);
  }

  /** What only people want to know. */
  remark(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Text that belongs to the result, without a line end of its own; not with `--json`. */
  stream(text: string): void {
    if (!this.#json) {
      process.stdout.write(text);
    }
  }
}
