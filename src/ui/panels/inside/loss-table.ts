import { html } from 'lit';
import type { PromptView } from '../../../worker/inspection/messages.ts';
import { loss } from '../../format.ts';
import { PROMPT_LOOK } from '../../strings/inside.ts';
import { percent } from '../../strings/words.ts';
import { glyph } from './glyphs.ts';

/** The loss of each character of a text but the first, which nothing came before. */
export function lossTable({ characters, losses }: PromptView) {
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label=${PROMPT_LOOK.lossTable}>
      <table>
        <thead>
          <tr>
            <th scope="col">${PROMPT_LOOK.position}</th>
            <th scope="col">${PROMPT_LOOK.char}</th>
            <th scope="col">${PROMPT_LOOK.lossHeading}</th>
            <th scope="col">${PROMPT_LOOK.probability}</th>
          </tr>
        </thead>
        <tbody>
          ${[...losses].map(
            (one, t) => html`
              <tr>
                <th scope="row">${t + 2}</th>
                <td>${glyph(characters[t + 1]!)}</td>
                <td>${loss(one)}</td>
                <td>${percent(Math.exp(-one))}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
