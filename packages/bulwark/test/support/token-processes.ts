import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of token-process.ts that has said that it is ready. */
export interface TokenProcess {
  /** Asks one thing; the questions of a process are answered in their order. */
  ask(question: string): Promise<string>;
  /** Lets it end by itself. */
  end(): void;
}

/** @param kind - `redis`, `postgres`, `mysql` or `sqlite` */
export async function tokenProcess(kind: string, address: string, ring: string): Promise<TokenProcess> {
  const script = fileURLToPath(new URL('./token-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, kind, address, ring], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the process has ended');
    return value;
  };
  if ((await next()) !== 'ready') throw new Error('the process is not ready');
  return {
    ask(question) {
      child.stdin.write(`${question}\n`);
      return next();
    },
    end() {
      child.stdin.end();
    },
  };
}
