import { html, nothing } from 'lit';
import type { BlockView, PlaceView, WalkView } from '../../../worker/inspection/messages.ts';
import { allDigits, figure, loss } from '../../format.ts';
import { STAGES, stageName, WALK } from '../../strings/inside.ts';
import { CHOICE_NAMES } from '../../strings/options.ts';
import type { Bar } from './bar-table.ts';
import { glyph, spoken } from './glyphs.ts';
import { type HeatKind, limitOf } from './heat-colours.ts';
import { pictureOfAll } from './pictures.ts';
import './bar-table.ts';
import './heat-map.ts';

/** The stages of a step, in order. */
export const STAGE_NAMES = [
  'batch',
  'ids',
  'embedding',
  'attention',
  'feedForward',
  'logits',
  'probabilities',
  'loss',
  'backwards',
  'update',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** Rows of a batch that are shown. */
const ROWS = 16;
/** Characters that are shown of a distribution. */
const LIKELIEST = 8;

/** What a stage shows: the step, one place of it, and one block at that place. */
export interface StageData {
  walk: WalkView;
  place: PlaceView;
  block: BlockView;
  /** What follows the place. */
  next: number;
  /** The place in the attention pattern. */
  cursor: { x: number; y: number };
}

const strip = (
  label: string,
  values: Float32Array<ArrayBuffer>,
  limit: number | null = null,
  kind: HeatKind = 'signed',
  names: readonly string[] | null = null,
) => html`
  <div>
    <h4>${label}</h4>
    <heat-map
      flat
      .picture=${pictureOfAll(values, values.length)}
      .label=${label}
      .limit=${limit}
      .kind=${kind}
      .columnNames=${names}
    ></heat-map>
  </div>
`;

/** Says what the colours of strips stand for. */
const key = html`
  <p class="help key"><i class="below"></i> ${WALK.below} <i class="above"></i> ${WALK.above}</p>
`;

const explained = (text: string, formula: string) => html`
  <p class="explained">${text}</p>
  <p class="formula">${formula}</p>
`;

/** The highest numbers, one a character, and that of the one which does come. */
function barsOf(values: Float32Array, { vocabulary }: WalkView, next: number, text: (value: number) => string): Bar[] {
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!);
  const shown = order.slice(0, LIKELIEST);
  if (!shown.includes(next)) shown.push(next);
  return shown.map((id) => ({
    name: glyph(vocabulary[id]!),
    spoken: spoken(vocabulary[id]!),
    value: values[id]!,
    text: text(values[id]!),
    marked: id === next,
  }));
}

const headings = (value: string) => ['Character', value] as const;

