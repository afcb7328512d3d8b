/** An app that people log in to with passwords: what `measurements/logins.ts` asks. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { access, secure } from 'bulwark';
import express from 'express';
import { PARAMETERS, PASSWORD } from './password.ts';

const app = express();
const gate = secure(app, {
  origins: 'https://bench.example',
  mode: 'production',
  proxy: { cidrs: ['127.0.0.1'] },
  rateLimit: { limit: 10_000_000, window: '1h' },
  passwords: { parameters: PARAMETERS, maxWait: '60s' },
});
const stored = await gate.passwords.hash(PASSWORD);
app.get('/healthz', access.public('it says nothing but that it is alive'), (_req, res) => {
  res.json({ alive: true });
});
app.post('/login', access.public('who logs in is nobody yet'), async (req, res) => {
  const { password } = req.body as { password: string };
  const { ok } = await gate.passwords.verify(password, stored);
  res.status(ok ? 200 : 401).json({ ok });
});
const server = createServer(gate.handler).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit());
