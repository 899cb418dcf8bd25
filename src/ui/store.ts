import type {
  AdapterDescription,
  Failure,
  KeptRun,
  Phase,
  RunList,
  SessionEvent,
  TextDescription,
} from '../worker/messages.ts';
import { shown, stillKept, told } from './kept-run.ts';
import type { ReadLink } from './link.ts';
import { phaseMilestone, textMilestone } from './milestones.ts';
import type { Preferences } from './preferences.ts';
import { type Recorded, withRecording } from './recording/recording.ts';
import { withGenerated, withPiece, withSample } from './samples.ts';
import { CHART, MILESTONES } from './strings.ts';
import {
  type Begun,
  type Generation,
  initialView,
  isActive,
  MOST_COMPARED,
  type PanelName,
  type RunView,
  type Settings,
  type StartView,
  type View,
} from './view.ts';

/** What changes the view: the worker's events, and what the page itself does. */
export type Action =
  | SessionEvent
  | { kind: 'panel-chosen'; panel: PanelName }
  | { kind: 'update-ready'; ready: boolean }
  | { kind: 'preferences-changed'; preferences: Partial<Preferences> }
  | Recorded
  | { kind: 'connected'; adapter: AdapterDescription }
  | { kind: 'connection-failed'; failure: Failure }
  | { kind: 'worker-missing'; failure: Failure }
  | { kind: 'text-requested' }
  | { kind: 'text-loaded'; text: TextDescription }
  | { kind: 'text-refused'; failure: Failure }
  | { kind: 'runs-listed'; runs: RunList }
  | { kind: 'run-shown'; kept: KeptRun }
  | { kind: 'run-compared'; kept: KeptRun }
  | { kind: 'run-left-out'; id: string }
  | { kind: 'run-forked'; name: string }
  | { kind: 'worker-died' }
  | { kind: 'start-changed'; start: Partial<StartView> }
  | { kind: 'settings-changed'; settings: Partial<Settings> }
  | { kind: 'link-opened'; read: ReadLink }
  | { kind: 'link-dismissed' }
  | { kind: 'text-forgotten' }
  | { kind: 'announced'; milestone: string }
  | { kind: 'train-requested' }
  | { kind: 'train-refused'; failure: Failure }
  | { kind: 'generate-requested'; prompt: string; begun?: Begun | null }
  | { kind: 'sample-chosen'; step: number | null }
  | { kind: 'generate-ended'; failure: Failure | null }
  | { kind: 'generation-dismissed' }
  | { kind: 'export-requested' }
  | { kind: 'export-ended'; failure: Failure | null }
  | { kind: 'refused'; failure: Failure }
  | { kind: 'dismissed' };

/** Holds the view and tells of each new one by a `change` event. */
export class Store extends EventTarget {
  #view = initialView();

  get view(): View {
    return this.#view;
  }

