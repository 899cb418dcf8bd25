import { css, html, LitElement, type PropertyValues } from 'lit';
import { type ConfigKey, type PresetName, type RunConfig, tokensPerStep } from '../../model/config.ts';
import type { RunEstimate } from '../../worker/messages.ts';
import '../elements/start-picker.ts';
import '../elements/text-picker.ts';
import { linkOf } from '../address-bar.ts';
import { emit } from '../emit.ts';
import { ADVANCED_KEYS } from '../options.ts';
import type { Session } from '../session-client.ts';
import { choicesIn, type Settings, settingsFrom, withChoice, withSuggested } from '../settings.ts';
import { SETTINGS } from '../strings.ts';
import { shared } from '../styles.ts';
import {
  canGenerate,
  chosenConfig,
  chosenPreset,
  chosenProducts,
  faultsOf,
  initialView,
  isActive,
  type View,
} from '../view.ts';
import type { Choice } from './fields.ts';
import './link-button.ts';
import './model-card.ts';
import { Speeds } from './speeds.ts';
import './training-card.ts';

/** How long a configuration has to stand before it is counted, in milliseconds. */
const SETTLED_MS = 150;
/** How long it has to stand after that before its kernels are compiled. */
const IDLE_MS = 1000;
/** What a preset sets itself: choices of these go when another one is taken. */
const OF_PRESETS: readonly ConfigKey[] = ['max_iters', 'batch_size', 'learning_rate', 'min_lr', 'dropout'];

/** A run's speed is shown anew when it has changed by so much of itself. */
const NOTICED = 0.1;

function shownOf(view: View) {
  const config = chosenConfig(view);
  const changes = choicesIn(settingsFrom(config, chosenPreset(view)));
  return { config, faults: faultsOf(view), changes, advanced: Object.keys(view.settings.advanced) as ConfigKey[] };
}

/**
 * What the next run learns from, what it is and how it trains, on three cards, with what that takes on this adapter.
 *
 * @prop view - all that there is to show
 * @prop session - who counts and measures
 * @fires settings-change - a Partial<Settings>
 * @fires failed - the Failure of a measurement
 */
export class RunConfiguration extends LitElement {
  static override properties = {
    view: { attribute: false },
    session: { attribute: false },
    estimate: { state: true },
    measuring: { state: true },
  };

  declare view: View;
  declare session: Session | null;
  declare estimate: RunEstimate | null;
  declare measuring: boolean;

  readonly #speeds = new Speeds();
  readonly #link = () => linkOf(this.view);
  /** What is chosen; the same objects as long as that is the same, for a run draws the page ten times a second. */
  #shown = shownOf(initialView());
  /** What has been counted, or is being counted. */
  #counted = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.estimate = null;
    this.measuring = false;
    this.addEventListener('choose', (event) => this.#choose((event as CustomEvent<Choice>).detail));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
  }

