import { item, serve } from './serve.ts';

serve((req, res) => {
  const path = req.url?.split('?', 1)[0] ?? '';
  const body = JSON.stringify(item(path.slice(path.lastIndexOf('/') + 1)));
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
});
