import { type Browser, chromium } from 'playwright-core';

/** The browser's binary, handed over by scripts/test.ts; its own notice says if it is missing. */
export const CHROMIUM: string | undefined = process.env.BULWARK_CHROMIUM;

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nothing but this machine is asked, by name or otherwise.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
  // Reports are gathered for a minute; these go out as they come.
  '--short-reporting-delay',
];

/** How the browser is to be started. */
export interface Start {
  /** The user's home, whose `.pki/nssdb` says which further CAs are trusted. Default: this process's. */
  readonly home?: string;
  /** Takes any certificate, in reports that it sends by itself too. Default false. */
  readonly anyCertificate?: boolean;
}

/** Starts the real browser, without a window. */
export function launchChromium({ home, anyCertificate = false }: Start = {}): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('BULWARK_CHROMIUM is not set');
  const args = anyCertificate ? [...ARGS, '--ignore-certificate-errors'] : ARGS;
  const env = home === undefined ? {} : { env: { ...(process.env as Record<string, string>), HOME: home } };
  return chromium.launch({ executablePath: CHROMIUM, args, ...env });
}
