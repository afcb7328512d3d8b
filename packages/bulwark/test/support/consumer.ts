import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Manifest, PACKAGE, ROOT, readJson } from './repository.ts';

const execute = promisify(execFile);

/** A project of someone who installed the packed package. */
export interface Consumer {
  readonly folder: string;
  write(file: string, text: string): Promise<void>;
  /** Runs a program in the project and returns what it wrote; rejects, with its output, if it fails. */
  run(command: string, args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

const workspace = readJson<Manifest>(`${ROOT}package.json`).devDependencies ?? {};

/** The versions of Express that consumers have, with their types: those that the workspace is tested with. */
export const EXPRESS_PACKAGES = {
  '4': { express: exact('express4'), '@types/express': exact('@types/express4') },
  '5': { express: exact('express'), '@types/express': exact('@types/express') },
} as const;

/**
 * Packs the built package as it would be published, and installs it and its dependencies into a project outside of the
 * workspace, where nothing of the workspace can be found by chance.
 */
export async function installConsumer(dependencies: Readonly<Record<string, string>>): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'bulwark-consumer-'));
  const run = async (command: string, args: readonly string[], cwd = folder): Promise<string> => {
    try {
      const { stdout, stderr } = await execute(command, args, { cwd, env: environment() });
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  };
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], PACKAGE);
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  const manifest = { private: true, dependencies: { ...dependencies, bulwark: `file:${tarball}` } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--silent']);
  return {
    folder,
    run,
    write: async (file, text) => {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The environment without what npm and vitest put into it: a consumer starts with neither. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(?:npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|BULWARK_)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** The exact version behind a name of the workspace's dependencies, aliases included. */
export function exact(name: string): string {
  const version = workspace[name]?.replace(/^npm:.+@/, '');
  if (version === undefined) throw new Error(`the workspace does not depend on ${name}`);
  return version;
}

/**
 * A program that secures an app, serves it on loopback, sends one request as a browser would address it, and writes what
 * came back as JSON.
 *
 * @param load - the statements that bring `express`, `secure` and `rateLimit` in
 */
export function smokeProgram(load: string): string {
  return `${load}
const app = express();
const gate = secure(app, { origins: ['https://shop.example'], mode: 'test', logging: false });
app.get('/', (req, res) => { res.send('hello'); });
const server = http.createServer(gate.handler);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const request = http.request({ host: '127.0.0.1', port, headers: { host: 'shop.example' }, agent: false }, (response) => {
    response.resume().on('end', () => {
      console.log(JSON.stringify({
        node: process.versions.node,
        status: response.statusCode,
        headers: response.headers,
        routes: gate.coverage() !== undefined,
        subpath: typeof rateLimit({}),
      }));
      server.close();
      Promise.resolve(gate.close()).catch((error) => { console.error(error); process.exitCode = 1; });
    });
  });
  request.end();
});
`;
}

/** What a {@link smokeProgram} writes. */
export interface Smoke {
  readonly node: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly routes: boolean;
  readonly subpath: string;
}

/** Reads what a {@link smokeProgram} wrote; anything beside it, such as a warning of node's, is an error. */
export function readSmoke(output: string): Smoke {
  try {
    return JSON.parse(output) as Smoke;
  } catch (error) {
    throw new Error(`expected one line of JSON, got:\n${output}`, { cause: error });
  }
}

/** How ES modules load the package. */
export const LOAD_ESM = `import http from 'node:http';
import express from 'express';
import { secure } from 'bulwark';
import { rateLimit } from 'bulwark/rate-limit';`;

/** How CommonJS modules load it. */
export const LOAD_CJS = `const http = require('node:http');
const express = require('express');
const { secure } = require('bulwark');
const { rateLimit } = require('bulwark/rate-limit');`;
