import { afterEach, expect, test } from 'vitest';
import '../../src/ui/panels/lab/overfitting-lab.ts';
import '../../src/ui/panels/parameters/subject-form.ts';
import { subjectOf } from '../../src/ui/panels/parameters/subject.ts';
import { initialView } from '../../src/ui/view.ts';

// A run draws the panels ten times a second, also while a person types.

afterEach(() => document.body.replaceChildren());

const field = (element: { renderRoot: ParentNode }, id: string) =>
  element.renderRoot.querySelector<HTMLInputElement>(`#${id}`)!;

test('what is typed among the sizes to count stays when the panel is drawn anew', async () => {
  const form = document.createElement('subject-form');
  const draw = () => {
    form.subject = subjectOf('form', initialView(), null);
    return form.updateComplete;
  };
  document.body.append(form);
  await draw();
  field(form, 'n_embd').value = '4';
  await draw();
  expect(field(form, 'n_embd').value).toBe('4');
  form.subject = subjectOf('gpt2-124m', initialView(), null);
  await form.updateComplete;
  expect(field(form, 'n_embd').value).toBe('768');
});

test('what is typed for the lab stays when it is drawn anew, and what it refuses gives way', async () => {
  const lab = document.createElement('overfitting-lab');
  document.body.append(lab);
  await lab.updateComplete;
  const former = field(lab, 'steps').value;
  field(lab, 'steps').value = '12';
  lab.view = { ...initialView() };
  await lab.updateComplete;
  expect(field(lab, 'steps').value).toBe('12');
  field(lab, 'steps').value = '0';
  field(lab, 'steps').dispatchEvent(new Event('change'));
  expect(field(lab, 'steps').value).toBe(former);
  field(lab, 'steps').value = '12';
  field(lab, 'steps').dispatchEvent(new Event('change'));
  await lab.updateComplete;
  expect(field(lab, 'steps').value).toBe('12');
});
