/** The reference server as a process of its own that can say how it is: what `measured-child.ts` starts. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { access } from 'bulwark';
import { createApp } from '../../src/app.ts';
import { readEnvironment } from '../../src/environment.ts';
import { openStores } from '../../src/stores.ts';
import type { Report } from './measured-child.ts';

const delay = monitorEventLoopDelay({ resolution: 5 });
const environment = readEnvironment(process.env);
const stores = await openStores(environment);
const { app, gate } = createApp(environment, stores);
// What fails inside: its message is what an app would never want to see outside.
app.get('/inject', access.public('fails on purpose'), () => {
  throw new Error(process.env.INJECTED ?? 'injected');
});
app.get('/inject/late', access.public('fails on purpose'), async () => {
  await Promise.resolve();
  throw Object.assign(new Error('late'), { body: process.env.INJECTED });
});

const { url } = await gate.listen({ port: environment.port, host: '127.0.0.1' });
delay.enable();
process.on('message', (message) => {
  if (message === 'report') {
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const report: Report = { rss, heapUsed, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 };
    delay.reset();
    process.send?.(report);
  }
  if (message === 'close') {
    void gate
      .close()
      .then(() => stores.close())
      .then(() => process.disconnect());
  }
});
process.send?.({ url });
