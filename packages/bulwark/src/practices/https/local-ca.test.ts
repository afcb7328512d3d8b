import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, send } from '../../../test/support/http.ts';
import { temporaryDirectory, testAuthority } from './fixtures/certificates.ts';
import { defaultDirectory, localCertificate } from './local-ca.ts';
import { isLocalName, isLoopback } from './local-names.ts';
import { trustHelp } from './trust-help.ts';

const run = promisify(execFile);
const posix = process.platform !== 'win32';

let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const temporary = await temporaryDirectory();
  directory = join(temporary.path, 'data', 'bulwark');
  remove = temporary.remove;
});
afterEach(() => remove());

describe('the local CA', () => {
  it('makes a certificate that node verifies for each of its names', async () => {
    const { files, ca } = await localCertificate({ names: ['shop.test', '192.168.7.7', 'app.localhost'], directory });
    const pem = await readFile(files.cert);
    const server = createServer({ cert: pem, key: pem }, (_req, res) => res.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const authority = await readFile(ca, 'utf8');
    try {
      for (const servername of ['localhost', 'shop.test', 'app.localhost']) {
        expect((await send(url, { ca: authority, servername })).status).toBe(200);
      }
      expect((await send(url, { ca: authority })).status).toBe(200);
      await expect(send(url, { ca: authority, servername: 'shop.example' })).rejects.toThrow(/altnames/);
      await expect(send(url, { servername: 'localhost' })).rejects.toThrow(/certificate/);
    } finally {
      await closeServer(server);
    }
  });

  it('has what browsers ask of a certificate', async () => {
    const { files, ca } = await localCertificate({ names: [], directory });
    const leaf = new X509Certificate(await readFile(files.cert));
    const authority = new X509Certificate(await readFile(ca));
    expect(authority.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.subjectAltName).toContain('DNS:localhost');
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(397 * 86_400_000);
  });

  it('leaves public names out, because its CA may not sign them', async () => {
    const { files } = await localCertificate({ names: ['shop.example', 'shop.test'], directory });
    const { subjectAltName } = new X509Certificate(await readFile(files.cert));
    expect(subjectAltName).toContain('DNS:shop.test');
    expect(subjectAltName).not.toContain('shop.example');
  });

  it('passes strict verification by openssl, where there is one; a public name signed with its key does not', async () => {
    const { files, ca } = await localCertificate({ names: ['shop.test'], directory });
    const version = await run('openssl', ['version']).catch(() => undefined);
    if (version === undefined) return expect(files.cert).toContain(directory);
    const { stdout } = await run('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      ca,
      files.cert,
    ]);
    expect(stdout).toContain('OK');

    const other = await testAuthority();
    const stolen = await other.issue(['shop.example']);
    await writeFile(join(directory, 'stolen.crt'), stolen.cert);
    await writeFile(join(directory, 'other.crt'), other.ca);
    await expect(
      run('openssl', ['verify', '-CAfile', join(directory, 'other.crt'), join(directory, 'stolen.crt')]),
    ).rejects.toThrow(/permitted subtree violation/);
  });

  it.runIf(posix)('keeps its files to its user', async () => {
    await localCertificate({ names: [], directory });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  it.runIf(posix)('refuses a key that others may read, and names the command', async () => {
    await localCertificate({ names: [], directory });
    const key = join(directory, 'ca-key.pem');
    await chmod(key, 0o644);
    await expect(localCertificate({ names: [], directory })).rejects.toThrow(`chmod 600 ${key}`);
    await chmod(key, 0o600);
    await expect(localCertificate({ names: [], directory })).resolves.toMatchObject({ created: false });
  });

  it.runIf(posix)('refuses a directory that others may write', async () => {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    await expect(localCertificate({ names: [], directory })).rejects.toThrow(`chmod 700 ${directory}`);
  });

  it('keeps the certificate at the second start, and makes another for other names', async () => {
    const first = await localCertificate({ names: ['a.test'], directory });
    const before = await readFile(first.files.cert, 'utf8');
    const second = await localCertificate({ names: ['a.test'], directory });
    expect([first.created, second.created]).toEqual([true, false]);
    expect(await readFile(second.files.cert, 'utf8')).toBe(before);
    const third = await localCertificate({ names: ['b.test'], directory });
    expect(third.files.cert).not.toBe(first.files.cert);
    expect(third.ca).toBe(first.ca);
  });

  it('makes the certificate anew when it is damaged or of another CA', async () => {
    const { files, ca } = await localCertificate({ names: [], directory });
    const foreign = await (await testAuthority()).issue(['localhost', '127.0.0.1', '::1']);
    for (const text of ['half', foreign.cert + foreign.key]) {
      await writeFile(files.cert, text);
      await localCertificate({ names: [], directory });
      const leaf = new X509Certificate(await readFile(files.cert));
      expect(leaf.verify(new X509Certificate(await readFile(ca)).publicKey)).toBe(true);
    }
  });

  it('says what to do when the CA itself is damaged', async () => {
    await localCertificate({ names: [], directory });
    await writeFile(join(directory, 'ca-key.pem'), 'gone', { mode: 0o600 });
    await expect(localCertificate({ names: [], directory })).rejects.toThrow(/remove .*ca-key\.pem/);
  });

  it('is one CA, however many start at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => localCertificate({ names: ['a.test'], directory })));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    const authority = new X509Certificate(await readFile(join(directory, 'ca.crt')));
    const leaf = new X509Certificate(await readFile(all[0]?.files.cert ?? ''));
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is one CA, however many processes start at once', async () => {
    const program = `const { localCertificate } = await import(${JSON.stringify(new URL('local-ca.ts', import.meta.url).href)});
      console.log((await localCertificate({ names: ['a.test'], directory: process.argv[1] })).created)`;
    const runs = Array.from({ length: 3 }, () =>
      run(process.execPath, ['--input-type=module', '-e', program, directory]),
    );
    const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    expect(outputs.toSorted()).toEqual(['false', 'false', 'true']);
  });
});

describe('defaultDirectory', () => {
  it.each([
    ['linux', { XDG_DATA_HOME: '/data' }, /^\/data\/bulwark$/],
    ['linux', { XDG_DATA_HOME: 'relative' }, /\.local\/share\/bulwark$/],
    ['darwin', {}, /Application Support\/bulwark$/],
    ['win32', { LOCALAPPDATA: 'C:/data' }, /^C:\/data\/bulwark$/],
  ] as const)('on %s with %j', (platform, env, expected) => {
    expect(defaultDirectory(platform, env)).toMatch(expected);
  });
});

describe('local names', () => {
  it.each(['localhost', 'a.localhost', 'shop.test', 'pi.local', '127.0.0.9', '10.1.2.3', '::1', 'fd00::1'])(
    '%s is one',
    (name) => {
      expect(isLocalName(name)).toBe(true);
    },
  );
  it.each(['shop.example', 'localhost.example', 'xlocalhost', 'mytest', '8.8.8.8', '172.32.0.1', '2001:db8::1'])(
    '%s is none',
    (name) => {
      expect(isLocalName(name)).toBe(false);
    },
  );
  it.each([
    ['localhost', true],
    ['a.localhost', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['localhost.example', false],
  ])('isLoopback(%s) is %s', (name, expected) => {
    expect(isLoopback(name)).toBe(expected);
  });
});

describe('trustHelp', () => {
  it.each([
    ['linux', 'update-ca-certificates'],
    ['darwin', 'add-trusted-cert'],
    ['win32', 'addstore'],
  ] as const)('tells the command of %s, and quotes the path', (platform, command) => {
    const help = trustHelp("/home/o'neil/my data/ca.crt", platform);
    expect(help).toContain(command);
    expect(help).toContain(
      platform === 'win32' ? `"/home/o'neil/my data/ca.crt"` : `'/home/o'\\''neil/my data/ca.crt'`,
    );
    expect(help).toContain('Firefox');
  });
});
