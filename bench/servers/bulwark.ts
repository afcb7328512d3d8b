import { secure } from 'bulwark';
import express from 'express';
import { addRoutes, LIMIT, serve } from './serve.ts';

const app = express();
// The proxy ends TLS, so every practice is on and yet no TLS is measured.
const gate = secure(app, {
  origins: 'https://bench.example',
  mode: 'production',
  proxy: { cidrs: ['127.0.0.1'] },
  rateLimit: { limit: LIMIT, window: '1h' },
});
addRoutes(app);
serve(gate.handler);
