import { type Received, type Sent, send } from './http.ts';

/** A browser, as far as its cookies go: it keeps what it is given and sends it along. */
export class Jar {
  readonly #url: string;
  readonly #headers: Sent['headers'];
  readonly cookies = new Map<string, string>();

  /** @param headers - what it sends with each request */
  constructor(url: string, headers: Sent['headers'] = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** The same cookies in another hand: of a thief, or of a request that is still under way. */
  copy(): Jar {
    const copy = new Jar(this.#url, this.#headers);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async get(target: string): Promise<Received> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.#headers, ...(cookie === '' ? {} : { cookie }) };
    const answer = await send(this.#url, { target, headers });
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
    return answer;
  }

  async json<T = Record<string, unknown>>(target: string): Promise<T> {
    return (await this.get(target)).json<T>();
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';', 1);
    const name = pair.slice(0, pair.indexOf('='));
    if (/;\s*max-age=0(?:;|$)/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}
