import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CertificateFiles, judgeDates, loadPair, type Pair, warnAbout } from './certificate.ts';
import { type CertificateWatch, type WatchOptions, watchCertificate } from './certificate-watch.ts';
import { recorder, type TestAuthority, temporaryDirectory, testAuthority, writePair } from './fixtures/certificates.ts';

let directory: string;
let remove: () => Promise<void>;
let authority: TestAuthority;
beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  authority = await testAuthority();
});
afterEach(() => remove());

describe('loadPair', () => {
  it('reads a chain whose first certificate is the key’s', async () => {
    const issued = await authority.issue(['localhost']);
    const files = await writePair(directory, { ...issued, cert: issued.cert + authority.ca });
    expect((await loadPair(files)).leaf.subjectAltName).toBe('DNS:localhost');
  });

  it('refuses a chain in the wrong order, and says what the order is', async () => {
    const issued = await authority.issue(['localhost']);
    const files = await writePair(directory, { ...issued, cert: authority.ca + issued.cert });
    await expect(loadPair(files)).rejects.toThrow(/comes first.*ERR_CONFIG_CERTIFICATE/);
  });

  it('refuses a key that is not the certificate’s', async () => {
    const { cert } = await authority.issue(['localhost']);
    const { key } = await authority.issue(['localhost']);
    await expect(loadPair(await writePair(directory, { cert, key }))).rejects.toThrow(/is not the key/);
  });

  it('refuses an encrypted key, a missing file, and what is no PEM', async () => {
    const { cert } = await authority.issue(['localhost']);
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    const files = await writePair(directory, { cert, key: key.toString() });
    await expect(loadPair(files)).rejects.toThrow(/is encrypted/);
    await expect(loadPair({ ...files, key: join(directory, 'none') })).rejects.toThrow(
      /https\.key: .*none cannot be read: ENOENT/,
    );
    await writeFile(files.cert, 'hello');
    await expect(loadPair(files)).rejects.toThrow(/holds no PEM certificate/);
    await writeFile(files.cert, `${cert.slice(0, 200)}`);
    await expect(loadPair(files)).rejects.toThrow(/no readable certificate/);
  });
});

describe('dates and names', () => {
  const DAY = 86_400_000;

  it.each([
    [0, 'good'],
    [75, 'good'],
    [77, 'ends soon'],
    [91, 'expired'],
    [-1, 'not yet valid'],
  ])('a certificate of 90 days is on day %i: %s', async (day, expected) => {
    const pair = await loadPair(await writePair(directory, await authority.issue(['localhost'])));
    expect(judgeDates(pair.leaf, Date.now() + day * DAY)).toBe(expected);
  });

  it('does not call a short-lived certificate late on its first day', async () => {
    const pair = await loadPair(
      await writePair(directory, await authority.issue(['localhost'], new Date(Date.now() + 6 * 86_400_000))),
    );
    expect(judgeDates(pair.leaf, Date.now())).toBe('good');
    expect(judgeDates(pair.leaf, Date.now() + 5 * 86_400_000)).toBe('ends soon');
  });

  it('warns of origins that the certificate does not name', async () => {
    const services = recorder();
    const { leaf } = await loadPair(await writePair(directory, await authority.issue(['shop.test', '127.0.0.1'])));
    warnAbout(leaf, ['https://shop.test:8443', 'https://127.0.0.1', 'http://plain.test'], services);
    expect(services.events).toEqual([]);
    warnAbout(leaf, ['https://shop.test', 'https://admin.shop.test'], services);
    expect(services.events).toMatchObject([
      { event: 'sys_certificate_warning', details: { origins: ['https://admin.shop.test'] } },
    ]);
  });
});

