import { html, LitElement, nothing, type PropertyValues } from 'lit';
import '../charts/run-charts.ts';
import type { ConfigKey } from '../../model/config.ts';
import { emit } from '../emit.ts';
import { fetchPart } from '../fetch-part.ts';
import { KeepAwake } from '../keep-awake.ts';
import type { Preferences } from '../preferences.ts';
import { RunHistory } from '../run-history.ts';
import type { Session } from '../session-client.ts';
import { ADAPTER, AWAKE, CONTROLS, FOOTER, meaning, PANEL_NAMES, RECORDING, SETTINGS, TEXT } from '../strings.ts';
import { shared } from '../styles.ts';
import {
  type Begun,
  type Continuation,
  canExport,
  canGenerate,
  canTrain,
  chosenConfig,
  comparedIds,
  comparedWith,
  faultsOf,
  initialView,
  interruptedRun,
  isActive,
  lowerRate,
  mainCommand,
  openingOf,
  type PanelName,
  shownStatistics,
  shownVocabulary,
  sizeName,
  type View,
} from '../view.ts';
import { layout } from './inkling-page-styles.ts';
import '../configuration/link-notice.ts';
import '../configuration/run-configuration.ts';
import './bench-door.ts';
import './page-header.ts';
import './page-tabs.ts';
import './drop-target.ts';
import './failure-notice.ts';
import './figures-table.ts';
import './learning-stages.ts';
import './model-export.ts';
import './prompt-form.ts';
import './resume-offer.ts';
import './run-controls.ts';
import './run-readings.ts';
import './runs-panel.ts';
import './sample-history.ts';
import './sample-sheet.ts';
import './update-notice.ts';

// One object each, so that elements with nothing to show are not updated for nothing.
const NO_HISTORY = new RunHistory();
const NONE: readonly never[] = [];

/** What the panels are made of, fetched when they are first chosen; that of training is there from the first. */
const PANEL_PARTS: Partial<Record<PanelName, () => Promise<unknown>>> = {
  parameters: () => import('../panels/parameters-panel.ts'),
  inside: () => import('../panels/inside-panel.ts'),
  lab: () => import('../panels/lab-panel.ts'),
};

/** Where the keyboard can be sent to. */
export type PagePart = 'main' | 'panel' | 'settings' | 'runs' | 'prompt';

/**
 * The page: lays the elements out and hands each its part of the view. Their events pass through it.
 *
 * @prop view - all that there is to show
 * @prop session - whom the panels ask for what is not in the view
 * @fires panel-chosen - a PanelName
 * @fires go-on - a Continuation
 * @fires failed - the Failure to fetch a part of it
 */
