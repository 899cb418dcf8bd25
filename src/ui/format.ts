const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 });
const quick = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** 12345 → "12,345". */
export const count = (value: number): string => whole.format(value);

/** Two digits and a letter for the magnitude: 29120 → "29K". */
export const brief = (value: number): string => short.format(value);

/** Bytes with two digits and a unit: 64000000 → "64 MB". */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${quick.format(value / 1000 ** power)} ${units[power]}`;
}

/** Three digits, written out: 12345 → "12,300". */
export const rate = (value: number): string => quick.format(value);

/** With a minus as wide as a plus, which is not taken for a hyphen. */
const withMinus = (text: string): string => text.replaceAll('-', '−');

/** Three digits of any number that is neither tiny nor huge, and an exponent where it is: −0.0123, 1.2e−5, 45,600. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const far = size !== 0 && (size < 1e-3 || size >= 1e6);
  return withMinus(far ? value.toExponential(2).replace(/\.?0*e\+?/, 'e') : quick.format(value));
}

/** Seven digits, which is about what 32 bits hold: −0.01000389, 2.140179e−5. */
export function allDigits(value: number): string {
  const size = Math.abs(value);
  const far = size !== 0 && (size < 1e-3 || size >= 1e6);
  return withMinus(far ? value.toExponential(6).replace(/\.?0*e\+?/, 'e') : String(Number(value.toPrecision(7))));
}

/** A number at an axis, as short as it can be: 20K, 0.05, 1e−4. */
export const mark = (value: number): string =>
  Math.abs(value) >= 10_000 && Math.abs(value) < 1e6 ? brief(value) : figure(value);

/** A loss in nats, readable as a number: 2.431. */
export const loss = (value: number, digits = 3): string => value.toFixed(digits);

/** Seconds in words: "45 s", "2 min 10 s", "3 h 05 min". */
export function duration(seconds: number): string {
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return `${minutes} min ${String(all % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** A moment, in milliseconds since 1970: "Nov 24, 2026, 3:05 PM". */
export const date = (milliseconds: number): string => moment.format(milliseconds);
