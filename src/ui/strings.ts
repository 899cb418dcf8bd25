/** Every word of the page stands in this folder, so that it can be read, and one day translated, in one place. Here are those
 * of the first page; a panel that is fetched later brings its own. */
export * from './strings/charts.ts';
export * from './strings/craft.ts';
export * from './strings/differences.ts';
export * from './strings/options.ts';
export * from './strings/page.ts';
export * from './strings/runs.ts';
export * from './strings/settings.ts';
export * from './strings/stages.ts';
export * from './strings/words.ts';
export * from './strings/writing.ts';
