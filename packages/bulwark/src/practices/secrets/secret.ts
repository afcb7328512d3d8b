import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '../../errors.ts';

const SHOWN = '[secret]';

/** What `util.inspect` asks an object by. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * A value that is handed on but never shown: it prints as `[secret]` in text, JSON, logs, errors and `util.inspect`, has
 * no property that a copy could carry away, and arrives empty in a worker. Only {@link Secret.reveal} gives it.
 *
 * It has no `Symbol.toPrimitive` on purpose: with one, `Buffer.from(secret)` would be the bytes of the word `[secret]`,
 * and an app would sign with those. As it is, `Buffer.from` and node:crypto refuse it.
 *
 * @see CWE-532, CWE-209; ASVS 5.0 13.3.1, 16.2.5
 * @example
 * const key = Secret.of(await vault.read('signing-key'), { name: 'signing-key' })
 * console.log(`${key}`, { key })     // [secret] { key: [secret] }
 * createHmac('sha256', key.bytes())
 */
export class Secret {
  readonly #value: string;
  readonly #name: string | undefined;

  private constructor(value: string, name: string | undefined) {
    this.#value = value;
    this.#name = name;
    Object.freeze(this);
  }

  /**
   * Wraps a value.
   *
   * @param options.name - what it is called, for messages: never a part of the value
   * @throws ConfigError `ERR_CONFIG_VALUE` for what is no text, or empty: an empty key would sign as well
   * @example Secret.of(process.env.API_KEY ?? '', { name: 'API_KEY' })
   */
  static of(value: string, options: { readonly name?: string } = {}): Secret {
    if (typeof value === 'string' && value !== '') return new Secret(value, options.name);
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: options.name ?? 'Secret.of()',
      message: 'a secret is text, and not empty',
      fix: 'pass the value as a string',
    });
  }

  /** What it is called; undefined where nobody said. */
  get name(): string | undefined {
    return this.#name;
  }

  /**
   * The value itself. What it is given to can show it again.
   *
   * @example session({ secret: config.SESSION_SECRET.reveal() })
   */
  reveal(): string {
    return this.#value;
  }

  /**
   * The value's bytes in UTF-8, a copy.
   *
   * @example createHmac('sha256', secret.bytes())
   */
  bytes(): Buffer {
    return Buffer.from(this.#value, 'utf8');
  }

  /**
   * Compares in a time that says nothing of where two values differ, nor of how long they are (CWE-208). What is neither
   * text nor a secret is not equal.
   *
   * @example if (!config.WEBHOOK_TOKEN.equals(req.get('x-token') ?? '')) return res.sendStatus(401)
   */
  equals(other: Secret | string): boolean {
    const text = typeof other === 'string' ? other : Secret.is(other) ? other.#value : undefined;
    return text !== undefined && timingSafeEqual(digest(this.#value), digest(text));
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  /** Whether a value is a secret, made by this copy of the library. */
  static is(value: unknown): value is Secret {
    return typeof value === 'object' && value !== null && #value in value;
  }
}

Object.defineProperty(Secret.prototype, INSPECT, { value: Secret.prototype.toString });

/** A hash, so that values of any length can be compared in constant time; it is not kept. */
function digest(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest();
}

/**
 * Secrets that take turns: the first one signs, all of them verify. A new one is put in front; the old one is taken
 * away when nothing that it has signed is in use any more.
 *
 * @example session({ secret: config.KEYS.all.map((key) => key.reveal()) })
 */
export interface SecretList {
  /** What signs and encrypts from now on. */
  readonly current: Secret;
  /** What still verifies and decrypts, the current one first. */
  readonly all: readonly Secret[];
}
