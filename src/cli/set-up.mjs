// Shared by `npm start`, the command line's launcher and `npm test`. It runs in bare Node on a fresh clone,
// before anything is installed, so it imports nothing but Node's own modules.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, statSync, utimesSync } from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Ends the process with a sentence for the person who started it.
 * @param {string} message
 * @returns {never}
 */
export function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Stops with one sentence when Node is older than Vite and the built code need. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  // what Vite itself asks for: 21 and the first releases of 22 lack what it uses
  const serves = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
  if (!serves) {
    stop(
      `Inkling needs Node 20.19 or later (of 22, 22.12), and this is Node ${process.versions.node}: install a newer one.`,
    );
  }
}

/**
 * @param {string} path
 * @returns {number} milliseconds, 0 where there is nothing
 */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Runs npm without a word unless it fails. An npm that started us is used again, whatever the PATH says.
 * @param {string[]} args
 * @param {string} [folder]
 */
export function npm(args, folder = ROOT) {
  const self = process.env.npm_execpath;
  const ownNpm = self?.endsWith('.js');
  // npm is a batch file on Windows, which only a shell can start.
  return spawnSync(ownNpm ? process.execPath : 'npm', ownNpm && self ? [self, ...args] : args, {
    cwd: folder,
    encoding: 'utf8',
    shell: !ownNpm && process.platform === 'win32',
    env: { ...process.env, npm_config_color: 'false' },
  });
}

/**
 * Installs the packages when they are missing or older than the lock file.
 * @param {(line: string) => void} say tells what is being done
 */
