import { InklingError } from '../../gpu/errors.ts';
import { GRADIENTS } from '../../graph/graph.ts';
import { initialParameters, parameterTable } from '../../model/parameters.ts';
import { pieceOf, type RunInside, readMoment, wholeOf } from '../../training/inspection/inside.ts';
import { MOMENT1, MOMENT2, stateBuffers } from '../../training/state.ts';
import type { LiveRun } from '../live-run.ts';
import { cosines, principalComponents } from './embedding.ts';
import type { EmbeddingMap, Movements, Neighbour, TensorRequest, TensorSource, TensorView } from './messages.ts';
import { asMatrix, normOf, pictureOf, summaryOf } from './picture.ts';

const EMBEDDING = 'transformer.wte.weight';

/** What a run has learnt, tensor by tensor. */
export class WeightDesk {
  readonly #run: LiveRun;
  readonly #inside: RunInside;
  /** Where it began, drawn from the seed once more. */
  #beginning: Promise<Float32Array> | undefined;

  constructor(run: LiveRun) {
    this.#run = run;
    this.#inside = run.trainer.inside;
  }

  /** Whether a step has been made since the run came to the GPU, and so there is a gradient there. */
  get #hasGradient(): boolean {
    return this.#run.trainer.step > this.#run.firstStep;
  }

  get #sources(): TensorSource[] {
    const moments = stateBuffers(this.#inside.training);
    return [
      'weights',
      ...(this.#run.begun === 'seed' ? (['change'] as const) : []),
      ...(this.#hasGradient ? (['gradient'] as const) : []),
      ...([MOMENT1, MOMENT2] as const).filter((name) => moments.includes(name)),
    ];
  }

  async movements(): Promise<Movements> {
    const inside = this.#inside;
    const { layout, model } = inside;
    const sources = this.#sources;
    const pieces = [
      wholeOf(inside, inside.weights),
      ...(sources.includes('gradient') ? [wholeOf(inside, GRADIENTS)] : []),
    ];
    const before = this.#run.begun === 'seed' ? await this.#begin() : undefined;
    const { step, numbers } = await readMoment(inside, pieces);
    const [weights, gradients] = numbers as [Float32Array, Float32Array | undefined];
    const tensors = parameterTable(model).map(({ name, shape }) => {
      const { offset, size } = layout.slot(name);
      const of = (flat: Float32Array) => flat.subarray(offset / 4, offset / 4 + size);
      const now = of(weights);
      const start = before && of(before);
      return {
        name,
        shape,
        norm: normOf(now),
        before: start ? { norm: normOf(start), moved: normOf(now.map((w, i) => w - start[i]!)) } : null,
        gradient: gradients ? normOf(of(gradients)) : null,
      };
    });
    return { step, tensors, sources };
  }

  async tensor({ name, source, part, thinning }: TensorRequest): Promise<TensorView> {
    const { step, values } = await this.#read(name, source);
    const shape = asMatrix(this.#inside.layout.slot(name).shape);
    return { step, picture: pictureOf(values, shape, part, thinning), summary: summaryOf(values) };
  }

  async embeddingMap(): Promise<EmbeddingMap> {
    const { step, values } = await this.#read(EMBEDDING, 'weights');
    const characters = this.#run.tokenizer.vocabulary;
    return { step, characters, ...principalComponents(values, this.#inside.model.n_embd) };
  }

  async neighbours(id: number, count: number): Promise<Neighbour[]> {
    const { vocabulary } = this.#run.tokenizer;
    const { values } = await this.#read(EMBEDDING, 'weights');
    const found = [...cosines(values, this.#inside.model.n_embd, id)].map((cosine, other) => ({
      character: vocabulary[other]!,
      id: other,
      cosine,
    }));
    return found
      .filter((other) => other.id !== id)
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, count);
  }

  async #read(name: string, source: TensorSource): Promise<{ step: number; values: Float32Array<ArrayBuffer> }> {
    const inside = this.#inside;
    if (!this.#sources.includes(source)) throw refused(source);
    const buffer =
      source === 'weights' || source === 'change' ? inside.weights : source === 'gradient' ? GRADIENTS : source;
    const { step, numbers } = await readMoment(inside, [pieceOf(inside, buffer, name)]);
    const values = numbers[0]!;
    if (source === 'change') {
      const { offset } = inside.layout.slot(name);
      const before = await this.#begin();
      for (let i = 0; i < values.length; i++) values[i]! -= before[offset / 4 + i]!;
    }
    return { step, values };
  }

  #begin(): Promise<Float32Array> {
    const { model, layout, training } = this.#inside;
    this.#beginning ??= initialParameters(model, layout, training.seed);
    return this.#beginning;
  }
}

function refused(source: TensorSource): InklingError {
  switch (source) {
    case 'change':
      return new InklingError(
        'no-beginning',
        'This run did not begin with weights of its own, or was kept before that was noted: how far they moved is not known.',
        'Look at the weights themselves.',
      );
    case 'gradient':
      return new InklingError(
        'no-step',
        'No step has been made since this run was opened, so there is no last gradient.',
        'Let it train for a step, or walk through the next one.',
      );
    default:
      return new InklingError('no-moment', 'The optimizer of this run keeps no such numbers.', 'Look at the weights.');
  }
}
