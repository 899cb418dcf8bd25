import { describe, expect, it } from 'vitest';
import { preset, withOptimizer } from '../../src/model/config.ts';
import { outdated } from '../../src/ui/kept-run.ts';
import { readLink } from '../../src/ui/link.ts';
import { type Action, reduce, Store } from '../../src/ui/store.ts';
import { MILESTONES, meaning } from '../../src/ui/strings.ts';
import {
  bestOf,
  canExport,
  canGenerate,
  canTrain,
  chosenConfig,
  chosenPreset,
  comparedIds,
  comparedWith,
  initialView,
  interruptedRun,
  lowerRate,
  MOST_COMPARED,
  openingOf,
  type Settings,
  shownStatistics,
  shownVocabulary,
  spread,
  type View,
} from '../../src/ui/view.ts';
import type { Failure, KeptRun, RunSummary, SessionEvent, TextDescription } from '../../src/worker/messages.ts';

const moby: TextDescription = {
  name: 'Moby-Dick',
  characters: 1_189_643,
  vocab_size: 82,
  preview: 'Call me Ishmael.',
  dataset: 'moby-dick',
  sha256: 'ab'.repeat(32),
  opening: null,
};
const failure: Failure = { code: 'bad-text', message: 'This is no text.', hint: 'Choose another file.' };
const connected: Action = {
  kind: 'connected',
  adapter: { name: 'A GPU', software: false, half: false, preset: 'small' },
};
const loaded: Action = { kind: 'text-loaded', text: moby };
const started: SessionEvent = {
  kind: 'started',
  run: { id: 'a', name: 'Moby-Dick, Small' },
  before: null,
  text: 'Moby-Dick',
  config: preset('small'),
  vocab_size: 82,
  parameters: 1234,
  gpu_bytes: 5678,
  dispatches: 57,
  precision: 'f32',
  note: '',
};
const running: SessionEvent = { kind: 'status', phase: 'running', detail: '' };
const stepped = (...steps: number[]): SessionEvent => ({
  kind: 'step',
  records: steps.map((step) => ({ step, loss: 4 / step, lr: 1e-3, grad_norm: 1 })),
  tokens_per_s: 1000,
  seconds_left: 60,
});

const evaluated = (step: number, train_loss: number, val_loss: number, since: number | null = null): Action => ({
  kind: 'eval',
  step,
  train_loss,
  val_loss,
  overfitting_since: since,
});
const choicesOf = (text: string) => {
  const length = Array.from(text).length;
  return { shares: new Uint16Array(7 * length), likeliest: new Uint16Array(5 * length) };
};
const generated = (text: string, done: boolean): SessionEvent => ({
  kind: 'generated',
  text,
  choices: choicesOf(text),
  done,
});
const viewAfter = (...actions: Action[]): View => actions.reduce(reduce, initialView());
const inRun = (...actions: Action[]): View =>
  viewAfter(connected, loaded, { kind: 'train-requested' }, started, running, ...actions);

describe('before a run', () => {
  it('can train as soon as there are an adapter and a text, in either order', () => {
    expect(canTrain(initialView())).toBe(false);
    expect(canTrain(viewAfter(connected))).toBe(false);
    expect(canTrain(viewAfter(loaded))).toBe(false);
    for (const view of [viewAfter(connected, loaded), viewAfter(loaded, connected)]) {
      expect(canTrain(view)).toBe(true);
      expect(view.milestone).toBe(MILESTONES.ready);
    }
  });

  it('takes the preset that suits the adapter until a person chooses another', () => {
    expect(chosenPreset(initialView())).toBe('tiny');
    expect(chosenPreset(viewAfter(connected))).toBe('small');
    const chosen: Action = { kind: 'settings-changed', settings: { preset: 'nanogpt-cpu' } };
    expect(chosenPreset(viewAfter(chosen, connected))).toBe('nanogpt-cpu');
  });

  it('ends the schedule with the chosen steps, and evaluates and samples in short runs too', () => {
    expect(chosenConfig(viewAfter(connected))).toEqual(preset('small'));
    const { training } = chosenConfig(viewAfter({ kind: 'settings-changed', settings: { steps: 40, seed: 7 } }));
    expect(training).toMatchObject({ max_iters: 40, lr_decay_iters: 40, warmup_iters: 4, seed: 7 });
    expect(training).toMatchObject({ eval_interval: 10, sample_interval: 10 });
  });

  it('keeps the former text when another is refused', () => {
    const view = viewAfter(connected, loaded, { kind: 'text-requested' }, { kind: 'text-refused', failure });
    expect(view).toMatchObject({ text: moby, readingText: false, failure });
    expect(canTrain(view)).toBe(true);
  });

  it('shows a missing adapter until there is one', () => {
    const view = viewAfter(loaded, { kind: 'connection-failed', failure });
    expect(view).toMatchObject({ adapter: null, connectionFailure: failure });
    expect(canTrain(view)).toBe(false);
    expect(reduce(view, connected).connectionFailure).toBeNull();
  });
});

