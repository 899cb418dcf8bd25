import { InklingError } from '../gpu/errors.ts';

/** Throws `bad-config`. */
export function refuse(message: string, hint: string): never {
  throw new InklingError('bad-config', message, hint);
}

export function requireCount(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    refuse(`${name} must be a whole number from ${low} to ${high}, not ${value}.`, `Choose another ${name}.`);
  }
}

export function requireReal(name: string, value: number, low: number, high: number): void {
  if (!(Number.isFinite(value) && value >= low && value <= high)) {
    refuse(`${name} must be a number from ${low} to ${high}, not ${value}.`, `Choose another ${name}.`);
  }
}

export function requireChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) {
    refuse(`There is no ${name} “${value}”.`, `Take one of ${choices.join(', ')}.`);
  }
}
