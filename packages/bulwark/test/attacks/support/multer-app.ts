import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** An app with multer 1.x that sends itself one upload; a process of its own, since it is about to end. */
const PROGRAM = `
const [, express, multer, body] = process.argv;
const app = require(express)();
app.post('/', require(multer)().single('file'), (req, res) => res.end());
const server = app.listen(0, '127.0.0.1', async () => {
  await fetch('http://127.0.0.1:' + server.address().port, {
    method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body,
  }).catch(() => undefined);
  setTimeout(() => process.exit(0), 1000);
});`;

/** How a process with multer 1.x ends that gets an upload: 0 where it has outlived it by a second. */
export async function exitOf(version: string, body: string): Promise<{ code: number | null; says: string }> {
  const load = createRequire(import.meta.url);
  const modules = [load.resolve(version === '5' ? 'express' : 'express4'), load.resolve('multer1')];
  const child = spawn(process.execPath, ['-e', PROGRAM, ...modules, body], { stdio: ['ignore', 'ignore', 'pipe'] });
  let says = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    says += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, says };
}
