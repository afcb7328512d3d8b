import { ConfigError } from 'bulwark';
import { createApp } from './app.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { Notes } from './notes.ts';
import { describeStart } from './start-message.ts';

try {
  await start();
} catch (error) {
  // A setting that is wrong is the reader's to mend: one clear line, no stack.
  if (!(error instanceof ConfigError || error instanceof EnvironmentError)) throw error;
  console.error(`cannot start: ${error.message}`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const environment = readEnvironment(process.env);
  const notes = new Notes(environment.dataDir);
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
