declare module '*.wgsl?raw' {
  const source: string;
  export default source;
}

/** The page with a model in it, `%MODEL%` where the model comes; see site/standalone-page.ts. */
declare module 'virtual:standalone-page' {
  const template: string;
  export default template;
}
