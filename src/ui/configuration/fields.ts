import { css, html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { ConfigKey, Fault, RunConfig } from '../../model/config.ts';
import { emit } from '../emit.ts';
import { chosenOf, type Option } from '../options.ts';
import { CHOICE_NAMES, OPTIONS } from '../strings.ts';

/** What a person has entered into a field: `undefined` follows the suggestion again. */
export interface Choice {
  key: ConfigKey;
  value: number | boolean | string | undefined;
}

/** What fields show, and where they tell of a choice, as the event `choose`. */
export interface FieldsContext {
  host: Element;
  config: RunConfig;
  faults: readonly Fault<ConfigKey>[];
  /** Whether nothing can be chosen. */
  locked?: boolean;
  /** Whether the adapter can compute with f16. */
  half?: boolean;
}

/** Those that the present configuration and the adapter look at. */
export const shownFields = (options: readonly Option[], { config, half = false }: FieldsContext): readonly Option[] =>
  options.filter((option) => option.shown?.(config, half) ?? true);

/** The fields that the present configuration looks at. */
export function fields(options: readonly Option[], context: FieldsContext) {
  const shown = shownFields(options, context);
  return html`<div class="fields">${shown.map((option) => field(option, context))}</div>`;
}

/** A label, the term of art beside it, the control, and a sentence below: of help, or of what is wrong and how to mend it. */
function field(option: Option, context: FieldsContext) {
  const { key } = option;
  const { label, help, source } = OPTIONS[key]!;
  const fault = context.faults.find((candidate) => candidate.key === key);
  const says = fault
    ? html`<span class="fault">${fault.message} ${fault.hint}</span>`
    : html`${help}${source ? html` <a href=${source.address} target="_blank" rel="noopener">${source.name}</a>` : nothing}`;
  return html`
    <div class=${option.kind === 'switch' ? 'field switch' : 'field'}>
      <p class="heading"><label for=${key}>${label}</label> <span class="term" id="${key}-term">${key}</span></p>
      ${control(option, context, fault !== undefined)}
      <p class="help" id="${key}-help" aria-live="polite">${says}</p>
    </div>
  `;
}

function control(option: Option, { host, config, locked }: FieldsContext, faulty: boolean) {
  const { key } = option;
  const value = chosenOf(config, key);
  const describedBy = `${key}-term ${key}-help`;
  const choose = (chosen: Choice['value']) => emit<Choice>(host, 'choose', { key, value: chosen });
  switch (option.kind) {
    case 'number':
      return html`
        <input
          id=${key}
          type="number"
          step=${option.limits.whole ? '1' : 'any'}
          min=${option.limits.low}
          max=${option.limits.high}
          aria-describedby=${describedBy}
          aria-invalid=${faulty}
          ?disabled=${locked}
          .value=${String(value)}
          @change=${(event: Event) => {
            const input = event.currentTarget as HTMLInputElement;
            const emptied = input.value === '';
            // An emptied field takes the suggestion again, which it may hold already.
            if (emptied) input.value = String(value);
            choose(emptied ? undefined : input.valueAsNumber);
          }}
        />
      `;
    case 'choice':
      return html`
        <select
          id=${key}
          aria-describedby=${describedBy}
          aria-invalid=${faulty}
          ?disabled=${locked}
          @change=${(event: Event) => choose((event.currentTarget as HTMLSelectElement).value)}
        >
          ${option.choices.map(
            (choice) =>
              html`<option value=${choice} .selected=${live(value === choice)}>${CHOICE_NAMES[choice] ?? choice}</option>`,
          )}
        </select>
      `;
    case 'switch':
      return html`
        <input
          id=${key}
          type="checkbox"
          aria-describedby=${describedBy}
          ?disabled=${locked}
          .checked=${live(value === true)}
          @change=${(event: Event) => choose((event.currentTarget as HTMLInputElement).checked)}
        />
      `;
    default:
      return option satisfies never;
  }
}

/** Puts the keyboard into a field, and opens what it is folded away in. */
export function focusField(root: ParentNode, key: ConfigKey): boolean {
  const input = root.querySelector<HTMLElement>(`#${key}`);
  const details = input?.closest('details');
  if (details) details.open = true;
  input?.focus();
  return input !== null;
}

export const fieldStyles = css`
  .fields {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.5rem), 1fr));
    gap: var(--space-4);
  }

  /* Label, control and help of a row stand beside one another, however long a label is. */
  .field {
    display: grid;
    grid-row: span 3;
    grid-template-rows: subgrid;
    row-gap: var(--space-1);
    align-items: start;
    min-width: 0;
  }

  .heading {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 var(--space-2);
    align-self: end;
  }

  .term {
    color: var(--ink-faint);
    font: var(--text-small) / 1.4 ui-monospace, 'Liberation Mono', monospace;
    overflow-wrap: anywhere;
  }

  .field .help {
    overflow-wrap: anywhere;
  }

  .field a {
    color: inherit;
  }

  select {
    display: block;
    width: 100%;
    height: var(--control);
    padding: 0 var(--space-3);
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--sheet);
  }

  .switch {
    grid-template-rows: auto auto;
    grid-template-columns: auto 1fr;
    align-content: start;
    align-items: center;
    column-gap: var(--space-2);
  }

  .switch input {
    order: -1;
    margin: 0;
    accent-color: var(--accent);
  }

  .switch .help {
    grid-column: 1 / -1;
  }

  :disabled {
    border-color: var(--rule);
    color: var(--ink-faint);
  }

  [aria-invalid='true'] {
    border-color: var(--alarm);
    box-shadow: 0 0 0 1px var(--alarm);
  }

  .fault {
    color: var(--alarm);
  }

  details {
    margin-top: var(--space-4);
  }

  summary {
    width: max-content;
    max-width: 100%;
    color: var(--ink-soft);
    font-size: var(--text-small);
    cursor: pointer;
  }

  details > .fields {
    margin-top: var(--space-3);
  }

  .counts {
    display: grid;
    gap: var(--space-3);
    margin: var(--space-4) 0 0;
    padding-top: var(--space-3);
    border-top: 1px solid var(--rule);
  }

  .counts > div {
    min-height: 3.6em;
  }

  dt {
    color: var(--ink-soft);
    font-size: var(--text-small);
  }

  dd {
    margin: 0;
  }

  .value {
    font-size: var(--text-large);
  }
`;