describe('a run', () => {
  it('falls back to the phase before when it is refused, and keeps the former run', () => {
    const stopped = inRun(stepped(1, 2), { kind: 'status', phase: 'stopped', detail: '' });
    const view = [
      { kind: 'train-requested' } as const,
      { kind: 'status', phase: 'preparing', detail: 'compiling' } as const,
      { kind: 'train-refused', failure } as const,
    ].reduce<View>(reduce, stopped);
    expect(view.phase).toBe('stopped');
    expect(view.failure).toBe(failure);
    expect(view.run).toBe(stopped.run);
    expect(canGenerate(view)).toBe(true);
  });

  it('is as it was when it is stopped before it starts', () => {
    const preparing = viewAfter(connected, loaded, { kind: 'train-requested' });
    const view = reduce(preparing, { kind: 'status', phase: 'idle', detail: '' });
    expect(view).toMatchObject({ phase: 'idle', milestone: MILESTONES.ready });
    expect(canTrain(view)).toBe(true);
  });

  it('keeps the last step of a batch and every loss', () => {
    const { run } = inRun(stepped(1, 2), stepped(3, 4));
    expect(run).toMatchObject({ step: 4, loss: 1, tokensPerSecond: 1000, secondsLeft: 60 });
    expect(run?.history.loss.x).toEqual([1, 2, 3, 4]);
    expect(run?.history.loss.mean).toEqual([4, 2, 4 / 3, 1]);
  });

  it('keeps its own text and vocabulary when a text is loaded for the next one', () => {
    const other = { ...moby, name: 'Mine', vocab_size: 12 };
    const view = inRun({ kind: 'text-loaded', text: other });
    expect(view.run?.textName).toBe('Moby-Dick');
    expect(shownVocabulary(view)).toBe(82);
    expect(view.text).toBe(other);
    expect(view.milestone).toBe(MILESTONES.textForNextRun('Mine'));
  });

  it('tells milestones, and not every step', () => {
    const told: string[] = [];
    const store = new Store();
    store.addEventListener('change', () => {
      if (told.at(-1) !== store.view.milestone) told.push(store.view.milestone);
    });
    const evaluation = (step: number, val_loss: number) => evaluated(step, 2, val_loss);
    const status = (phase: View['phase']): Action => ({ kind: 'status', phase, detail: '' });
    const actions = [loaded, connected, { kind: 'train-requested' } as const, started, running, stepped(1), stepped(2)];
    for (const action of actions) store.dispatch(action);
    for (const action of [evaluation(0, 4.4), evaluation(2, 3), stepped(3), evaluation(3, 2.5)]) store.dispatch(action);
    for (const action of [status('paused'), running, stepped(4), status('finished')]) store.dispatch(action);
    expect(told).toEqual([
      MILESTONES.opening,
      MILESTONES.ready,
      MILESTONES.preparing,
      MILESTONES.started,
      MILESTONES.firstEvaluation(2, 3),
      MILESTONES.paused(3),
      MILESTONES.resumed(3),
      MILESTONES.finished(4, 2.5),
    ]);
  });

  it('begins with nothing of the one before', () => {
    const sample: Action = { kind: 'sample', step: 2, text: 'Whale' };
    const again = reduce(inRun(stepped(1, 2), sample, { kind: 'generate-requested', prompt: 'A' }), started);
    expect(again.run).toMatchObject({ step: 0, loss: null, evaluations: [], samples: [] });
    expect(again.run?.history.loss.x).toEqual([]);
    expect(again.generation).toBeNull();
  });

  it('survives an error with all that is there', () => {
    const view = inRun(stepped(1, 2), { kind: 'error', failure }, { kind: 'status', phase: 'failed', detail: '' });
    expect(view.failure).toBe(failure);
    expect(view.run?.step).toBe(2);
    expect(canTrain(view)).toBe(true);
    expect(canGenerate(view)).toBe(false);
    expect(reduce(view, { kind: 'dismissed' }).failure).toBeNull();
  });

  it('ignores events of a run that it has not seen start', () => {
    expect(viewAfter(stepped(1), { kind: 'sample', step: 1, text: '' })).toEqual(initialView());
    expect(viewAfter(generated('x', true))).toEqual(initialView());
  });
});