export function installPackages(say) {
  const marker = join(ROOT, 'node_modules/.package-lock.json');
  if (modified(marker) >= modified(join(ROOT, 'package-lock.json'))) return;
  const missing = !existsSync(marker);
  say(missing ? 'Installing packages (about a minute, once) ...' : 'Updating packages ...');
  // Unlike `npm ci`, this mends a folder that is nearly right; it leaves the lock file alone and keeps to it.
  const result = npm(['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  if (result.status !== 0) {
    const said = (result.stderr ?? '').trim() || result.error?.message || 'no reason given';
    stop(`The packages could not be installed; npm says:\n${said}\nCheck the network and try again.`);
  }
  const now = new Date();
  utimesSync(marker, now, now);
}

/**
 * The newest modification below a folder. Folders count too, since a deleted file changes only its folder.
 * @param {string} path a file or a folder
 * @returns {number} milliseconds
 */
export function newest(path) {
  let latest = modified(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    for (const entry of readdirSync(path)) latest = Math.max(latest, newest(join(path, entry)));
  }
  return latest;
}

/**
 * Gives a child our terminal, passes signals on to it, and ends as it ends.
 * @param {import('node:child_process').ChildProcess} child
 */
function endWith(child) {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  // Ctrl-C in a terminal reaches the child by itself; a second signal would cut its tidy stop short.
  process.on('SIGINT', () => terminal || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  if (process.platform !== 'win32') process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('error', (error) => stop(`${child.spawnfile} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}

/** Where Chrome, Chromium and Edge install themselves, by platform. @returns {string[]} */
function usualChromes() {
  if (process.platform === 'darwin') {
    const apps = [
      'Google Chrome.app/Contents/MacOS/Google Chrome',
      'Chromium.app/Contents/MacOS/Chromium',
      'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ];
    return apps.flatMap((app) => [join('/Applications', app), join(homedir(), 'Applications', app)]);
  }
  if (process.platform === 'win32') {
    const { LOCALAPPDATA, PROGRAMFILES, 'PROGRAMFILES(X86)': x86 } = process.env;
    const apps = [
      'Google/Chrome/Application/chrome.exe',
      'Chromium/Application/chrome.exe',
      'Microsoft/Edge/Application/msedge.exe',
    ];
    const bases = [PROGRAMFILES, x86, LOCALAPPDATA].filter((base) => base !== undefined);
    return apps.flatMap((app) => bases.map((base) => join(base, app)));
  }
  const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'].filter(Boolean);
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), '/opt/google/chrome/chrome'];
}

/** The browser that Playwright has downloaded, or would. @returns {Promise<string | undefined>} */
async function playwrightChrome() {
  try {
    const { chromium } = await import('playwright');
    return chromium.executablePath();
  } catch {
    return undefined; // the packages are not installed yet
  }
}

/**
 * Whether a browser starts. On Linux a program may be a stub, or lack libraries; elsewhere asking would open a window.
 * @param {string} chrome
 */
function starts(chrome) {
  return process.platform !== 'linux' || spawnSync(chrome, ['--version'], { timeout: 30_000 }).status === 0;
}

/**
 * A Chrome or Chromium to run tests in: CHROME_PATH, else an installed one, else Playwright's.
 * @returns {Promise<string | undefined>}
 */
export async function findChrome() {
  const chosen = process.env.CHROME_PATH;
  if (chosen) return chosen;
  const candidates = [...usualChromes(), await playwrightChrome()];
  return candidates.find((path) => path !== undefined && existsSync(path) && starts(path));
}

const LOADER_FOLDERS = [
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/run/opengl-driver/lib',
];
const DRIVER_FOLDERS = [
  '/etc/vulkan/icd.d',
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/run/opengl-driver/share/vulkan/icd.d',
  join(homedir(), '.local/share/vulkan/icd.d'),
];
/** Folders in which a browser keeps the SwiftShader driver and a Vulkan loader beside its own program. */
const BROWSER_FOLDERS = [
  '/usr/lib/chromium',
  '/usr/lib64/chromium-browser',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  '/opt/chromium.org/chromium',
  '/opt/microsoft/msedge',
  '/snap/chromium/current/usr/lib/chromium-browser',
];
export const SOFTWARE_DRIVER = 'vk_swiftshader_icd.json';

/** @param {string} folder */
function hasDriver(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json'));
}

/**
 * Where an installed browser keeps the SwiftShader driver.
 * @returns {Promise<string | undefined>}
 */
export async function softwareDriverFolder() {
  const holds = (/** @type {string} */ folder) => existsSync(join(folder, SOFTWARE_DRIVER));
  const known = BROWSER_FOLDERS.find(holds);
  if (known) return known;
  const chrome = await findChrome();
  // Distributions put a link in the PATH: the driver lies where it points.
  const folder = chrome && existsSync(chrome) ? dirname(realpathSync(chrome)) : undefined;
  return folder && holds(folder) ? folder : undefined;
}

/**
 * What the environment lacks for Dawn to find a GPU in Node. Only Linux needs help: where there is no Vulkan
 * driver, or no loader to find it with, an installed browser lends its own (SwiftShader, on the processor). Whether a
 * driver that is there finds a GPU is only known later, so what could be lent is told in INKLING_SPARE_DRIVER.
 * The variables work only if they are set before the process starts.
 * @returns {Promise<Record<string, string>>} variables to add; none where nothing is missing or can be lent
 */
export async function vulkanEnvironment() {
  if (process.platform !== 'linux') return {};
  // Without it, who looks for a display complains of that on every run.
  const { XDG_RUNTIME_DIR = tmpdir() } = process.env;
  return { XDG_RUNTIME_DIR, ...(await missingDriver()) };
}

/** @returns {Promise<Record<string, string>>} */
async function missingDriver() {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, LD_LIBRARY_PATH = '' } = process.env;
  const libraries = LD_LIBRARY_PATH.split(delimiter).filter(Boolean);
  const loader = [...libraries, ...LOADER_FOLDERS].some((folder) => existsSync(join(folder, 'libvulkan.so.1')));
  const chosen = VK_ICD_FILENAMES || VK_DRIVER_FILES;
  if (loader && chosen) return {};
  const folder = await softwareDriverFolder();
  if (!folder) return {};
  const lent = join(folder, SOFTWARE_DRIVER);
  return {
    ...(loader ? {} : { LD_LIBRARY_PATH: [...libraries, folder].join(delimiter) }),
    ...(chosen ? {} : DRIVER_FOLDERS.some(hasDriver) ? { INKLING_SPARE_DRIVER: lent } : { VK_ICD_FILENAMES: lent }),
  };
}

/**
 * Starts Node on a script with our terminal and ends as it ends.
 * @param {string[]} args
 * @param {Record<string, string>} environment variables to add
 */
export function becomeNode(args, environment = {}) {
  endWith(spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...environment } }));
}
