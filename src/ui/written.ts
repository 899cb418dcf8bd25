import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { levelAt } from './samples.ts';
import type { Choices } from './view.ts';

/** Characters that are laid out together: of a text that grows, only the last stretch is drawn anew. */
const STRETCH = 200;

/**
 * Lays a text out as nodes of text, in stretches that say where they begin (`data-at`). Neighbours of the same level of
 * probability share a span where they are marked. A stretch that stands is not looked at again.
 */
export class Layout {
  #key: unknown;
  /** How each stretch is drawn now: an object of its own for each way. */
  #drawn: { length: number; marked: boolean }[] = [];

  /**
   * The first `shown` characters of a text that only grows while `key` is the same, the first `marked` of them marked.
   * `choices` covers all characters.
   */
  draw(
    key: unknown,
    characters: readonly string[],
    shown: number,
    choices: Choices | null,
    marked: number,
  ): TemplateResult {
    if (key !== this.#key) this.#drawn = [];
    this.#key = key;
    const stretches = Array.from({ length: Math.ceil(shown / STRETCH) }, (_, i) => i * STRETCH);
    const part = (from: number) => {
      const to = Math.min(from + STRETCH, shown);
      const mark = choices !== null && from < marked;
      return guard([key, this.#way(from / STRETCH, to - from, mark)], () => {
        const text = characters.slice(from, to);
        if (!mark) return html`<span data-at=${from}>${text.join('')}</span>`;
        return runs(
          text,
          text.map((_, i) => levelAt(choices, from + i)),
          from,
        );
      });
    };
    return html`${repeat(stretches, (from) => from, part)}`;
  }

  #way(stretch: number, length: number, marked: boolean): object {
    const before = this.#drawn[stretch];
    if (before?.length === length && before.marked === marked) return before;
    this.#drawn[stretch] = { length, marked };
    return this.#drawn[stretch]!;
  }
}

function runs(text: readonly string[], levels: readonly number[], from: number): TemplateResult[] {
  const spans: TemplateResult[] = [];
  for (let i = 0; i < text.length; ) {
    const level = levels[i]!;
    let end = i + 1;
    while (levels[end] === level) end++;
    const classes = level === 0 ? nothing : `level-${level}`;
    spans.push(html`<span data-at=${from + i} class=${classes}>${text.slice(i, end).join('')}</span>`);
    i = end;
  }
  return spans;
}

/** The text of a stretch; lit puts comments beside it. */
function textOf(stretch: Element): Text | undefined {
  for (const node of stretch.childNodes) if (node instanceof Text && node.data !== '') return node;
  return undefined;
}

/** The range of one character, whose number in `stretch` is `index`; null where there is none. */
function rangeOf(stretch: Element, index: number): Range | null {
  const text = textOf(stretch);
  const characters = Array.from(text?.data ?? '');
  if (text === undefined || index >= characters.length) return null;
  const start = characters.slice(0, index).join('').length;
  const range = document.createRange();
  range.setStart(text, start);
  range.setEnd(text, start + characters[index]!.length);
  return range;
}

/** The number of the character under a point of the window, or null. `target`: the innermost element there. */
export function characterUnder(target: EventTarget | undefined, x: number, y: number): number | null {
  if (!(target instanceof HTMLElement) || target.dataset.at === undefined) return null;
  const length = Array.from(textOf(target)?.data ?? '').length;
  for (let i = 0; i < length; i++) {
    for (const { left, right, top, bottom } of rangeOf(target, i)!.getClientRects()) {
      if (x >= left && x < right && y >= top && y < bottom) return Number(target.dataset.at) + i;
    }
  }
  return null;
}

/** Where character `index` stands in the window, or null where it is not laid out. */
export function placeOf(root: Element, index: number): DOMRect | null {
  let stretch: HTMLElement | undefined;
  for (const element of root.querySelectorAll<HTMLElement>('[data-at]')) {
    if (Number(element.dataset.at) > index) break;
    stretch = element;
  }
  const range = stretch && rangeOf(stretch, index - Number(stretch.dataset.at));
  // a line break has a box of no width, and a space at the end of a line may have none
  return range?.getClientRects()[0] ?? null;
}