describe('generation', () => {
  it('joins the pieces until the last one', () => {
    const asked: Action = { kind: 'generate-requested', prompt: 'Call' };
    const view = inRun(asked, generated(' me', false));
    expect(view.generation).toMatchObject({ prompt: 'Call', text: ' me', busy: true });
    const done = reduce(view, generated(' Ishmael.', true));
    expect(done.generation).toMatchObject({ prompt: 'Call', text: ' me Ishmael.', busy: false });
  });

  it('puts back what stood there when it is refused', () => {
    const first: Action[] = [
      { kind: 'generate-requested', prompt: 'Call' },
      generated(' me', true),
      { kind: 'generate-ended', failure: null },
    ];
    const view = inRun(...first, { kind: 'generate-requested', prompt: '鯨' }, { kind: 'generate-ended', failure });
    expect(view.generation).toMatchObject({ prompt: 'Call', text: ' me', busy: false });
    expect(reduce(view, { kind: 'generation-dismissed' }).generation).toBeNull();
  });

  it('ends with what was written when it fails', () => {
    const asked: Action = { kind: 'generate-requested', prompt: 'Call' };
    const view = inRun(asked, generated(' me', false), { kind: 'generate-ended', failure });
    expect(view).toMatchObject({ generation: { text: ' me', busy: false }, failure });
  });
});

describe('taking the model away', () => {
  const at = (phase: 'running' | 'paused') => inRun({ kind: 'status', phase, detail: '' });

  it('is offered between steps, one file at a time; a failure is shown', () => {
    expect(canExport(initialView())).toBe(false);
    expect(canExport(at('running'))).toBe(false);
    expect(canExport(at('paused'))).toBe(true);
    const writing = reduce(at('paused'), { kind: 'export-requested' });
    expect(writing.exporting).toBe(true);
    expect(reduce(writing, { kind: 'export-ended', failure: null })).toMatchObject({ exporting: false, failure: null });
    expect(reduce(writing, { kind: 'export-ended', failure })).toMatchObject({ exporting: false, failure });
  });
});

