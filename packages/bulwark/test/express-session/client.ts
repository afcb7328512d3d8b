import { type Received, type Sent, send } from '../support/http.ts';

/** What came back, with its cookies apart. */
export interface Answer extends Received {
  /** The Set-Cookie lines, as sent. */
  readonly cookies: readonly string[];
}

/** A browser as far as cookies go: it keeps what is set, sends it back, and forgets what is cleared. */
export class Client {
  readonly jar = new Map<string, string>();
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Another one with the same cookies: a copy of them, as a thief has it. */
  copy(): Client {
    const copy = new Client(this.#url, this.#headers);
    for (const [name, value] of this.jar) copy.jar.set(name, value);
    return copy;
  }

  async get(path: string, sent: Sent = {}): Promise<Answer> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.#headers, ...(cookie === '' ? {} : { cookie }), ...sent.headers };
    const received = await send(this.#url + path, { ...sent, headers });
    const cookies = received.headers['set-cookie'] ?? [];
    for (const line of cookies) this.#keep(line);
    return { ...received, cookies };
  }

  post(path: string, body: Readonly<Record<string, string>>): Promise<Answer> {
    return this.get(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(body).toString(),
    });
  }

  async json<T = unknown>(path: string): Promise<T> {
    return (await this.get(path)).json<T>();
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    const expires = attributes.map((text) => /^\s*expires=(.*)$/i.exec(text)?.[1]).find((date) => date !== undefined);
    const cleared = attributes.some((text) => /^\s*max-age=0$/i.test(text)) || Date.parse(expires ?? '') < Date.now();
    if (cleared) this.jar.delete(name);
    else this.jar.set(name, pair.slice(pair.indexOf('=') + 1));
  }
}

/** The attributes of the cookies of a response, in lower case, sorted; values of cookies and dates are left out. */
export function attributesOf(cookies: readonly string[]): string[] {
  return cookies.flatMap((line) =>
    line
      .split(';')
      .slice(1)
      .map((text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/^(expires|max-age)=.*/, '$1'),
      ),
  );
}
