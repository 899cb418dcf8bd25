import type { Graph } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** A piece of pooled memory: as large as the largest tensor that ever lives in it. */
export interface Slot {
  readonly bytes: number;
}

/** Index of the first and last dispatch that touches each pooled tensor; outputs live to the end. */
export function lifetimes(graph: Graph): Map<Tensor, { first: number; last: number }> {
  const lives = new Map<Tensor, { first: number; last: number }>();
  graph.dispatches.forEach(({ bindings }, index) => {
    for (const tensor of Object.values(bindings)) {
      if (tensor.place.kind === 'pooled') {
        const life = lives.get(tensor);
        if (life) {
          life.last = index;
        } else {
          lives.set(tensor, { first: index, last: index });
        }
      }
    }
  });
  for (const tensor of graph.outputs) {
    const life = lives.get(tensor);
    if (life) {
      life.last = Number.POSITIVE_INFINITY;
    }
  }
  return lives;
}

/**
 * Which tensors share memory. Graphs that never run at the same moment share all of it.
 *
 * Each tensor takes the smallest free slot that holds it, or else the largest free one, which grows. A dispatch's results
 * get their slots before its last-read inputs give theirs back, so a kernel never finds one buffer bound for reading and
 * for writing.
 */
export class MemoryPlan {
  readonly #slots: { bytes: number }[] = [];
  readonly #plans = new Map<Graph, Map<Tensor, Slot>>();
  /** Slots from here on have no memory yet and may grow. */
  #open = 0;

  get graphs(): Graph[] {
    return [...this.#plans.keys()];
  }

  /** Bytes of all slots. */
  get bytes(): number {
    return this.#slots.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The slots, which are given memory now: later plans may use them, but not make them larger. */
  close(): readonly Slot[] {
    this.#open = this.#slots.length;
    return this.#slots;
  }

  slot(graph: Graph, tensor: Tensor): Slot | undefined {
    return this.#plans.get(graph)?.get(tensor);
  }

  /** Gives a graph, whose tensors are all among those of a planned one, the places that they have there. */
  share(graph: Graph, planned: Graph): void {
    this.#plans.set(graph, this.#plans.get(planned)!);
  }

  plan(graph: Graph): void {
    const lives = lifetimes(graph);
    const plan = new Map<Tensor, { bytes: number }>();
    const free = [...this.#slots];
    const growing = new Set(this.#slots.slice(this.#open));
    const take = (bytes: number) => {
      free.sort((a, b) => a.bytes - b.bytes);
      const fitting = free.findIndex((slot) => slot.bytes >= bytes);
      const found = fitting >= 0 ? fitting : free.findLastIndex((slot) => growing.has(slot));
      const slot = found >= 0 ? free.splice(found, 1)[0]! : { bytes: 0 };
      if (slot.bytes === 0) {
        this.#slots.push(slot);
        growing.add(slot);
      }
      slot.bytes = Math.max(slot.bytes, bytes);
      return slot;
    };
    graph.dispatches.forEach(({ bindings }, index) => {
      const touched = new Set(Object.values(bindings));
      for (const tensor of touched) {
        if (lives.get(tensor)?.first === index) {
          plan.set(tensor, take(tensor.bytes));
        }
      }
      for (const tensor of touched) {
        if (lives.get(tensor)?.last === index) {
          free.push(plan.get(tensor)!);
        }
      }
    });
    this.#plans.set(graph, plan);
  }
}