describe('the sentence about the loss', () => {
  it('says among how many characters the model hesitates', () => {
    expect(meaning(82, { train: null, val: null }, null)).toContain('82');
    expect(meaning(82, { train: Math.log(82), val: null }, null)).toContain('knows nothing yet');
    expect(meaning(82, { train: 1, val: Math.log(6.8) }, null)).toContain('among 6.8, down from 82');
    expect(meaning(82, { train: Math.log(20), val: null }, null)).toContain('among 20, down from 82');
  });

  it('says that the model overfits, and since when', () => {
    expect(meaning(82, { train: 1, val: 2 }, { step: 1500, val: 1.5 })).toContain('step 1,500 (1.500)');
    expect(meaning(82, { train: 1, val: 1.52 }, null)).not.toContain('1,500');
  });

  it('finds the lowest validation loss', () => {
    expect(bestOf([])).toBeNull();
    const [a, b, c] = [3, 1, 2].map((val, i) => ({ step: i, train: 0, val }));
    expect(bestOf([a!, b!, c!])).toBe(b);
    expect(bestOf([a!])).toBe(a);
  });

  it('names overfitting once when it begins, and says what it means', () => {
    const view = inRun(evaluated(10, 2, 2.2), evaluated(20, 1.5, 2.4), evaluated(30, 1.2, 2.5, 10));
    expect(view.milestone).toBe(MILESTONES.overfitting(10));
    expect(view.run?.overfittingSince).toMatchObject({ step: 10, val: 2.2 });
    const { overfittingSince } = view.run!;
    expect(meaning(82, { train: 1.2, val: 2.5 }, overfittingSince)).toMatch(/overfits/);
    const later = reduce(reduce(view, { kind: 'status', phase: 'paused', detail: '' }), evaluated(40, 1, 2.6, 10));
    expect(later.milestone).toBe(MILESTONES.paused(0));
    expect(reduce(later, evaluated(50, 1, 2.1)).run?.overfittingSince).toBeNull();
  });

  it('names the model that early stopping kept', () => {
    const config = { ...preset('small'), training: { ...preset('small').training, patience: 1 } };
    const actions = [{ ...started, config }, running, stepped(1, 2), evaluated(1, 2, 2.5), evaluated(2, 1, 3)];
    const view = viewAfter(loaded, connected, ...actions, { kind: 'status', phase: 'finished', detail: '' });
    expect(view.milestone).toBe(MILESTONES.endedEarly(2, { step: 1, val: 2.5 }));
  });

  it('offers a lower learning rate when it has diverged', () => {
    const diverged: Action = { kind: 'error', failure: { ...failure, code: 'diverged' } };
    expect(lowerRate(inRun(diverged))).toBeCloseTo(preset('small').training.learning_rate / 3, 12);
    expect(lowerRate(inRun({ kind: 'error', failure }))).toBeNull();
    // what Train would begin with now is not what diverged
    const other: Action = { kind: 'text-loaded', text: { ...moby, name: 'Another' } };
    expect(lowerRate(inRun(other, diverged))).toBeNull();
    const start: Action = { kind: 'start-changed', start: { from: 'run', described: null } };
    expect(lowerRate(inRun(start, diverged))).toBeNull();
  });
});

describe('advanced options', () => {
  const withAdvanced = (advanced: Settings['advanced'], rest: Partial<Settings> = {}) =>
    chosenConfig(viewAfter(connected, { kind: 'settings-changed', settings: { advanced, ...rest } })).training;

  it('go over what the preset and the optimizer suggest', () => {
    const suggested = preset('small').training;
    expect(withAdvanced({})).toEqual(suggested);
    expect(withAdvanced({ dropout: 0.1, patience: 4 })).toEqual({ ...suggested, dropout: 0.1, patience: 4 });
    expect(withAdvanced({ optimizer: 'muon' })).toEqual(withOptimizer(suggested, 'muon'));
    expect(withAdvanced({ learning_rate: 0.5 })).toMatchObject({ learning_rate: 0.5, min_lr: 0.05 });
    expect(withAdvanced({ learning_rate: 0.5, min_lr: 0.2 })).toMatchObject({ learning_rate: 0.5, min_lr: 0.2 });
    expect(withAdvanced({ eval_interval: 3 }, { steps: 40 })).toMatchObject({ max_iters: 40, eval_interval: 3 });
  });
});

describe('the offered prompt', () => {
  it('is made of the first words of the first full line', () => {
    const chapter = 'CHAPTER 1. Loomings.\n\nCall me Ishmael. Some years ago—never mind how long precisely';
    expect(openingOf(chapter)).toBe('Call me Ishmael.');
    expect(openingOf('abc')).toBe('abc');
    expect(openingOf('')).toBe('');
    expect(openingOf('x'.repeat(100))).toBe('x'.repeat(20));
    expect(openingOf(`a${'😀'.repeat(30)}`)).toBe(`a${'😀'.repeat(19)}`); // no half of one
  });
});

describe('the samples shown', () => {
  it('spreads them over the run, with the first and the last', () => {
    expect(spread([1, 2, 3], 7)).toEqual([1, 2, 3]);
    expect(
      spread(
        Array.from({ length: 21 }, (_, i) => i),
        5,
      ),
    ).toEqual([0, 5, 10, 15, 20]);
  });
});

