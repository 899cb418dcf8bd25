import type { Failure, GenerateRequest, Result, SessionEvent, TextSource } from '../worker/messages.ts';
import { AddressBar, FIRST_TEXT } from './address-bar.ts';
import { attend } from './comforts.ts';
import { download } from './download.ts';
import type { Takeaway } from './elements/model-export.ts';
import type { RunCommand } from './elements/run-controls.ts';
import type { RunAction } from './elements/runs-panel.ts';
import { fetchPart } from './fetch-part.ts';
import { outdated } from './kept-run.ts';
import type { LinkedText, ReadLink } from './link.ts';
import { openSession, type Session } from './session-client.ts';
import { settingsOf } from './settings.ts';
import { Store } from './store.ts';
import { FAILURES, isFetched, MILESTONES, RUNS, TITLE } from './strings.ts';
import {
  type Begun,
  type Continuation,
  canTrain,
  chosenConfig,
  chosenProducts,
  chosenStart,
  comparedIds,
  faultsOf,
  interruptedRun,
  isActive,
  type PanelName,
  type Settings,
  type StartView,
  sizeName,
} from './view.ts';
import './elements/inkling-page.ts';

/** The composition root: the one place where the page, the store and the worker's session meet. */

const store = new Store();
const page = document.querySelector('inkling-page')!;
const addressBar = new AddressBar(openLink);
/** Read before anything is shown: from then on the address says what is chosen. */
const opened = addressBar.read();

