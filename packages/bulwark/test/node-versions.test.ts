import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Consumer,
  EXPRESS_PACKAGES,
  installConsumer,
  LOAD_CJS,
  LOAD_ESM,
  readSmoke,
  smokeProgram,
} from './support/consumer.ts';

/** The binaries of other lines of node, handed over by scripts/test.ts; its own notice says if one is missing. */
const NODES = [
  ['22', process.env.BULWARK_NODE_22],
  ['24', process.execPath],
  ['26', process.env.BULWARK_NODE_26],
] as const;

describe('the packed package', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await installConsumer({ express: EXPRESS_PACKAGES['5'].express });
    await consumer.write('smoke.mjs', smokeProgram(LOAD_ESM));
    await consumer.write('smoke.cjs', smokeProgram(LOAD_CJS));
  }, 120_000);
  afterAll(() => consumer?.remove());

  describe.each(NODES)('on node %s', (line, binary) => {
    it.skipIf(binary === undefined).each(['smoke.mjs', 'smoke.cjs'])('answers a request from %s', async (program) => {
      const smoke = readSmoke(await consumer.run(binary ?? '', [program]));
      expect(smoke.node.split('.')[0]).toBe(line);
      expect(smoke.headers).toHaveProperty('content-security-policy');
    });
  });
});
