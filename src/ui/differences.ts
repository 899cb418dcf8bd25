import type { ConfigKey, RunConfig } from '../model/config.ts';
import type { RunSummary } from '../worker/messages.ts';
import { chosenOf } from './options.ts';
import { choicesIn, settingsFrom, settingsOf } from './settings.ts';
import { DIFFERENCES, PRESETS } from './strings.ts';

/** What a difference is told of. */
export type ComparedRun = Pick<RunSummary, 'text' | 'config' | 'origin'>;

/**
 * What a run has otherwise than the one before it, each in a few words: “twice the width”, “learning rate 1e-3 instead of
 * 5e-3”. What only follows from something else, as the hidden width does from the width, is not told. Empty where the two
 * are the same.
 */
export function differences(run: ComparedRun, before: ComparedRun): string[] {
  const text = run.origin.sha256 === before.origin.sha256 ? [] : [DIFFERENCES.text(run.text, before.text)];
  const start = run.origin.begun === before.origin.begun ? [] : [DIFFERENCES.begun[run.origin.begun]];
  return [...text, ...start, ...configDifferences(run.config, before.config)];
}

function configDifferences(config: RunConfig, before: RunConfig): string[] {
  const [own, other] = [settingsOf(config), settingsOf(before)];
  // Two sizes as they come are told by their names, and what they set is not.
  const named = own.preset !== other.preset && Object.keys({ ...own.shape, ...other.shape }).length === 0;
  const size = named ? [DIFFERENCES.size(PRESETS[own.preset!].name, PRESETS[other.preset!].name)] : [];
  const way = named ? own : settingsFrom(config, other.preset!);
  const keys = [...new Set([...choicesIn(way), ...choicesIn(other)])];
  return [...size, ...keys.flatMap((key) => difference(key, config, before))];
}

function difference(key: ConfigKey, config: RunConfig, before: RunConfig): string[] {
  const [value, former] = [chosenOf(config, key), chosenOf(before, key)];
  return Object.is(value, former) ? [] : [DIFFERENCES.of(key, value, former)];
}

/** The run that another one is compared with: what it was copied from, else the one that was begun before it. */
export function comparedWith(run: RunSummary, runs: readonly RunSummary[]): RunSummary | null {
  if (run.fork !== null) return runs.find(({ id }) => id === run.fork!.id) ?? null;
  const older = runs.filter(({ id, created }) => id !== run.id && created < run.created);
  return older.sort((a, b) => b.created - a.created)[0] ?? null;
}