store.addEventListener('change', () => {
  const { view } = store;
  page.view = view;
  addressBar.show(view);
  const { phase, run } = view;
  // while the next run is prepared, the one on show is the former one
  const going = run !== null && (phase === 'running' || phase === 'paused');
  const title = going ? `${Math.floor((100 * run.step) / run.config.training.max_iters)} % · ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
});

function open(): Session | null {
  const missing = (failure: Failure) => store.dispatch({ kind: 'worker-missing', failure });
  if (typeof Worker === 'undefined') {
    missing(FAILURES.noWorker);
    return null;
  }
  return openSession({ event: hear, missing, died: () => void begin() });
}

function hear(event: SessionEvent): void {
  store.dispatch(event);
  // The device is gone for good, and its models with it; another one can usually be had at once.
  if (event.kind === 'error' && event.failure.code === 'device-lost') void connect();
  // the model on show is another one now
  if (event.kind === 'started' && store.view.start.from === 'run') void chooseStart({});
  const phaseChange = event.kind === 'status' && event.phase !== 'preparing';
  if (event.kind === 'runs-changed' || event.kind === 'checkpoint' || phaseChange) void listRuns();
}

let session: Session | null = null;

/** Starts a worker: the first one, or one in the place of that which has died. */
async function begin(): Promise<void> {
  const { run, phase } = store.view;
  const died = session !== null;
  if (died) store.dispatch({ kind: 'worker-died' });
  session = open();
  page.session = session;
  void reloadText();
  await Promise.all([connect(), listRuns()]);
  if (died && isActive(phase) && run?.live && run.id !== null && run.savedStep !== null && run.savedStep > revived) {
    revived = run.savedStep;
    await continueRun(run.id);
    return;
  }
  const interrupted = interruptedRun(store.view);
  if (interrupted !== null && store.view.run === null) await showRun(interrupted.id);
}

/** Where a run stood that has been continued by itself; once it dies there again, that is left to the person. */
let revived = -1;

async function connect(): Promise<void> {
  const result = await session?.connect();
  if (result?.ok) store.dispatch({ kind: 'connected', adapter: result.value });
  else if (result) store.dispatch({ kind: 'connection-failed', failure: result.failure });
}

/** What the list needs is asked for once at a time, and once more when it has changed meanwhile. */
let listing: Promise<void> | null = null;
let stale = false;

function listRuns(): Promise<void> {
  stale = true;
  listing ??= (async () => {
    while (stale) {
      stale = false;
      const result = await session?.listRuns();
      if (result?.ok) store.dispatch({ kind: 'runs-listed', runs: result.value });
      // what another tab trains is shown as it was last saved
      const { run, runs } = store.view;
      const elsewhere = runs?.runs.find(({ id, open }) => id === run?.id && open === 'elsewhere');
      if (elsewhere && !run!.live && elsewhere.step !== run!.savedStep) await showRun(elsewhere.id);
      else await freshenCompared();
    }
    listing = null;
  })();
  return listing;
}

/** The value of an answer; undefined where there is none, and then why is shown. */
async function valueIn<T>(answer: Promise<Result<T>> | undefined): Promise<T | undefined> {
  const result = await answer;
  if (result?.ok === false) store.dispatch({ kind: 'refused', failure: result.failure });
  return result?.ok ? result.value : undefined;
}

async function showRun(id: string): Promise<void> {
  const kept = await valueIn(session?.showRun(id));
  if (kept !== undefined) store.dispatch({ kind: 'run-shown', kept });
  await freshenCompared(); // the one that was on show before may be among them, and have gone on
}

/** Reads the curves of compared runs anew that have gone on. */
async function freshenCompared(): Promise<void> {
  for (const id of outdated(store.view)) {
    const result = await session?.showRun(id);
    if (result?.ok && comparedIds(store.view).includes(id))
      store.dispatch({ kind: 'run-compared', kept: result.value });
  }
}

/** Lays a kept run's curves over those on show, or takes them away again. */
async function compare(id: string): Promise<void> {
  if (comparedIds(store.view).includes(id)) return store.dispatch({ kind: 'run-left-out', id });
  const kept = await valueIn(session?.showRun(id));
  if (kept !== undefined) store.dispatch({ kind: 'run-compared', kept });
}

async function continueRun(id: string): Promise<void> {
  if (session === null || isActive(store.view.phase)) return;
  store.dispatch({ kind: 'train-requested' });
  const result = await session.resumeRun(id);
  if (!result.ok) store.dispatch({ kind: 'train-refused', failure: result.failure });
}

async function act(request: RunAction): Promise<unknown> {
  switch (request.action) {
    case 'continue':
      return continueRun(request.id);
    case 'show':
      return showRun(request.id);
    case 'rename':
      return valueIn(session?.renameRun(request.id, request.name));
    case 'compare':
      return compare(request.id);
    case 'delete':
      return valueIn(session?.deleteRun(request.id));
    case 'export':
      return exportRun(request.id);
    case 'fork': {
      const fork = await valueIn(session?.forkRun(request.id, request.change));
      if (fork !== undefined) store.dispatch({ kind: 'run-forked', name: request.change.name });
      return;
    }
    default:
      return request satisfies never;
  }
}

/** Takes over what a link says. Its text is read, unless it has to be given, or fetched from elsewhere. */
function openLink(read: ReadLink): void {
  store.dispatch({ kind: 'link-opened', read });
  takeLinkedText(read.link.text);
  if (session !== null) void reloadText();
}

function takeLinkedText(text: LinkedText | null): void {
  if (text === null) return;
  const { dataset } = text;
  reloadText = async () => {
    if (dataset === null || isFetched(dataset)) store.dispatch({ kind: 'text-forgotten' });
    else await loadText({ kind: 'dataset', name: dataset });
  };
}

async function exportRun(id: string): Promise<void> {
  const file = await valueIn(session?.exportRun(id));
  if (file === undefined) return;
  download(file.name, file.bytes);
  store.dispatch({ kind: 'announced', milestone: MILESTONES.exported(file.name) });
}

/** Keeps the run of a file; an archive without one may be a model to start from. */
async function importRun(file: File): Promise<void> {
  const answer = session?.importRun(file.name, file);
  const result = await answer;
  if (result?.ok === false && result.failure.code === 'no-run-file') return openModel(file);
  const id = await valueIn(answer);
  if (id === undefined) return;
  if (!isActive(store.view.phase)) await showRun(id);
  store.dispatch({ kind: 'announced', milestone: MILESTONES.imported });
}

/** Chooses the present text once more, for a new worker. */
let reloadText = () => loadText({ kind: 'dataset', name: FIRST_TEXT });

/** The session reads one text at a time, the newest. */
async function loadText(source: TextSource): Promise<void> {
  if (session === null) return;
  reloadText = () => loadText(source);
  store.dispatch({ kind: 'text-requested' });
  const result = await session.loadText(source);
  if (!result.ok && result.failure.code === 'superseded') return;
  if (result.ok) store.dispatch({ kind: 'text-loaded', text: result.value });
  else store.dispatch({ kind: 'text-refused', failure: result.failure });
  await chooseStart({});
}

async function loadFiles(files: File[]): Promise<void> {
  const [file, another] = files;
  if (file === undefined) return store.dispatch({ kind: 'refused', failure: FAILURES.noFile });
  if (another !== undefined) return store.dispatch({ kind: 'refused', failure: FAILURES.manyFiles(files.length) });
  if (file.name.endsWith('.safetensors')) await openModel(file);
  else if (file.name.endsWith('.zip')) await importRun(file);
  else await loadText({ kind: 'file', name: file.name, file });
}

async function openModel(file: File): Promise<void> {
  const opened = await valueIn(session?.openModel(file.name, file));
  if (opened !== undefined) await chooseStart({ from: 'file', opened: file.name });
}

/** Changes what the next run starts from, and asks what that model does not know of the present text. */
async function chooseStart(start: Partial<StartView>): Promise<void> {
  store.dispatch({ kind: 'start-changed', start });
  const { from } = store.view.start;
  if (from === 'new') return;
  const result = await session?.describeStart(from);
  if (store.view.start.from !== from || result === undefined) return;
  if (result.ok) store.dispatch({ kind: 'start-changed', start: { described: result.value } });
  else store.dispatch({ kind: 'start-changed', start: { from: 'new', described: null } });
}

async function train(): Promise<void> {
  const { view } = store;
  if (session === null || !canTrain(view)) return;
  const [fault] = faultsOf(view);
  if (fault !== undefined) {
    const { key, message, hint } = fault;
    store.dispatch({ kind: 'refused', failure: { code: 'bad-config', message, hint } });
    page.focusField(key);
    return;
  }
  const config = chosenConfig(view);
  const start = chosenStart(view);
  const name = RUNS.name(view.text!.name, sizeName(view));
  store.dispatch({ kind: 'train-requested' });
  void navigator.storage?.persist?.(); // so that the browser clears the run away only when asked to
  const result = await session.train(config, start, name, chosenProducts(view));
  if (!result.ok) store.dispatch({ kind: 'train-refused', failure: result.failure });
}

/** The run that diverged once more, at a lower rate. */
async function tryAt(learning_rate: number): Promise<void> {
  const { run } = store.view;
  if (run === null) return;
  const settings = settingsOf(run.config); // what is chosen for the next run may be something else by now
  const advanced = { ...settings.advanced, learning_rate };
  delete advanced.min_lr; // it was chosen for the other rate
  store.dispatch({ kind: 'settings-changed', settings: { ...settings, advanced } });
  await train();
}

/** `begun`: the text that it goes on from, where that is more than a prompt. */
async function generate(request: GenerateRequest, begun: Begun | null = null): Promise<void> {
  if (session === null) return;
  store.dispatch({ kind: 'generate-requested', prompt: request.prompt, begun });
  page.showSample();
  const result = await session.generate(request);
  store.dispatch({ kind: 'generate-ended', failure: result.ok ? null : result.failure });
}

/** Saves what the run on show has measured: all of it where the run is kept, or else what the curves show. */
async function saveCurves(what: 'steps' | 'norms'): Promise<void> {
  const { run } = store.view;
  if (run === null) return;
  const csv = await fetchPart(page, () => import('./charts/curves-csv.ts'));
  if (csv === null) return;
  if (what === 'norms') return download('inkling-norms.csv', csv.normsCSV(run.norms));
  if (run.live) await session?.save();
  const kept = run.id === null ? undefined : await session?.showRun(run.id);
  download('inkling.csv', kept?.ok ? csv.curvesCSV(kept.value.metrics) : csv.historyCSV(run.history, run.evaluations));
}

async function exportModel(format: Takeaway): Promise<void> {
  if (session === null) return;
  if (format === 'csv') return saveCurves('steps');
  store.dispatch({ kind: 'export-requested' });
  const result = await session.exportModel(format);
  store.dispatch({ kind: 'export-ended', failure: result.ok ? null : result.failure });
  if (result.ok) download(result.value.name, result.value.bytes);
}

/** Listens to a custom event of the page's elements. */
function on<T>(name: string, handle: (detail: T) => unknown): void {
  page.addEventListener(name, (event) => handle((event as CustomEvent<T>).detail));
}

const obey = (name: RunCommand) => (name === 'train' ? train() : valueIn(session?.[name]()));
on<RunCommand>('run-command', obey);
on<Partial<Settings>>('settings-change', (settings) => store.dispatch({ kind: 'settings-changed', settings }));
on<number>('try-at', tryAt);
on<undefined>('link-dismissed', () => store.dispatch({ kind: 'link-dismissed' }));
on<Failure>('failed', (failure) => store.dispatch({ kind: 'refused', failure }));
on<TextSource>('text-chosen', loadText);
on<Partial<StartView>>('start-change', chooseStart);
on<File[]>('files-chosen', loadFiles);
on<GenerateRequest>('generate', (request) => generate(request));
on<Continuation>('go-on', ({ request, begun }) => generate(request, begun));
on<number | null>('choose-sample', (step) => store.dispatch({ kind: 'sample-chosen', step }));
on<Takeaway>('export-model', exportModel);
on<undefined>('cancel-generation', () => valueIn(session?.cancelGeneration()));
on<undefined>('dismiss-generation', () => store.dispatch({ kind: 'generation-dismissed' }));
on<undefined>('dismiss', () => store.dispatch({ kind: 'dismissed' }));
on<RunAction>('run-action', act);
on<'steps' | 'norms'>('curves-save', saveCurves);
on<File>('import-run', importRun);
on<PanelName>('panel-chosen', (panel) => store.dispatch({ kind: 'panel-chosen', panel }));

// A page that is hidden may be closed without another word, and one that is frozen can no longer save.
const save = () => void session?.save();
document.addEventListener('visibilitychange', () => document.hidden && save());
document.addEventListener('freeze', save);

attend(page, store, obey);

if (opened !== null) openLink(opened);
void begin();
