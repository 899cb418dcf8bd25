import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineBrowserProvider } from '@vitest/browser';

/** What a plain Firefox needs to give a page without a window WebGPU on whatever Vulkan driver there is. */
const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  // a page that is opened for tests only asks for nothing, and is asked nothing
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.enabled': false,
  'dom.push.connection.enabled': false,
  // SwiftShader writes machine code, which the sandboxes of Linux do not let it run
  'security.sandbox.content.level': 0,
};

/**
 * Opens Vitest's page in the Firefox at `program`, under a profile of its own. Playwright drives a Firefox of its own make
 * only; these tests need no more of a browser than that it opens an address.
 */
export function firefox(program: string) {
  return defineBrowserProvider({
    name: 'firefox',
    providerFactory() {
      const profile = mkdtempSync(join(tmpdir(), 'inkling-firefox-'));
      const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref('${name}', ${value});\n`);
      writeFileSync(join(profile, 'user.js'), lines.join(''));
      let running: ChildProcess | undefined;
      return {
        name: 'firefox',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        openPage: async (_session: string, url: string) => {
          const options = { stdio: 'ignore', env: { ...process.env, MOZ_DISABLE_GPU_SANDBOX: '1' } } as const;
          running = spawn(program, ['--headless', '--no-remote', '--profile', profile, url], options);
        },
        close: async () => {
          if (running?.exitCode === null) {
            const ended = new Promise((resolve) => running!.once('exit', resolve));
            running.kill();
            await ended;
          }
          rmSync(profile, { recursive: true, force: true });
        },
      };
    },
  });
}
