import { Agent, request } from 'node:https';
import type { FuzzedRequest } from './requests.ts';

/** What came back; a status of 0 is a connection that was closed without an answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

const NO_ANSWER_AFTER = 15_000;

/** Clients at many addresses of loopback, each with connections that it keeps. */
export class Clients {
  readonly #agents = new Map<number, Agent>();
  readonly #port: number;
  readonly #ca: string;

  constructor(port: number, ca: string) {
    this.#port = port;
    this.#ca = ca;
  }

  /** Sends one request; a hang is an error. */
  send({ client, method, target, headers, body, chunked }: FuzzedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined || chunked ? {} : { 'content-length': String(body.length) };
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          servername: 'localhost',
          method,
          path: target,
          headers: { host: `localhost:${this.#port}`, ...headers, ...length },
          agent: this.#agent(client),
          timeout: NO_ANSWER_AFTER,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          // A server that refuses a body may close before it has taken the whole of it.
          response.on('error', () => resolve({ status: response.statusCode ?? 0, text: '' }));
          response.on('end', () => {
            const text = [...response.rawHeaders, Buffer.concat(chunks).toString('latin1')].join('\n');
            resolve({ status: response.statusCode ?? 0, text });
          });
        },
      );
      outgoing.on('timeout', () => {
        reject(new Error(`no answer after ${NO_ANSWER_AFTER} ms`));
        outgoing.destroy();
      });
      outgoing.on('error', () => resolve({ status: 0, text: '' }));
      outgoing.end(body);
    });
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agent(client: number): Agent {
    let agent = this.#agents.get(client);
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, maxSockets: 4, ca: this.#ca, localAddress: `127.0.0.${client}` });
      this.#agents.set(client, agent);
    }
    return agent;
  }
}
