/** The part of trusted types that is used here; TypeScript's own library does not know them yet. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): {
    createScriptURL(address: string): string;
  };
}

/** Under the page's security policy no other script than what passes here can be started. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('inkling', {
  createScriptURL(address) {
    if (new URL(address, document.baseURI).origin === location.origin) return address;
    throw new TypeError(`${address} is a script of another site.`);
  },
});

/** An address of a script of this site, for `Worker` and for the service worker. */
export const scriptAddress = (address: string): string => policy?.createScriptURL(address) ?? address;