  /** Puts the keyboard into the field of this name. */
  focusField(key: ConfigKey): void {
    const [model, training] = [
      this.renderRoot.querySelector('model-card'),
      this.renderRoot.querySelector('training-card'),
    ];
    if (!model?.focusField(key)) training?.focusField(key);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('view')) return;
    const { view } = this;
    const before = changed.get('view');
    if (view.adapter?.name !== before?.adapter?.name) this.#speeds.forget();
    this.#hearSpeed();
    if (before !== undefined && isActive(before.phase) && !isActive(view.phase)) this.#prepareSoon();
    const parts = ['settings', 'text', 'start', 'adapter'] as const;
    if (before !== undefined && parts.every((part) => view[part] === before[part])) return;
    this.#shown = shownOf(view);
    this.#count();
  }

  /** A run that goes on measures its own configuration. */
  #hearSpeed(): void {
    const { run, phase } = this.view;
    if (phase !== 'running' || !run?.live || !(run.tokensPerSecond > 0)) return;
    const ms = (1000 * tokensPerStep(run.config)) / run.tokensPerSecond;
    const known = this.#speeds.of(run.config, run.vocabulary);
    if (known?.from === 'run' && Math.abs(ms - known.ms) < NOTICED * known.ms) return;
    this.#speeds.learn(run.config, run.vocabulary, { ms, steps: run.step, from: 'run' });
  }

  /** Has the present configuration counted, once it stands still. */
  #count(): void {
    const { view, session } = this;
    const { config, faults } = this.#shown;
    const wanted = JSON.stringify([config, view.text?.sha256, view.adapter?.name]);
    if (wanted === this.#counted) return;
    this.#counted = wanted;
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
    if (view.text === null || session === null || faults.length > 0) {
      this.estimate = null;
      return;
    }
    this.#timer = setTimeout(async () => {
      const result = await session.planning.estimate(config);
      if (this.#counted !== wanted) return;
      this.estimate = result.ok ? result.value : null;
      this.#prepareSoon();
    }, SETTLED_MS);
  }

  /** Has the kernels of the present configuration compiled, if it stands: then Train need not wait for them. */
  #prepareSoon(): void {
    const { session, estimate } = this;
    clearTimeout(this.#idle);
    if (session === null || estimate === null || estimate.failure !== null) return;
    this.#idle = setTimeout(() => session.planning.prepare(this.#shown.config, chosenProducts(this.view)), IDLE_MS);
  }

  #change(settings: Partial<Settings>): void {
    emit<Partial<Settings>>(this, 'settings-change', settings);
  }

  #choose({ key, value }: Choice): void {
    this.#change({ ...withChoice(this.view.settings, key, value), computed: null });
  }

  #takePreset(name: PresetName): void {
    const kept = withSuggested(this.view.settings, OF_PRESETS);
    this.#change({ ...kept, preset: name, shape: {}, computed: null });
  }

  async #measure(config: RunConfig): Promise<void> {
    const { session, view } = this;
    if (session === null || view.text === null) return;
    const vocabulary = view.text.vocab_size;
    this.measuring = true;
    const result = await session.planning.measure(config);
    this.measuring = false;
    if (result.ok) {
      this.#speeds.learn(config, vocabulary, {
        ms: result.value.ms_per_step,
        steps: result.value.steps,
        from: 'trial',
      });
    } else if (result.failure.code !== 'superseded') {
      emit(this, 'failed', result.failure);
    }
  }

  override render() {
    const { view, estimate, measuring } = this;
    const { text, start } = view;
    const { config, faults, changes, advanced } = this.#shown;
    const name = chosenPreset(view);
    const active = isActive(view.phase);
    const busy = active && view.phase !== 'paused';
    const locked = start.from !== 'new' && start.described !== null;
    return html`
      <div class="top">
        <p class="help note">${active ? SETTINGS.nextRun : SETTINGS.linkHelp}</p>
        <link-button .link=${this.#link}></link-button>
      </div>
      <div class="cards">
        <text-picker
          .text=${text}
          .busy=${view.readingText}
          .progress=${view.reading}
          .later=${active && view.run !== null && view.run.textName !== text?.name}
        ></text-picker>
        <model-card
          .config=${config}
          .preset=${name}
          .suggested=${view.adapter?.preset ?? null}
          .changed=${changes}
          .faults=${faults}
          .vocabulary=${text?.vocab_size ?? null}
          .estimate=${estimate}
          .startsFrom=${locked ? start.described!.name : null}
          @preset-chosen=${(event: CustomEvent<PresetName>) => this.#takePreset(event.detail)}
        >
          <start-picker .start=${start} .trained=${canGenerate(view)}></start-picker>
        </model-card>
        <training-card
          .config=${config}
          .changed=${advanced}
          .faults=${faults}
          .speed=${this.#speeds.of(config, text?.vocab_size ?? null)}
          .measuring=${measuring}
          .measurable=${view.adapter !== null && text !== null && faults.length === 0 && !busy}
          .busy=${busy}
          .half=${view.adapter?.half ?? false}
          @reset-advanced=${() => this.#change({ ...withSuggested(this.view.settings, ADVANCED_KEYS), computed: null })}
          @measure=${() => this.#measure(config)}
          @measure-cancel=${() => this.session?.planning.cancelMeasuring()}
        ></training-card>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
        margin-bottom: var(--space-5);
      }

      .note {
        flex: 1 1 16rem;
      }

      .cards {
        display: grid;
        gap: var(--space-6) clamp(2rem, 4vw, 3.5rem);
      }

      @container (min-width: 42rem) {
        .cards {
          grid-template-columns: minmax(14rem, 1fr) minmax(0, 1.6fr);
        }

        training-card {
          grid-column: 1 / -1;
        }
      }

      @container (min-width: 64rem) {
        .cards {
          grid-template-columns: minmax(14rem, 1fr) minmax(0, 1.4fr) minmax(0, 1.4fr);
        }

        training-card {
          grid-column: auto;
        }
      }
    `,
  ];
}

customElements.define('run-configuration', RunConfiguration);

declare global {
  interface HTMLElementTagNameMap {
    'run-configuration': RunConfiguration;
  }
}
