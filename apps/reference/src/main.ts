import { ConfigError, EnvironmentError } from 'bulwark';
import { createApp } from './app.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { describeStart } from './start-message.ts';
import { openStores, type Stores } from './stores.ts';

const VARIABLES: Readonly<Record<string, string>> = {
  'https.cert': 'TLS_CERT',
  'https.key': 'TLS_KEY',
  'listen.http': 'HTTP_PORT',
  'listen.port': 'PORT and HOST',
  'origins[0]': 'ORIGIN',
  proxy: 'PROXY',
  'proxy.hops': 'PROXY',
  'stores.redis': 'REDIS_URL',
  'stores.sqlite': 'DATA_DIR',
};

try {
  await start();
} catch (error) {
  // A setting that is wrong is the reader's to mend: what and how, no stack.
  if (!(error instanceof ConfigError)) throw error;
  console.error(`cannot start: ${describeError(error)}`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const environment = readEnvironment(process.env);
  const stores = await open(environment);
  const { gate } = createApp(environment, stores);
  const { port, host, httpPort: http } = environment;
  const listening = await gate.listen({ port, host, http }).catch(async (error: unknown) => {
    await stores.close();
    throw error;
  });
  console.log(describeStart(environment, stores, listening, await gate.selfTest(), gate.policy.unused));

  let closing = false;
  const stop = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    const closed = gate.close();
    // By now nothing new is accepted, and it may be said.
    console.log('closing: finishing requests in flight');
    await closed;
    await stores.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
}

async function open(environment: Environment): Promise<Stores> {
  try {
    return await openStores(environment);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const mode = environment.production ? 'production' : 'development';
    const fix = 'name a folder that this user may write';
    throw new EnvironmentError([{ variable: 'DATA_DIR', problem: `cannot be used: ${why}`, fix }], mode);
  }
}

/** A refused setting of the policy, under the name of the variable that it came from. */
function describeError(error: ConfigError): string {
  const variable = VARIABLES[error.field];
  return variable === undefined ? error.message : `${variable}: ${error.message}`;
}
