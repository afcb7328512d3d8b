import { accessSync, constants, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './processes.ts';
import { ROOT } from './workspace.ts';

/** A real program that tests talk to. */
export interface Part {
  readonly name: string;
  /** The variable that hands its path to the tests; one that is set already is believed. */
  readonly env: string;
  /** What the tests need it for, for the message where it is missing. */
  readonly purpose: string;
  /** Names under which it may stand in PATH. */
  readonly commands?: readonly string[];
  /** A pattern of the folders that hold all its commands, where these are not in PATH: then the folder is its path. */
  readonly folder?: string;
  /** The Debian package that brings it. */
  readonly apt?: string;
  /** The exact version of node that it is; it comes from npm's `node-<platform>-<arch>` packages, which run no script. */
  readonly node?: string;
}

/** The real parts of the tests: one line each. */
export const PARTS: readonly Part[] = [
  {
    name: 'chromium',
    env: 'BULWARK_CHROMIUM',
    purpose: 'what a real browser does with our headers',
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    apt: 'chromium',
  },
  {
    name: 'certutil',
    env: 'BULWARK_CERTUTIL',
    purpose: 'that a browser trusts the local CA once it is told to',
    commands: ['certutil'],
    apt: 'libnss3-tools',
  },
  {
    name: 'postgres',
    env: 'BULWARK_POSTGRES',
    purpose: 'that sessions and limits hold in PostgreSQL',
    commands: ['initdb', 'postgres'],
    folder: '/usr/lib/postgresql/*/bin',
    apt: 'postgresql',
  },
  {
    name: 'mariadb',
    env: 'BULWARK_MARIADB',
    purpose: 'that sessions and limits hold in MariaDB',
    commands: ['mariadbd'],
    apt: 'mariadb-server',
  },
  {
    name: 'redis',
    env: 'BULWARK_REDIS_SERVER',
    purpose: 'what the Redis stores promise, and what happens while a Redis server is out of reach',
    commands: ['redis-server'],
    apt: 'redis-server',
  },
  {
    name: 'wrk',
    env: 'BULWARK_WRK',
    purpose: 'what the bench measures',
    commands: ['wrk'],
    apt: 'wrk',
  },
  { name: 'node 22', env: 'BULWARK_NODE_22', purpose: 'the oldest supported line of node', node: '22.23.3' },
  { name: 'node 26', env: 'BULWARK_NODE_26', purpose: 'the newest supported line of node', node: '26.10.0' },
];

/** What became of the parts. */
export interface Provided {
  /** The variables for the test process: each part's path. */
  readonly env: Readonly<Record<string, string>>;
  /** The parts that are neither here nor could be installed. */
  readonly missing: readonly Part[];
}

/** Finds the parts, installs those that are missing where that is possible, and says what is still missing. */
export async function provide(parts: readonly Part[], say: (line: string) => void): Promise<Provided> {
  const wanted = parts.filter((part) => find(part) === undefined);
  const packages = wanted.map((part) => part.apt).filter((name) => name !== undefined);
  if (packages.length > 0 && mayUseApt()) await installWithApt(packages, say);
  for (const part of wanted) if (part.node !== undefined) await installNode(part.node, say);

  const found = parts.map((part) => ({ part, path: find(part) }));
  return {
    env: Object.fromEntries(found.flatMap(({ part, path }) => (path === undefined ? [] : [[part.env, path]]))),
    missing: found.filter(({ path }) => path === undefined).map(({ part }) => part),
  };
}

function find(part: Part): string | undefined {
  const given = process.env[part.env];
  if (given !== undefined && given !== '') return given;
  const commands = part.commands ?? [];
  if (part.folder !== undefined) return foldersLike(part.folder).find((folder) => holdsAll(folder, commands));
  const candidates = part.node === undefined ? inPath(commands) : [nodeBinary(part.node)];
  return candidates.find(isExecutable);
}

/** The newest version first. */
function foldersLike(pattern: string): string[] {
  return globSync(pattern).toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

function holdsAll(folder: string, commands: readonly string[]): boolean {
  return commands.every((command) => isExecutable(join(folder, command)));
}

function inPath(commands: readonly string[]): string[] {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return commands.flatMap((command) =>
    folders.filter((folder) => folder !== '').map((folder) => join(folder, command)),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Only where it asks nothing and surprises nobody: as root on Debian. */
function mayUseApt(): boolean {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0 && inPath(['apt-get']).some(isExecutable);
}

async function installWithApt(packages: readonly string[], say: (line: string) => void): Promise<void> {
  const apt = (...args: string[]) => run('apt-get', args, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  const install = () => apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  say(`installing ${packages.join(', ')} with apt-get`);
  const allowServices = forbidServices();
  try {
    if ((await install()).code === 0) return;
    // The lists are absent or older than what the mirror still has.
    await apt('update', '-q');
    const { code, output } = await install();
    if (code !== 0) say(`apt-get could not install ${packages.join(', ')}:\n${output.trimEnd().slice(-2000)}`);
  } finally {
    allowServices();
  }
}

/** Debian asks this program before it starts a service. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * A database server that is installed for the tests must not run as a service from then on: they start their own.
 *
 * @returns lifts it again; a machine that had a rule of its own keeps that
 */
function forbidServices(): () => void {
  if (existsSync(POLICY)) return () => undefined;
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const lift = (): void => rmSync(POLICY, { force: true });
  process.once('exit', lift);
  return () => {
    process.off('exit', lift);
    lift();
  };
}

/** A folder of its own for each version: in the workspace's node_modules/.bin it would shadow the workspace's node. */
function nodeFolder(version: string): string {
  return `${ROOT}node_modules/.cache/bulwark/node-${version}`;
}

function nodePackage(): string {
  return `node-${process.platform}-${process.arch}`;
}

function nodeBinary(version: string): string {
  return join(nodeFolder(version), 'node_modules', nodePackage(), 'bin', 'node');
}

async function installNode(version: string, say: (line: string) => void): Promise<void> {
  const folder = nodeFolder(version);
  say(`installing node ${version} with npm`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const specifier = `${nodePackage()}@${version}`;
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--prefer-offline'];
  const { code, output } = await run('npm', ['install', ...flags, specifier], { cwd: folder });
  if (code !== 0) say(`npm could not install ${specifier}:\n${output.trimEnd().slice(-2000)}`);
}