const PICTURES: Record<Exclude<StageName, 'update'>, (data: StageData) => unknown> = {
  batch: ({ walk }) => html`
    ${explained(STAGES.batch.text(walk.rows.length, walk.rows[0]!.length - 1), STAGES.batch.formula)}
    <ol class="batch" start="1">
      ${walk.rows
        .slice(0, ROWS)
        .map(
          (row, i) =>
            html`<li class=${i === walk.sequence ? 'chosen' : ''}>${row.slice(0, -1).map(glyph).join('')}</li>`,
        )}
    </ol>
    ${walk.rows.length > ROWS ? html`<p class="help">… ${walk.rows.length - ROWS}</p>` : nothing}
  `,
  ids: ({ walk, place }) => {
    const row = walk.rows[walk.sequence]!;
    const { rows } = STAGES.ids;
    const line = (name: string, cell: (t: number) => unknown, kind = '') => html`
      <tr>
        <th scope="row">${name}</th>
        ${[...walk.ids].map((_, t) => html`<td class=${t === place.place ? `${kind} chosen` : kind}>${cell(t)}</td>`)}
      </tr>
    `;
    return html`
      ${explained(STAGES.ids.text, STAGES.ids.formula)}
      <div class="scroll" tabindex="0" role="group" aria-label=${STAGES.ids.name}>
        <table class="ids">
          <tbody>
            ${line(rows.place, (t) => t)}
            ${line(rows.character, (t) => glyph(row[t]!), 'sign')}
            ${line(rows.id, (t) => walk.ids[t])}
            ${line(rows.next, (t) => glyph(row[t + 1]!), 'sign')}
          </tbody>
        </table>
      </div>
    `;
  },
  embedding: ({ place }) => {
    const limit = limitOf(place.embedding);
    return html`
      ${explained(STAGES.embedding.text(place.embedding.length), STAGES.embedding.formula)}
      ${strip(STAGES.embedding.token, place.token, limit)}
      ${strip(STAGES.embedding.position, place.position, limit)}
      ${strip(STAGES.embedding.sum, place.embedding, limit)}
      ${key}
    `;
  },
  attention: ({ walk, place, block, cursor }) => {
    const T = walk.ids.length;
    const names = walk.rows[walk.sequence]!.slice(0, T).map(glyph);
    return html`
      ${explained(STAGES.attention.text, STAGES.attention.formula)}
      <div class="columns">
        <heat-map
          .kind=${'share' as const}
          .limit=${1}
          .at=${cursor}
          .picture=${block.pattern}
          .label=${STAGES.attention.pattern}
          .rowNames=${names}
          .columnNames=${names}
        ></heat-map>
        <div class="strips">
          ${strip(STAGES.attention.looks(spoken(walk.rows[walk.sequence]![place.place]!)), block.attended, null, 'share', names)}
          ${strip(STAGES.attention.query, block.query)}
          ${strip(STAGES.attention.key, block.key)}
          ${strip(STAGES.attention.value, block.value)}
          ${strip(STAGES.attention.mixed, block.mixed)}
          ${key}
        </div>
      </div>
    `;
  },
  feedForward: ({ walk, block }) => html`
    ${explained(STAGES.feedForward.text(block.hidden.length), STAGES.feedForward.formula(CHOICE_NAMES[walk.activation]!))}
    ${strip(STAGES.feedForward.hidden, block.hidden)}
    <p>${STAGES.feedForward.silent(block.hidden.filter((h) => h < 1e-2).length / block.hidden.length)}</p>
    ${strip(STAGES.feedForward.out, block.out)}
    ${key}
  `,
  logits: ({ walk, place, next }) => html`
    ${explained(STAGES.logits.text, STAGES.logits.formula)}
    <bar-table
      .bars=${barsOf(place.logits, walk, next, figure)}
      .caption=${STAGES.logits.caption}
      .headings=${headings('Logit')}
    ></bar-table>
  `,
  probabilities: ({ walk, place, next }) => html`
    ${explained(STAGES.probabilities.text, STAGES.probabilities.formula)}
    <bar-table
      .bars=${barsOf(place.probabilities, walk, next, (p) => `${(100 * p).toFixed(2)} %`)}
      .caption=${STAGES.probabilities.caption}
      .headings=${headings('Probability')}
    ></bar-table>
  `,
  loss: ({ walk, place, next }) => html`
    ${explained(STAGES.loss.text, STAGES.loss.formula)}
    <p class="number">${STAGES.loss.here(figure(place.probabilities[next]!), loss(walk.losses[place.place]!))}</p>
    <p class="number">${STAGES.loss.mean(loss(walk.loss))}</p>
    <details>
      <summary class="help">${STAGES.loss.losses}</summary>
    <bar-table
      .bars=${[...walk.losses].map((value, t) => ({
        name: `${t}  ${glyph(walk.rows[walk.sequence]![t]!)} → ${glyph(walk.rows[walk.sequence]![t + 1]!)}`,
        value,
        text: loss(value),
        marked: t === place.place,
      }))}
      .caption=${STAGES.loss.losses}
      .headings=${['Place', 'Loss']}
    ></bar-table>
    </details>
  `,
  backwards: ({ walk, place, next }) => {
    const { training, ids } = walk;
    const all = training.gradient_accumulation_steps * training.batch_size * ids.length;
    const strongest = [...place.dlogits.keys()]
      .sort((a, b) => Math.abs(place.dlogits[b]!) - Math.abs(place.dlogits[a]!))
      .slice(0, LIKELIEST);
    return html`
      ${explained(STAGES.backwards.text, STAGES.backwards.formula(all))}
      <div class="columns">
        <bar-table
          .bars=${walk.backwards.toReversed().map(({ stage, norm }) => ({ name: stageName(stage), value: norm, text: figure(norm) }))}
          .caption=${STAGES.backwards.norms}
          .headings=${[STAGES.backwards.stage, STAGES.backwards.norm]}
        ></bar-table>
        <bar-table
          .bars=${strongest.map((id) => ({
            name: glyph(walk.vocabulary[id]!),
            spoken: spoken(walk.vocabulary[id]!),
            value: place.dlogits[id]!,
            text: figure(place.dlogits[id]!),
            marked: id === next,
          }))}
          .caption=${STAGES.backwards.dlogits}
          .headings=${headings('Gradient')}
        ></bar-table>
      </div>
      <p class="number">${STAGES.backwards.whole(allDigits(walk.grad_norm))}</p>
    `;
  },
};

/** A stage as a picture, one or two sentences and a formula. */
export const pictureOfStage = (stage: Exclude<StageName, 'update'>, data: StageData) => PICTURES[stage](data);