describe('kept runs', () => {
  const summary: RunSummary = {
    id: 'b',
    name: 'Moby-Dick, Tiny',
    text: 'Moby-Dick',
    created: 0,
    saved: 1,
    step: 40,
    steps: 100,
    val_loss: 2.5,
    state: 'interrupted',
    open: null,
    fork: null,
    best: null,
    config: preset('tiny'),
    origin: { dataset: 'moby-dick', sha256: 'ab'.repeat(32), begun: 'seed', computed: null },
  };
  const metrics = {
    records: [1, 2, 3].map((step) => ({ step, loss: 4 / step, lr: 1e-3, grad_norm: 1 })),
    evaluations: [{ step: 0, train_loss: 4.4, val_loss: 4.5 }],
    samples: [{ step: 2, text: 'ab' }],
    norms: [],
    speeds: [],
  };
  const kept: KeptRun = {
    summary,
    config: preset('tiny'),
    vocab_size: 84,
    parameters: 9,
    metrics,
    overfitting_since: null,
  };
  const listed: Action = { kind: 'runs-listed', runs: { runs: [summary], bytes: 10 } };

  it('offers the interrupted one, but not while another one goes', () => {
    expect(interruptedRun(initialView())).toBeNull();
    expect(interruptedRun(viewAfter(connected, loaded, listed))).toBe(summary);
    expect(interruptedRun(inRun(listed))).toBeNull();
    const elsewhere = { ...summary, state: 'running', open: 'elsewhere' } as const;
    expect(interruptedRun(viewAfter({ kind: 'runs-listed', runs: { runs: [elsewhere], bytes: 0 } }))).toBeNull();
  });

  it('shows one as it was last saved, with nothing to prompt; a run that goes is not replaced', () => {
    const view = viewAfter(connected, loaded, listed, { kind: 'run-shown', kept });
    expect(view.run).toMatchObject({
      id: 'b',
      live: false,
      step: 40,
      savedStep: 40,
      loss: 4 / 3,
      textName: 'Moby-Dick',
    });
    expect(view.run?.history.loss.x).toEqual([1, 2, 3]);
    expect(view.run?.evaluations).toEqual([{ step: 0, train: 4.4, val: 4.5 }]);
    expect(view.run?.samples).toEqual(metrics.samples);
    expect([canGenerate(view), canTrain(view)]).toEqual([false, true]);
    const going = inRun();
    expect(reduce(going, { kind: 'run-shown', kept }).run).toBe(going.run);
  });

  it('that is shown, and a link that is opened, leave a new model to start from; a file that was opened stays at hand', () => {
    const described = {
      name: 'Moby-Dick',
      model: { ...preset('tiny').model, vocab_size: 84 },
      unknown: { count: 1, listed: 'é' },
    };
    const from = (start: 'run' | 'file'): Action => ({
      kind: 'start-changed',
      start: { from: start, opened: 'a.safetensors', unknown: 'drop', described },
    });
    const fresh = { from: 'new', opened: 'a.safetensors', unknown: null, described: null };
    const trained = [connected, loaded, started, { kind: 'status', phase: 'stopped', detail: '' } as const];
    expect(viewAfter(...trained, from('run'), { kind: 'run-shown', kept }).start).toEqual(fresh);
    expect(viewAfter(...trained, from('file'), { kind: 'run-shown', kept }).start.from).toBe('file');
    const link: Action = { kind: 'link-opened', read: readLink('preset=small&from=another') };
    for (const start of ['run', 'file'] as const) expect(viewAfter(...trained, from(start), link).start).toEqual(fresh);
  });

  it('that has overfitted says so when it is shown again, and when it goes on', () => {
    const evaluations = [2, 2.4, 2.5].map((val_loss, i) => ({ step: 10 * i, train_loss: 2 - i / 2, val_loss }));
    const overfitted = { metrics: { ...metrics, evaluations }, overfitting_since: 0 };
    const shown = viewAfter({ kind: 'run-shown', kept: { ...kept, ...overfitted } });
    expect(shown.run?.overfittingSince).toMatchObject({ step: 0, val: 2 });
    const resumed = viewAfter({ ...started, before: { step: 20, ...overfitted } });
    expect(resumed.run?.overfittingSince).toMatchObject({ step: 0, val: 2 });
  });

  it('goes on with a curve that has each step once', () => {
    const resumed: SessionEvent = { ...started, before: { step: 3, metrics, overfitting_since: null } };
    const view = viewAfter(connected, loaded, { kind: 'train-requested' }, resumed, running, stepped(4, 5));
    expect(view.run?.history.loss.x).toEqual([1, 2, 3, 4, 5]);
    expect(view.run).toMatchObject({ live: true, step: 5, savedStep: 3 });
    expect(view.milestone).toBe(MILESTONES.resumed(3));
  });

  it('keeps the norms and the speed of a run, and marks where it went on', () => {
    const norms = { step: 2, names: ['a'], grad: [1], update: [2], weight: [3], moved: null };
    const paused: SessionEvent = { kind: 'status', phase: 'paused', detail: '' };
    const view = inRun(stepped(1, 2), { kind: 'norms', norms }, paused, running, stepped(3));
    expect(view.run?.norms).toEqual([norms]);
    expect(view.run?.history.speed.mean).toEqual([1000, 1000, 1000]);
    expect(view.run?.marks.map(({ x }) => x)).toEqual([2]);
    const told = { ...metrics, norms: [norms], speeds: [{ step: 3, tokens_per_s: 70 }] };
    const resumed: SessionEvent = { ...started, before: { step: 3, metrics: told, overfitting_since: null } };
    const again = viewAfter(connected, loaded, { kind: 'train-requested' }, resumed, running);
    expect(again.run?.norms).toEqual([norms]);
    expect(again.run?.history.speed.x).toEqual([3]);
    expect(again.run?.marks.map(({ x }) => x)).toEqual([3]);
    expect(viewAfter({ kind: 'run-shown', kept: { ...kept, metrics: told } }).run?.norms).toEqual([norms]);
  });

  it('lays others over it, each once and under its present name, until they are left out or gone', () => {
    const compare: Action = { kind: 'run-compared', kept };
    const view = inRun(listed, compare, compare);
    expect(comparedIds(view)).toEqual(['b']);
    expect(view.compared[0]!.history.loss.x).toEqual([1, 2, 3]);
    expect(comparedWith(view)).toBe(view.compared);
    // the run on show is not laid over itself
    expect(comparedWith(viewAfter(listed, compare, { kind: 'run-shown', kept }))).toEqual([]);
    const renamed: Action = { kind: 'runs-listed', runs: { runs: [{ ...summary, name: 'Other' }], bytes: 0 } };
    expect(reduce(view, renamed).compared.map(({ name }) => name)).toEqual(['Other']);
    expect(reduce(view, { kind: 'runs-listed', runs: { runs: [], bytes: 0 } }).compared).toEqual([]);
    expect(reduce(view, { kind: 'run-left-out', id: 'b' }).compared).toEqual([]);
    const many = Array.from({ length: MOST_COMPARED + 2 }, (_, i) => ({ ...summary, id: String(i) }));
    const full = viewAfter(...many.map((one): Action => ({ kind: 'run-compared', kept: { ...kept, summary: one } })));
    expect(full.compared).toHaveLength(MOST_COMPARED);
  });

  it('reads the curves of a compared run again when it has gone on, in its place, unless it is the one on show', () => {
    const [other, further] = [
      { ...summary, id: 'c' },
      { ...summary, step: 60 },
    ];
    const compare = (one: RunSummary): Action => ({ kind: 'run-compared', kept: { ...kept, summary: one } });
    const list: Action = { kind: 'runs-listed', runs: { runs: [further, other], bytes: 0 } };
    const view = inRun(listed, compare(summary), compare(other), list);
    expect(outdated(view)).toEqual(['b']);
    expect(outdated(viewAfter(compare(summary), { kind: 'run-shown', kept }, list))).toEqual([]);
    const fresh = reduce(view, compare(further));
    expect(fresh.compared.map(({ id, step }) => [id, step])).toEqual([
      ['b', 60],
      ['c', 40],
    ]);
    expect(outdated(fresh)).toEqual([]);
  });

  it('tells what is saved, a lost device that is recovered from, and a worker that has died', () => {
    expect(inRun({ kind: 'checkpoint', step: 7 }).run?.savedStep).toBe(7);
    expect(inRun({ kind: 'recovering', step: 7 }).milestone).toBe(MILESTONES.recovering(7));
    const dead = inRun(stepped(1, 2), { kind: 'worker-died' });
    expect(dead).toMatchObject({ phase: 'idle', adapter: null, run: { live: false, step: 2 } });
    expect([canTrain(dead), canGenerate(dead)]).toEqual([false, false]);
  });
});