export class InklingPage extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false } };

  declare view: View;
  declare session: Session | null;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
  }

  /** Parts are fetched as they are chosen, and not as they are drawn: one that fails is told once, and may be chosen again. */
  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('view')) return;
    const { panel, connectionFailure } = this.view;
    const before = changed.get('view');
    const part = PANEL_PARTS[panel];
    if (part !== undefined && panel !== before?.panel) void fetchPart(this, part);
    const recorded = connectionFailure !== null && (before?.connectionFailure ?? null) === null;
    if (recorded) void fetchPart(this, () => import('./recorded-run.ts'));
  }

  /** Puts the keyboard into the field of this name, among the settings. */
  focusField(key: ConfigKey): void {
    this.renderRoot.querySelector('run-configuration')?.focusField(key);
  }

  /** Brings the paper that is written on into view, where the layout has it outside. */
  showSample(): void {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const sheet = this.renderRoot.querySelector('sample-sheet');
    sheet?.scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
  }

  /** Brings a part of the training panel into view, and the keyboard's focus into it. */
  goTo(part: PagePart): void {
    const root = this.renderRoot;
    const prompt = root.querySelector('prompt-form')?.renderRoot.querySelector('textarea');
    if (part === 'panel') root.querySelector('page-tabs')?.focusChosen();
    const element = part === 'prompt' ? prompt : root.querySelector<HTMLElement>(`#${part}`);
    element?.scrollIntoView({ block: 'nearest' });
    element?.focus({ preventScroll: true });
  }

  async showHelp(): Promise<void> {
    await this.renderRoot.querySelector('help-dialog')?.show();
  }

  /** What a link within the page does: a fragment cannot reach into a shadow root. */
  #link(event: Event, part: PagePart): void {
    event.preventDefault();
    this.goTo(part);
  }

  #adapter() {
    const { adapter, connectionFailure } = this.view;
    if (adapter === null) return connectionFailure === null ? ADAPTER.waiting : ADAPTER.missing;
    return adapter.software ? `${adapter.name} · ${ADAPTER.software}` : adapter.name;
  }

  #controls() {
    const { view } = this;
    const { phase, run } = view;
    const active = isActive(phase);
    return html`
      <run-controls
        .command=${mainCommand(phase)}
        .ready=${active ? phase !== 'preparing' : canTrain(view)}
        .stoppable=${active}
        .step=${phase === 'preparing' ? 0 : (run?.step ?? 0)}
        .steps=${run?.config.training.max_iters ?? 0}
        .summary=${this.#summary()}
        .milestone=${view.milestone}
      >
        <a href="#settings" @click=${(event: Event) => this.#link(event, 'settings')}>${CONTROLS.change}</a>
      </run-controls>
      <label class="awake help" ?hidden=${!KeepAwake.possible}>
        <input type="checkbox" .checked=${view.preferences.awake} @change=${this.#keepAwake} />${AWAKE}
      </label>
    `;
  }

  #keepAwake(event: Event): void {
    const awake = (event.currentTarget as HTMLInputElement).checked;
    emit<Partial<Preferences>>(this, 'preferences-change', { awake });
  }

  #summary(): string {
    const { view } = this;
    if (view.connectionFailure !== null) return RECORDING.noTraining(view.connectionFailure.message);
    if (view.phase === 'preparing') return CONTROLS.preparing(view.detail);
    if (isActive(view.phase) && view.run !== null) {
      return CONTROLS.present(view.phase, view.run.textName, view.run.parameters);
    }
    const text = view.text?.name ?? (view.readingText ? TEXT.reading : TEXT.none);
    const [fault] = faultsOf(view);
    if (fault) return SETTINGS.fault(fault.message);
    const steps = chosenConfig(view).training.max_iters;
    const { from, described } = view.start;
    if (from !== 'new' && described !== null) return CONTROLS.nextFrom(text, described.name, steps);
    return CONTROLS.next(text, sizeName(view), steps);
  }

  #instrument() {
    const { view } = this;
    const { run } = view;
    const vocabulary = shownVocabulary(view);
    const last = run?.evaluations.at(-1);
    const steps = (run?.config ?? chosenConfig(view)).training.max_iters;
    const statistics = shownStatistics(view);
    const sentence = meaning(
      vocabulary,
      { train: run?.history.recentLoss ?? null, val: last?.val ?? null },
      run?.overfittingSince ?? null,
    );
    return html`
      <run-readings
        .trainLoss=${run?.loss ?? null}
        .valLoss=${last?.val ?? null}
        .accuracy=${last?.accuracy ?? null}
        .step=${run?.step ?? null}
        .steps=${steps}
        .tokensPerSecond=${run?.tokensPerSecond ?? Number.NaN}
        .secondsLeft=${isActive(view.phase) ? (run?.secondsLeft ?? Number.NaN) : Number.NaN}
      ></run-readings>
      <run-charts
        .history=${run?.history ?? NO_HISTORY}
        .revision=${run?.step ?? 0}
        .evaluations=${run?.evaluations ?? NONE}
        .norms=${run?.norms ?? NONE}
        .marks=${run?.marks ?? NONE}
        .compared=${comparedWith(view)}
        .vocabulary=${vocabulary}
        .statistics=${statistics}
        .steps=${steps}
      >
        <p class="meaning">${sentence}</p>
        <learning-stages
          .loss=${last?.val ?? run?.history.recentLoss ?? null}
          .statistics=${statistics}
          .samples=${run?.samples ?? NONE}
        ></learning-stages>
        <figures-table .evaluations=${run?.evaluations ?? NONE}></figures-table>
      </run-charts>
    `;
  }

  #writing() {
    const { view } = this;
    const { run, generation } = view;
    const interval = run?.config.training.sample_interval ?? 0;
    return html`
      <sample-sheet
        .samples=${run?.samples ?? NONE}
        .step=${view.sampleStep}
        .writing=${run?.writing ?? null}
        .generation=${generation}
        .firstAt=${isActive(view.phase) && interval > 0 ? interval : null}
        .open=${canGenerate(view)}
        @branch=${this.#branch}
      ></sample-sheet>
      <prompt-form
        .ready=${canGenerate(view)}
        .busy=${generation?.busy ?? false}
        .opening=${view.text?.opening ?? openingOf(view.text?.preview ?? '')}
        .characters=${canGenerate(view) ? (run?.characters ?? null) : null}
        .written=${generation !== null}
      ></prompt-form>
      <model-export .ready=${canExport(view)} .busy=${view.exporting}></model-export>
      <sample-history .samples=${run?.samples ?? NONE} .step=${view.sampleStep}></sample-history>
    `;
  }

  /** Goes on from a text with another character at its end, with the options of the form. */
  #branch({ detail }: CustomEvent<Begun>): void {
    const request = this.renderRoot.querySelector('prompt-form')!.request(detail.prompt + detail.text);
    if (request !== null) emit<Continuation>(this, 'go-on', { request, begun: detail });
  }

  #facts() {
    const { run } = this.view;
    if (run === null) return nothing;
    const saved = run.savedStep === null ? [] : [FOOTER.saved(run.savedStep)];
    const facts = run.live ? FOOTER.facts(run) : run.name;
    return [facts, ...saved].join(', ');
  }

  #choosePanel(event: CustomEvent<PanelName>): void {
    emit<PanelName>(this, 'panel-chosen', event.detail);
  }

  /** What there is to see where nothing can be trained. */
  #recorded() {
    if (this.view.connectionFailure === null) return nothing;
    return html`<recorded-run .recording=${this.view.recording}></recorded-run>`;
  }

  /** A panel other than that of training. */
  #panel() {
    const { view, session } = this;
    switch (view.panel) {
      case 'train':
        return nothing;
      case 'parameters':
        return html`<parameters-panel role="tabpanel" .view=${view} .session=${session}></parameters-panel>`;
      case 'inside':
        return html`<inside-panel role="tabpanel" .view=${view} .session=${session}></inside-panel>`;
      case 'lab':
        return html`<lab-panel role="tabpanel" .view=${view} .session=${session}></lab-panel>`;
      default:
        return view.panel satisfies never;
    }
  }

  override render() {
    const { view } = this;
    const { run } = view;
    return html`
      <page-header .adapter=${this.#adapter()} .theme=${view.preferences.theme} @skip=${() => this.goTo('main')}></page-header>
      <main id="main" tabindex="-1">
        <failure-notice .lasting=${view.connectionFailure} .passing=${view.failure} .lowerRate=${lowerRate(view)}></failure-notice>
        <page-tabs .chosen=${view.panel} @choose=${this.#choosePanel}></page-tabs>
        <div class="grid" ?hidden=${view.panel !== 'train'} role="tabpanel" aria-label=${PANEL_NAMES.train}>
          <div class="instrument">
            <resume-offer .run=${interruptedRun(view)} .ready=${view.adapter !== null}></resume-offer>
            <link-notice .view=${view}></link-notice>
            ${this.#recorded()}
            ${this.#controls()}
            ${this.#instrument()}
          </div>
          <div class="writing">${this.#writing()}</div>
          <runs-panel
            id="runs"
            tabindex="-1"
            .runs=${view.runs}
            .busy=${isActive(view.phase) || view.adapter === null}
            .shown=${run?.id ?? null}
            .compared=${comparedIds(view)}
          ></runs-panel>
          <section class="settings" id="settings" tabindex="-1" aria-label=${SETTINGS.heading}>
            <run-configuration .view=${view} .session=${this.session}></run-configuration>
          </section>
        </div>
        ${this.#panel()}
      </main>
      <footer class="help">
        <p>${FOOTER.privacy}</p>
        <p class="number">${this.#facts()}</p>
        <bench-door .view=${view} .session=${this.session}></bench-door>
      </footer>
      <drop-target></drop-target>
      <help-dialog .preferences=${view.preferences}></help-dialog>
      <update-notice .ready=${view.updateReady && !isActive(view.phase)}></update-notice>
    `;
  }

  static override styles = [shared, layout];
}

customElements.define('inkling-page', InklingPage);

declare global {
  interface HTMLElementTagNameMap {
    'inkling-page': InklingPage;
  }
}
