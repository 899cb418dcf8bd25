import { mostTokens, PromptLook } from '../../training/inspection/prompt-look.ts';
import type { LiveRun } from '../live-run.ts';
import type { PromptView } from './messages.ts';
import { KEPT, likeliest, rightOnes } from './predictions.ts';

/** Looks at what the model of a run makes of texts. What has been compiled for one is kept for the next. */
export class PromptDesk {
  readonly #run: LiveRun;
  #look: PromptLook | undefined;

  constructor(run: LiveRun) {
    this.#run = run;
  }

  /** Throws `unknown-characters`, naming them. */
  async lookAt(text: string): Promise<PromptView> {
    const { tokenizer, trainer } = this.#run;
    const { inside } = trainer;
    const { model } = inside;
    const all = tokenizer.begin(text);
    const most = mostTokens(model);
    const ids = all.slice(-most);
    if (!this.#look || this.#look.rows < ids.length) {
      this.destroy();
      this.#look = await PromptLook.create(inside, ids.length);
    }
    const numbers = await this.#look.look(ids);
    const { vocabulary, vocab_size } = tokenizer;
    const kept = Math.min(KEPT, vocab_size);
    return {
      step: trainer.step,
      characters: ids.map((id) => vocabulary[id]!),
      most,
      leftOut: all.length - ids.length,
      vocabulary,
      layers: model.n_layer,
      heads: model.n_head,
      attention: numbers.attention,
      kept,
      lens: likeliest(numbers.lens, vocab_size, kept),
      right: rightOnes(numbers, ids, vocab_size),
      losses: numbers.losses,
    };
  }

  destroy(): void {
    this.#look?.destroy();
    this.#look = undefined;
  }
}