  dispatch(action: Action): void {
    const next = reduce(this.#view, action);
    if (next === this.#view) return;
    this.#view = next;
    this.dispatchEvent(new Event('change'));
  }
}

/** The view after an action. */
export function reduce(view: View, action: Action): View {
  switch (action.kind) {
    case 'status':
      return withPhase(view, action.phase, action.detail);
    case 'started':
      return {
        ...view,
        generation: null,
        generationBefore: null,
        sampleStep: null,
        recording: null,
        milestone: action.before === null ? MILESTONES.started : MILESTONES.resumed(action.before.step),
        run: {
          ...told(action.before?.metrics, action.before?.overfitting_since),
          id: action.run?.id ?? null,
          name: action.run?.name ?? action.text,
          live: true,
          savedStep: action.before?.step ?? null,
          config: action.config,
          vocabulary: action.vocab_size,
          characters: action.vocabulary ?? null,
          statistics: null,
          parameters: action.parameters,
          gpuBytes: action.gpu_bytes,
          dispatches: action.dispatches,
          precision: action.note || action.precision,
          textName: action.text,
          step: action.before?.step ?? 0,
          marks: action.before === null ? [] : [{ x: action.before.step, label: CHART.goneOn }],
          tokensPerSecond: Number.NaN,
          secondsLeft: Number.NaN,
        },
      };
    case 'step':
      return withRun(view, (run) => {
        const last = action.records.at(-1);
        for (const record of action.records) {
          run.history.append(record);
          run.history.speed.append(record.step, action.tokens_per_s);
        }
        return {
          ...run,
          step: last?.step ?? run.step,
          loss: last?.loss ?? run.loss,
          tokensPerSecond: action.tokens_per_s,
          secondsLeft: action.seconds_left,
        };
      });
    case 'eval': {
      const { step, train_loss: train, val_loss: val, accuracy } = action;
      // The evaluation before the first step only measures chance; the first news is the one after it.
      const first = step > 0 && !view.run?.evaluations.some((evaluation) => evaluation.step > 0);
      const next = withRun(view, (run) => ({
        ...run,
        evaluations: [...run.evaluations, { step, train, val, accuracy }],
        overfittingSince: run.evaluations.find((evaluation) => evaluation.step === action.overfitting_since) ?? null,
      }));
      const since = next.run?.overfittingSince ?? null;
      if (since !== null && (view.run?.overfittingSince ?? null) === null) {
        return { ...next, milestone: MILESTONES.overfitting(since.step) };
      }
      return first ? { ...next, milestone: MILESTONES.firstEvaluation(step, val) } : next;
    }
    case 'sample':
      return withRun(view, (run) => withSample(run, action));
    case 'sampling':
      return withRun(view, (run) => withPiece(run, action));
    case 'sample-chosen': {
      const shown = { ...view, sampleStep: action.step };
      // the sheet is for what was chosen last, but for a text that is being written
      return view.generation?.busy ? shown : { ...shown, generation: null, generationBefore: null };
    }
    case 'measured': {
      const { statistics } = action;
      if (action.of === 'text') return { ...view, text: view.text && { ...view.text, statistics } };
      return withRun(view, (run) => (run.live ? { ...run, statistics } : run));
    }
    case 'norms':
      return withRun(view, (run) => ({ ...run, norms: [...run.norms, action.norms] }));
    case 'generated':
      return view.generation === null ? view : { ...view, generation: withGenerated(view.generation, action) };
    case 'checkpoint':
      return withRun(view, (run) => ({ ...run, savedStep: action.step }));
    case 'recovering':
      return { ...view, milestone: MILESTONES.recovering(action.step) };
    case 'panel-chosen':
      return { ...view, panel: action.panel };
    case 'update-ready':
      return { ...view, updateReady: action.ready };
    case 'preferences-changed':
      return { ...view, preferences: { ...view.preferences, ...action.preferences } };
    case 'recorded':
      return withRecording(view, action, reduce);
    case 'runs-changed':
      return view;
    case 'runs-listed':
      return { ...view, runs: action.runs, compared: stillKept(view.compared, action.runs) };
    case 'run-compared': {
      const { summary, metrics } = action.kept;
      const { id, name, step } = summary;
      const { history, evaluations } = told(metrics);
      const run = { id, name, step, history, evaluations };
      // one that has gone on keeps its place, and so its ink
      const again = view.compared.some((other) => other.id === id);
      if (again) return { ...view, compared: view.compared.map((other) => (other.id === id ? run : other)) };
      return { ...view, compared: [...view.compared.slice(0, MOST_COMPARED - 1), run] };
    }
    case 'run-left-out':
      return { ...view, compared: view.compared.filter(({ id }) => id !== action.id) };
    case 'run-shown':
      return isActive(view.phase)
        ? view
        : {
            ...view,
            generation: null,
            sampleStep: null,
            recording: null,
            run: shown(action.kept),
            start: view.start.from === 'run' ? fromNew(view.start) : view.start, // it was the one on show before
          };
    case 'run-forked':
      return { ...view, milestone: MILESTONES.forked(action.name) };
    case 'worker-died':
      return {
        ...view,
        adapter: null,
        text: null,
        phase: 'idle',
        readingText: false,
        generation: null,
        run: view.run && { ...view.run, live: false },
        start: initialView().start,
        milestone: MILESTONES.workerDied,
      };
    case 'error':
    case 'refused':
      return { ...view, failure: action.failure };
    case 'connected':
      return {
        ...view,
        adapter: action.adapter,
        connectionFailure: null,
        ...(view.recording !== null && { recording: null, run: null }), // it can now train itself
        milestone: view.text === null ? view.milestone : MILESTONES.ready,
      };
    case 'connection-failed':
      return { ...view, adapter: null, connectionFailure: action.failure, milestone: '' };
    case 'worker-missing':
      return { ...view, connectionFailure: action.failure, readingText: false, milestone: '' };
    case 'reading':
      return { ...view, reading: { done: action.done, total: action.total } };
    case 'text-requested':
      return { ...view, readingText: true, reading: null };
    case 'text-loaded':
      return {
        ...view,
        readingText: false,
        text: action.text,
        failure: null,
        milestone: textMilestone(view, action.text.name),
      };
    case 'text-refused':
      return { ...view, readingText: false, failure: action.failure };
    case 'start-changed':
      return { ...view, start: { ...view.start, ...action.start } };
    case 'settings-changed':
      return { ...view, settings: { ...view.settings, computed: null, ...action.settings } };
    case 'link-opened': {
      const { link, unread } = action.read;
      const { text, start, settings, panel } = link;
      return { ...view, settings, panel, link: { text, start, unread }, start: fromNew(view.start) };
    }
    case 'text-forgotten':
      return { ...view, text: null, readingText: false, milestone: MILESTONES.textNeeded };
    case 'announced':
      return { ...view, milestone: action.milestone };
    case 'link-dismissed':
      return { ...view, link: null, settings: { ...view.settings, computed: null } };
    case 'train-requested':
      return {
        ...view,
        phase: 'preparing',
        detail: '',
        phaseBefore: view.phase,
        failure: null,
        milestone: MILESTONES.preparing,
      };
    case 'train-refused':
      return {
        ...view,
        phase: view.phase === 'preparing' ? view.phaseBefore : view.phase,
        failure: action.failure,
        milestone: '',
      };
    case 'generate-requested':
      return {
        ...view,
        generation: {
          ...(action.begun ?? { prompt: action.prompt, text: '', choices: null }),
          begun: action.begun ? Array.from(action.begun.text).length : 0,
          busy: true,
        },
        generationBefore: view.generation,
        failure: null,
      };
    case 'generate-ended':
      return {
        ...view,
        generation: endedGeneration(view, action.failure),
        failure: action.failure ?? view.failure,
        // a new run may have taken the generation away
        milestone: action.failure === null && view.generation !== null ? MILESTONES.written : view.milestone,
      };
    case 'export-requested':
      return { ...view, exporting: true };
    case 'export-ended':
      return { ...view, exporting: false, failure: action.failure ?? view.failure };
    case 'generation-dismissed':
      return { ...view, generation: null, generationBefore: null, sampleStep: null };
    case 'dismissed':
      return { ...view, failure: null };
    default:
      return action satisfies never;
  }
}

/** What stays on the sheet: what was written, or, when a request was refused, what stood there before. */
function endedGeneration({ generation, generationBefore }: View, failure: Failure | null): Generation | null {
  if (generation === null) return generationBefore;
  const nothing = Array.from(generation.text).length === generation.begun;
  if (failure !== null && nothing) return generationBefore;
  return { ...generation, busy: false };
}

/** A new model to start from, rather than one that has been trained; what was opened stays at hand. */
const fromNew = ({ opened }: StartView): StartView => ({ ...initialView().start, opened });

const withRun = (view: View, change: (run: RunView) => RunView): View =>
  view.run === null ? view : { ...view, run: change(view.run) };

function withPhase(view: View, phase: Phase, detail: string): View {
  const milestone = phase === view.phase ? null : phaseMilestone(view, phase);
  const going = phase === 'running' || phase === 'paused';
  // a sample that was being written when the run ended is never told whole
  const run = view.run?.writing && !going ? { ...view.run, writing: null } : view.run;
  const next = { ...view, run, phase, detail, milestone: milestone ?? view.milestone };
  if (phase !== 'running' || view.phase !== 'paused') return next;
  return withRun(next, (run) => ({ ...run, marks: [...run.marks, { x: run.step, label: CHART.pausedHere }] }));
}
