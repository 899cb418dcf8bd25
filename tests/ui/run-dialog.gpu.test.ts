import { afterEach, expect, test } from 'vitest';
import { preset } from '../../src/model/config.ts';
import '../../src/ui/elements/run-dialog.ts';
import type { RunChange } from '../../src/ui/elements/run-dialog.ts';
import type { RunSummary } from '../../src/worker/messages.ts';

afterEach(() => document.body.replaceChildren());

const run: RunSummary = {
  id: 'a',
  name: 'Moby-Dick, Tiny',
  text: 'Moby-Dick',
  created: 0,
  saved: 1,
  step: 40,
  steps: 100,
  val_loss: 2.5,
  state: 'stopped',
  open: null,
  fork: null,
  best: { step: 20, val_loss: 2.4 },
  config: preset('tiny'),
  origin: { dataset: 'moby-dick', sha256: 'ab'.repeat(32), begun: 'seed', computed: null },
};

test('a fork goes on from the last save unless the best state is chosen, each time that it is asked for', async () => {
  const dialog = document.createElement('run-dialog');
  document.body.append(dialog);
  const told: RunChange[] = [];
  dialog.addEventListener('run-action', (event) => told.push((event as CustomEvent<RunChange>).detail));
  const root = dialog.renderRoot;
  const input = (selector: string) => root.querySelector<HTMLInputElement>(selector)!;
  const chosen = () => input('[name=from]:checked').value;
  const confirm = () => root.querySelector('form')!.requestSubmit();

  await dialog.show('fork', run);
  expect([chosen(), input('[name=steps]').min]).toEqual(['latest', '40']);
  input('[value=best]').click();
  await dialog.updateComplete;
  expect(input('[name=steps]').min).toBe('20');
  confirm();
  await dialog.show('fork', run);
  expect([chosen(), input('[name=steps]').min]).toEqual(['latest', '40']);
  confirm();
  const [best, latest] = told.map((change) => change.action === 'fork' && change.change);
  expect(best).toMatchObject({ from: 'best' });
  expect(latest).not.toHaveProperty('from');
});
