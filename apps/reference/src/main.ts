import { ConfigError } from 'bulwark';
import { createApp } from './app.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { Notes } from './notes.ts';
import { describeStart } from './start-message.ts';

const VARIABLES: Readonly<Record<string, string>> = {
  'https.cert': 'TLS_CERT',
  'https.key': 'TLS_KEY',
  'listen.http': 'HTTP_PORT',
  'listen.port': 'PORT and HOST',
  'origins[0]': 'ORIGIN',
  proxy: 'PROXY',
  'proxy.hops': 'PROXY',
};

try {
  await start();
} catch (error) {
  // A setting that is wrong is the reader's to mend: one clear line, no stack.
  if (!(error instanceof ConfigError || error instanceof EnvironmentError)) throw error;
  console.error(`cannot start: ${describeError(error)}`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const environment = readEnvironment(process.env);
  const notes = openNotes(environment.dataDir);
  const { gate } = createApp(environment, notes);
  const { port, host, httpPort: http } = environment;
  const listening = await gate.listen({ port, host, http });
  console.log(describeStart(environment, listening, await gate.selfTest()));

  let closing = false;
  const stop = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    console.log('closing: finishing requests in flight');
    await gate.close();
    notes.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
}

function openNotes(dataDir: string): Notes {
  try {
    return new Notes(dataDir);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`DATA_DIR=${dataDir}: ${why}. Fix: name a folder that this user may write`);
  }
}

/** A refused setting of the policy, under the name of the variable that it came from. */
function describeError(error: ConfigError | EnvironmentError): string {
  const variable = error instanceof ConfigError ? VARIABLES[error.field] : undefined;
  return variable === undefined ? error.message : `${variable}: ${error.message}`;
}
