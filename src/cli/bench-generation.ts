import { timeGeneration } from '../generation/bench.ts';
import type { Device } from '../gpu/device.ts';
import { type PresetName, preset } from '../model/config.ts';
import { adapterName } from './open.ts';
import type { Output } from './output.ts';

/** `bench --generate`: times the writing of each configuration, beside the least that it can take on this adapter. */
export async function benchGeneration(
  device: Device,
  output: Output,
  names: readonly PresetName[],
  vocab_size: number,
): Promise<void> {
  for (const config of names) {
    const timing = await timeGeneration(device, { ...preset(config).model, vocab_size });
    const { ms_per_character, characters_per_s, floor_ms_per_character, floor, position } = timing;
    const ms = (value: number) => value.toPrecision(3);
    output.result(
      { config, adapter: adapterName(device), ...timing },
      [
        `${config}: ${Math.round(characters_per_s).toLocaleString('en-US')} characters/s, ${ms(ms_per_character)} ms a character; ${(ms_per_character / floor_ms_per_character).toFixed(2)} x the floor of ${ms(floor_ms_per_character)} ms`,
        `  floor: weights and cache ${ms(floor.bytes_ms)} ms for ${(timing.bytes_per_character / 1e6).toPrecision(3)} MB, ${timing.dispatches_per_character} dispatches ${ms(floor.dispatch_ms)} ms`,
        `  first position of the window ${ms(position.first_ms)} ms, last ${ms(position.last_ms)} ms; of these attention ${ms(position.attention_first_ms)} and ${ms(position.attention_last_ms)} ms`,
      ].join('\n'),
    );
  }
}
