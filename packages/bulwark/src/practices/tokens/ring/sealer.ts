import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Secret, SecretList } from '../../secrets/secret.ts';

/** Encrypts what lies in a store. */
export interface Sealer {
  seal(text: string): string;
  /** The text, and whether the newest key sealed it; undefined for what was altered, or sealed with another key or elsewhere. */
  open(sealed: string): { readonly text: string; readonly isNewest: boolean } | undefined;
}

const INFO = 'bulwark/tokens/key-ring/v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a key that HKDF derives from a secret, so that the secret may serve for other things too. The place is
 * authenticated with it: what was sealed for one ring cannot be put in the place of another. ASVS 11.3.2, 13.3.1, CWE-312.
 *
 * @param secrets - the first seals, all of them open
 * @example createSealer(config.TOKEN_KEY, 'token-keys:default').seal('{}')
 */
export function createSealer(secrets: Secret | SecretList, place: string): Sealer {
  const all = 'all' in secrets ? secrets.all : [secrets];
  const keys = all.map((secret) => Buffer.from(hkdfSync('sha256', secret.bytes(), Buffer.alloc(0), INFO, 32)));
  const [newest] = keys;
  if (newest === undefined) throw new TypeError('a list of secrets has one at least');
  const aad = Buffer.from(`${INFO}\0${place}`, 'utf8');

  return {
    seal(text) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest, iv, { authTagLength: TAG_BYTES }).setAAD(aad);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')}`;
    },
    open(sealed) {
      if (!sealed.startsWith('v1.')) return undefined;
      const bytes = Buffer.from(sealed.slice(3), 'base64url');
      if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
      for (const key of keys) {
        const text = decrypt(bytes, key, aad);
        if (text !== undefined) return { text, isNewest: key === newest };
      }
      return undefined;
    },
  };
}

function decrypt(bytes: Buffer, key: Buffer, aad: Buffer): string | undefined {
  const iv = bytes.subarray(0, IV_BYTES);
  const body = bytes.subarray(IV_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(aad);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