describe('watchCertificate', () => {
  let services: ReturnType<typeof recorder>;
  let swapped: Pair[];
  let watching: CertificateWatch | undefined;
  beforeEach(() => {
    services = recorder();
    swapped = [];
    watching = undefined;
  });
  afterEach(() => watching?.close());

  async function start(files: CertificateFiles, times: Partial<WatchOptions> = {}): Promise<void> {
    const current = await loadPair(files);
    const swap = (pair: Pair): void => void swapped.push(pair);
    watching = watchCertificate({ files, current, origins: [], services, swap, settle: 20, confirm: 50, ...times });
  }
  const events = (): string[] => services.events.map(({ event }) => event);

  it('sees files that are renamed into place', async () => {
    const files = await writePair(directory, await authority.issue(['localhost']));
    await start(files);
    const renewed = await authority.issue(['localhost']);
    await writePair(directory, renewed);
    await vi.waitFor(() => expect(swapped.at(-1)?.cert).toBe(renewed.cert), 5000);
    expect(events()).toEqual(['sys_certificate_changed']);
  });

  it('sees the swap of a link to a directory, as Kubernetes mounts secrets', async () => {
    for (const version of ['v1', 'v2']) {
      await mkdir(join(directory, version));
      await writePair(join(directory, version), await authority.issue([`${version}.test`]));
    }
    await symlink('v1', join(directory, '..data'));
    for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(directory, name));
    await start({ cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') });
    await symlink('v2', join(directory, '..data_new'));
    await rename(join(directory, '..data_new'), join(directory, '..data'));
    await vi.waitFor(() => expect(swapped.at(-1)?.leaf.subjectAltName).toBe('DNS:v2.test'), 5000);
  });

  it('sees links that are replaced one after the other, as certbot does, without using the half-way state', async () => {
    await mkdir(join(directory, 'archive'));
    const link = async (name: string, version: number): Promise<void> => {
      await unlink(join(directory, name)).catch(() => undefined);
      await symlink(join('archive', `${version}-${name}`), join(directory, name));
    };
    for (const version of [1, 2]) {
      const issued = await authority.issue([`v${version}.test`]);
      await writeFile(join(directory, 'archive', `${version}-tls.crt`), issued.cert);
      await writeFile(join(directory, 'archive', `${version}-tls.key`), issued.key);
      if (version === 1) for (const name of ['tls.crt', 'tls.key']) await link(name, 1);
    }
    await start({ cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') }, { confirm: 60_000 });
    await link('tls.crt', 2);
    await watching?.look();
    expect(swapped).toEqual([]);
    await link('tls.key', 2);
    await vi.waitFor(() => expect(swapped.map(({ leaf }) => leaf.subjectAltName)).toEqual(['DNS:v2.test']), 5000);
    expect(events()).toEqual(['sys_certificate_changed']);
  });

  it('keeps the old pair when the new one is half written, and says so once', async () => {
    const files = await writePair(directory, await authority.issue(['localhost']));
    await start(files);
    const renewed = await authority.issue(['localhost']);
    await writeFile(files.cert, renewed.cert.slice(0, 300));
    await vi.waitFor(() => expect(events()).toEqual(['sys_certificate_refused']), 5000);
    await watching?.look();
    await watching?.look();
    expect(events()).toEqual(['sys_certificate_refused']);
    expect(swapped).toEqual([]);
    await writePair(directory, renewed);
    await vi.waitFor(() => expect(swapped.at(-1)?.cert).toBe(renewed.cert), 5000);
  });

  it('refuses a new pair that has expired, and one that TLS does not take', async () => {
    const files = await writePair(directory, await authority.issue(['localhost']));
    await start(files);
    await writePair(directory, await authority.issue(['localhost'], new Date(Date.now() - 60_000)));
    await vi.waitFor(
      () => expect(services.events.at(-1)?.details).toMatchObject({ reason: expect.stringContaining('expired') }),
      5000,
    );
    expect(swapped).toEqual([]);
  });

  it('looks from time to time where the file system tells nothing, also after the directory was replaced', async () => {
    const live = join(directory, 'live');
    await mkdir(live);
    const files = await writePair(live, await authority.issue(['a.test']));
    await start(files, { poll: 50 });
    await rm(live, { recursive: true });
    await mkdir(live);
    await writePair(live, await authority.issue(['b.test']));
    await vi.waitFor(() => expect(swapped.at(-1)?.leaf.subjectAltName).toBe('DNS:b.test'), 5000);
  });

  it('swaps nothing once it is closed', async () => {
    const files = await writePair(directory, await authority.issue(['localhost']));
    await start(files);
    await writePair(directory, await authority.issue(['localhost']));
    watching?.close();
    await watching?.look();
    expect(swapped).toEqual([]);
  });
});
