import type { Plugin } from 'vite';

/**
 * What the built page may do. It stands in the page itself, so that it holds on any host; what only a header can say
 * (who may frame the page) is left to the host.
 *
 * Styles come from files and adopted style sheets: no style may stand in an attribute of markup (`.style=` in a Lit
 * template sets it by script, which is allowed). The two policies of trusted types are Lit's own and that of
 * src/ui/script-address.ts. The page itself connects to its own host only: what a person asks for by address is fetched
 * by the worker, whose own rules come with its script's headers.
 */
export const SECURITY_POLICY = Object.entries({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data: blob:", // pictures of charts
  'connect-src': "'self'",
  'worker-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'require-trusted-types-for': "'script'",
  'trusted-types': 'lit-html inkling',
})
  .map((rule) => rule.join(' '))
  .join('; ');

/** Puts the policy first into the page's head. The development server, whose scripts stand in the page, does without. */
export function securityPolicy(): Plugin {
  return {
    name: 'inkling:security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}