describe('samples and texts', () => {
  const sampling = (step: number, text: string): SessionEvent => ({
    kind: 'sampling',
    step,
    text,
    choices: choicesOf(text),
  });

  it('a sample grows until it is told whole; one that the end of the run cuts off is forgotten', () => {
    const growing = inRun(sampling(10, 'Wh'), sampling(10, 'al'));
    expect(growing.run?.writing).toMatchObject({ step: 10, text: 'Whal' });
    expect(growing.run?.writing?.choices?.shares).toHaveLength(7 * 4);
    const whole = reduce(growing, { kind: 'sample', step: 10, text: 'Whale', choices: choicesOf('Whale') });
    expect(whole.run).toMatchObject({ writing: null, samples: [{ step: 10, text: 'Whale' }] });
    expect(reduce(growing, { kind: 'status', phase: 'paused', detail: '' }).run?.writing).not.toBeNull();
    expect(reduce(growing, { kind: 'status', phase: 'stopped', detail: '' }).run?.writing).toBeNull();
  });

  it('the chosen sample stays on show while others come, and a new run begins with the newest', () => {
    const chosen = inRun({ kind: 'sample-chosen', step: 10 }, { kind: 'sample', step: 20, text: 'b' });
    expect(chosen.sampleStep).toBe(10);
    expect(reduce(chosen, started).sampleStep).toBeNull();
  });

  it('a chosen sample takes the place of what was generated, unless that is being written; put away, it gives way to the newest', () => {
    const writing = inRun({ kind: 'generate-requested', prompt: 'Call' }, generated(' me', false));
    const chosen: Action = { kind: 'sample-chosen', step: 10 };
    expect(reduce(writing, chosen).generation).toBe(writing.generation);
    const written = reduce(writing, { kind: 'generate-ended', failure: null });
    expect(reduce(written, chosen)).toMatchObject({ generation: null, sampleStep: 10 });
    const away = reduce(reduce(reduce(writing, chosen), generated('', true)), { kind: 'generation-dismissed' });
    expect(away).toMatchObject({ generation: null, sampleStep: null });
  });

  it('what was counted belongs to the text or to the run that is in hand', () => {
    const statistics = { unigram: 3, bigram: 2, wordy: true, lineLength: null };
    const view = inRun({ kind: 'measured', of: 'text', statistics });
    expect([view.text?.statistics, view.run?.statistics]).toEqual([statistics, null]);
    expect(reduce(view, { kind: 'measured', of: 'run', statistics }).run?.statistics).toEqual(statistics);
    // a run of another origin that bears a data set's name learns the same text
    expect(shownStatistics(view)).toEqual(statistics);
    expect(shownStatistics({ ...view, text: { ...moby, dataset: null, statistics } })).toBeNull();
  });

  it('a text that is gone on from keeps what stood before, and comes back when it is refused', () => {
    const begun = { prompt: 'Call', text: ' m', choices: choicesOf(' m') };
    const view = inRun({ kind: 'generate-requested', prompt: 'Call' }, generated(' me', true), {
      kind: 'generate-requested',
      prompt: 'Call m',
      begun,
    });
    expect(view.generation).toMatchObject({ ...begun, begun: 2, busy: true });
    expect(reduce(view, generated('y', true)).generation).toMatchObject({ prompt: 'Call', text: ' my', busy: false });
    expect(reduce(view, { kind: 'generate-ended', failure }).generation).toMatchObject({ text: ' me' });
  });
});
