import type { StepNorms } from '../../worker/messages.ts';
import { LAYERS } from '../strings.ts';
import type { Series } from './series.ts';

/** What is drawn of the tensors' norms. */
export type NormKind = 'grad' | 'update' | 'ratio' | 'moved';

/** Where a tensor stands in the model: its block, counted from 1, or before or behind them. */
function placeOf(name: string): number {
  const block = /^transformer\.h\.(\d+)\./.exec(name);
  if (block) return Number(block[1]) + 1;
  return name.startsWith('transformer.wte') || name.startsWith('transformer.wpe') ? 0 : Number.POSITIVE_INFINITY;
}

/** The name of a colour that says how deep a layer lies; the element that shows it defines them. */
export const depthColour = (index: number): string => `--depth-${index}`;

/**
 * Gives an element the colours of so many parts: from one ink through a second to a third, with their depth. An order is
 * seen that a row of hues would hide, and neighbours are still told apart.
 */
export function inkDepths(element: HTMLElement, parts: number): void {
  for (let i = 0; i < parts; i++) {
    const at = parts === 1 ? 0 : (2 * i) / (parts - 1);
    const [from, to] = at <= 1 ? ['--series-1', '--series-3'] : ['--series-3', '--series-2'];
    const share = Math.round(100 * (at <= 1 ? at : at - 1));
    element.style.setProperty(depthColour(i), `color-mix(in oklab, var(${from}), var(${to}) ${share}%)`);
  }
}

/** The tensors of each part of the model from the input to the output, by their indices. */
function parts(names: readonly string[]): { label: string; tensors: number[] }[] {
  const places = [...new Set(names.map(placeOf))].sort((a, b) => a - b);
  return places.map((place) => ({
    label: place === 0 ? LAYERS.embeddings : Number.isFinite(place) ? LAYERS.block(place) : LAYERS.head,
    tensors: names.flatMap((name, i) => (placeOf(name) === place ? [i] : [])),
  }));
}

/** The norm over several tensors together: norms add up as the sides of a right angle do. */
const together = (norms: readonly number[], tensors: readonly number[]): number =>
  Math.sqrt(tensors.reduce((sum, tensor) => sum + norms[tensor]! ** 2, 0));

/** A curve for each part of the model, from the embeddings to the head, over the steps whose norms were taken. */
export function layerSeries(all: readonly StepNorms[], kind: NormKind): Series[] {
  const taken = kind === 'moved' ? all.filter(({ moved }) => moved !== null) : all;
  const x = taken.map(({ step }) => step);
  return parts(taken.at(-1)?.names ?? []).map(({ label, tensors }, index) => ({
    label,
    colour: depthColour(index),
    x,
    y: taken.map((norms) => {
      if (kind === 'ratio') return together(norms.update, tensors) / together(norms.weight, tensors);
      return together(norms[kind]!, tensors);
    }),
    points: taken.length < 12,
  }));
}
