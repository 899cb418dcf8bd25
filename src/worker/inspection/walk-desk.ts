import { InklingError } from '../../gpu/errors.ts';
import { blockStage, stagesOf } from '../../model/gpt.ts';
import { parameterTable } from '../../model/parameters.ts';
import type { RunInside } from '../../training/inspection/inside.ts';
import { StepWalk } from '../../training/inspection/step-walk.ts';
import type { LiveRun } from '../live-run.ts';
import type { BlockView, PlaceView, WalkView, WeightUpdate } from './messages.ts';
import { normOf, pictureOf } from './picture.ts';

/** Rows of an attention pattern that each have a cell of their own. */
const MOST_PLACES = 512;

/** Walks through the next step of a run. */
export class WalkDesk {
  readonly #run: LiveRun;
  readonly #inside: RunInside;
  #walk: StepWalk | undefined;
  /** The token at each place of the chosen sequence. */
  #ids = new Uint32Array();

  constructor(run: LiveRun) {
    this.#run = run;
    this.#inside = run.trainer.inside;
  }

  async make(sequence: number, afresh: boolean): Promise<WalkView> {
    const { model, training, layout } = this.#inside;
    if (!this.#walk) this.#walk = await StepWalk.create(this.#inside);
    else if (afresh) this.#walk.take();
    const made = await this.#walk.make(sequence);
    const { block_size: T, n_layer, n_head, activation } = model;
    const B = training.batch_size;
    const { vocabulary } = this.#run.tokenizer;
    this.#ids = made.x.slice(sequence * T, (sequence + 1) * T);
    const rows = Array.from({ length: B }, (_, b) => {
      const row = [...made.x.subarray(b * T, (b + 1) * T), made.y[(b + 1) * T - 1]!];
      return row.map((id) => vocabulary[id]!);
    });
    const walk = this.#walk;
    const backwards = await Promise.all(
      stagesOf(model).map(async (stage) => ({ stage, norm: normOf((await walk.read(stage, true)).values) })),
    );
    const gradients = await walk.gradients();
    const tensors = parameterTable(model).map(({ name, shape, decay }) => {
      const { offset, size } = layout.slot(name);
      return { name, shape, decay, gradient: normOf(gradients.subarray(offset / 4, offset / 4 + size)) };
    });
    const { step, loss, grad_norm, lr, clip, corrections, average_rate } = made;
    return {
      ...{ step, loss, grad_norm, lr, clip, corrections, average_rate },
      beyond: step >= training.max_iters,
      training,
      rows,
      ids: this.#ids.slice(),
      sequence,
      vocabulary,
      layers: n_layer,
      heads: n_head,
      activation,
      losses: made.losses.slice(sequence * T, (sequence + 1) * T),
      backwards,
      tensors,
    };
  }

  async place(place: number): Promise<PlaceView> {
    const walk = this.#made;
    const id = this.#ids[place]!;
    return {
      place,
      token: await walk.parameterRows('transformer.wte.weight', id, id + 1),
      position: await walk.parameterRows('transformer.wpe.weight', place, place + 1),
      embedding: await this.#row('embedding', place),
      logits: await this.#row('logits', place),
      probabilities: await this.#row('probabilities', place),
      dlogits: await this.#row('logits', place, true),
    };
  }

  async block(layer: number, head: number, place: number): Promise<BlockView> {
    const { n_embd: C, n_head } = this.#inside.model;
    const HS = C / n_head;
    const { shape, values } = await this.#made.read(`h.${layer}.attention`);
    const T = shape.at(-1)!;
    const pattern = values.subarray(head * T * T, (head + 1) * T * T);
    const qkv = await this.#row(blockStage(layer, 'qkv'), place);
    const [query, key, value] = [0, 1, 2].map((part) => qkv.slice(part * C + head * HS, part * C + (head + 1) * HS));
    return {
      layer,
      place,
      pattern: pictureOf(pattern, [T, T], undefined, 'strongest', MOST_PLACES),
      attended: pattern.slice(place * T, (place + 1) * T),
      query: query!,
      key: key!,
      value: value!,
      mixed: await this.#row(blockStage(layer, 'mixed'), place),
      middle: await this.#row(blockStage(layer, 'middle'), place),
      hidden: await this.#row(blockStage(layer, 'hidden'), place),
      out: await this.#row(blockStage(layer, 'out'), place),
    };
  }

  update(name: string, index: number): Promise<WeightUpdate> {
    return this.#made.update(name, index);
  }

  destroy(): void {
    this.#walk?.destroy();
    this.#walk = undefined;
  }

  get #made(): StepWalk {
    if (!this.#walk) throw new InklingError('no-walk', 'The walk has ended.', 'Begin it again.');
    return this.#walk;
  }

  async #row(stage: string, place: number, gradient = false): Promise<Float32Array<ArrayBuffer>> {
    const { shape, values } = await this.#made.read(stage, gradient);
    const width = shape.at(-1)!;
    return values.slice(place * width, (place + 1) * width);
  }
}
