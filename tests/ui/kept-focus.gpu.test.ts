import type { LitElement } from 'lit';
import { afterEach, expect, test } from 'vitest';
import '../../src/ui/charts/series-chart.ts';
import '../../src/ui/configuration/link-notice.ts';
import '../../src/ui/configuration/training-card.ts';
import '../../src/ui/elements/failure-notice.ts';
import '../../src/ui/elements/prompt-form.ts';
import '../../src/ui/elements/run-controls.ts';
import '../../src/ui/elements/sample-sheet.ts';
import '../../src/ui/elements/update-notice.ts';
import { initialView } from '../../src/ui/view.ts';

afterEach(() => document.body.replaceChildren());

/** An element on the page, with the keyboard on the button of this name. */
async function focused<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
  button: string,
): Promise<HTMLElementTagNameMap[Name] & LitElement> {
  const element = document.createElement(name) as HTMLElementTagNameMap[Name] & LitElement;
  document.body.append(Object.assign(element, properties));
  await element.updateComplete;
  const all = [...element.renderRoot.querySelectorAll('button')];
  all.find((one) => one.textContent!.trim() === button)!.focus();
  expect(element.shadowRoot!.activeElement!.textContent!.trim()).toBe(button);
  return element;
}

/** What has the keyboard after a change, once the browser has had a frame to take it from what is hidden. */
async function focusAfter<Kind extends LitElement>(element: Kind, change: Partial<Kind>): Promise<Element> {
  Object.assign(element, change);
  await element.updateComplete;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return element.shadowRoot!.activeElement!;
}

test('Stop hands the keyboard to Train, and other changes leave it where it is', async () => {
  const controls = await focused('run-controls', { command: 'pause', ready: true, stoppable: true }, 'Stop');
  expect((await focusAfter(controls, { step: 3 })).textContent!.trim()).toBe('Stop');
  const next = await focusAfter(controls, { stoppable: false, command: 'train' });
  expect(next.textContent!.trim()).toBe('Train');
});

test('Cancel and Once more hand it to each other, or to Generate', async () => {
  const form = await focused('prompt-form', { ready: true, busy: true, written: true }, 'Cancel');
  expect((await focusAfter(form, { busy: false })).textContent).toContain('Once more');
  expect((await focusAfter(form, { busy: true })).textContent!.trim()).toBe('Cancel');
  expect((await focusAfter(form, { busy: false, written: false })).textContent!.trim()).toBe('Generate');
});

test('Show the newest sample hands it to the sheet', async () => {
  const generation = { prompt: 'a', text: 'b', choices: null, begun: 0, busy: false };
  const samples = [{ step: 1, text: 'c' }];
  const sheet = await focused('sample-sheet', { samples, generation }, 'Show the newest sample');
  expect((await focusAfter(sheet, { generation: null })).localName).toBe('section');
});

test('Show all hands it to the chart, and Back to what is suggested to what it stands under', async () => {
  const chart = await focused('series-chart', { zoom: [1, 2] }, 'Show all');
  expect((await focusAfter(chart, { zoom: null })).className).toBe('held');
  const card = document.createElement('training-card');
  document.body.append(Object.assign(card, { changed: ['l2'] as const }));
  await card.updateComplete;
  card.renderRoot.querySelector('details')!.open = true;
  card.renderRoot.querySelector<HTMLElement>('details > button')!.focus();
  expect((await focusAfter(card, { changed: [] })).localName).toBe('summary');
});

test('a notice that goes hands it to the page’s content', async () => {
  const main = Object.assign(document.createElement('main'), { tabIndex: -1 });
  document.body.append(main);
  const failure = { code: 'x', message: 'It failed.', hint: '' };
  const failed = await focused('failure-notice', { passing: failure }, 'Dismiss');
  await focusAfter(failed, { passing: null });
  expect(document.activeElement).toBe(main);
  const offer = await focused('update-notice', { ready: true }, 'Not now');
  await focusAfter(offer, { ready: false });
  expect(document.activeElement).toBe(main);
  const link = { unread: ['one=two'], text: null, start: null };
  const linked = await focused('link-notice', { view: { ...initialView(), link } }, 'Forget the link');
  await focusAfter(linked, { view: initialView() });
  expect(document.activeElement).toBe(main);
});
