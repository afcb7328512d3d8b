import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { passwords } from './index.ts';

const { check } = passwords({ target: false, words: ['Acme Shop', 'shop.example'] });
const codes = async (password: string, context?: Parameters<typeof check>[1]): Promise<string[]> =>
  (await check(password, context)).map(({ code }) => code);

const ANNA = { words: ['Anna-Marie Smith', 'a.smith@mail.example', null, undefined] };

describe('length', () => {
  it.each([
    ['14 characters', 'xuvqe kzmoi ba', undefined, ['too-short']],
    ['15', 'xuvqe kzmoi bat', undefined, []],
    ['7 beside a second factor', 'xuvqe k', { secondFactor: true }, ['too-short']],
    ['8 beside a second factor', 'xuvqe kz', { secondFactor: true }, []],
    ['14 that say it with emoji', '🦊🍉🚲🌵🎷🧊🪁🦀🌋🥝🪐🎻🧶🐢', undefined, ['too-short']],
    ['15 of them', '🦊🍉🚲🌵🎷🧊🪁🦀🌋🥝🪐🎻🧶🐢🫖', undefined, []],
    // e and an accent are one character, however they are sent.
    ['14 that are sent as 15', 'xuvqe kzmoi be\u0301', undefined, ['too-short']],
    ['nothing', '', undefined, ['too-short']],
  ])('%s', async (_name, password, context, expected) => {
    expect(await codes(password, context)).toEqual(expected);
  });

  it('256 characters are taken, 257 are not, nor is a megabyte', async () => {
    const words = 'the quick brown fox jumps over a lazy dog; '.repeat(6);
    const long = `${`äöüßéñçøåæœþðłž${words}`.slice(0, 240)}and it ends here`;
    expect(Array.from(long)).toHaveLength(256);
    expect(await codes(long)).toEqual([]);
    expect(await codes(`${long}!`)).toEqual(['too-long']);
    expect(await codes('a'.repeat(1_000_000))).toEqual(['too-long']);
  });

  it('halves of characters, and what is no text, are unusable', async () => {
    expect(await codes('correct horse \ud83d battery')).toEqual(['unusable']);
    for (const value of [undefined, null, 7, {}, ['correct horse battery staple'], { length: 20 }]) {
      expect(await codes(value as string)).toEqual(['unusable']);
    }
  });
});

describe('what is taken', () => {
  it.each([
    'correct horse battery staple',
    '  spaces before and behind  ',
    'all small letters here',
    'ALL CAPITALS STANDING',
    '8301 7746 2295 0618',
    'xK9#mQ2$vL7@pR4',
    'liebe katzen und hunde',
    'мой дядя самых честных',
    '我今天早上吃了三个包子喝了一碗豆浆',
    'were the trees green then?',
    'primrose hill at dawn',
    'the annals of smithereens',
    'first defence of nopal cacti',
    'murmur of bees in barbara',
    'Anna likes green tea and rain',
    'shopping lists never end',
  ])('%s', async (password) => {
    expect(await codes(password, ANNA)).toEqual([]);
  });

  it('no class of characters is asked for: letters of one kind are enough, in any alphabet', async () => {
    const letters = 'bcdfghjklmnpqrstvwxz'.split('');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.constantFrom(...letters), { minLength: 16, maxLength: 16 }), async (text) => {
        const found = await codes(text.join(''));
        expect(found.filter((code) => code !== 'common' && code !== 'predictable')).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('what is tried first', () => {
  it.each([
    ['passwordpassword', 'common'],
    ['manchester united', 'common'],
    ['Manchester_United', 'common'],
    ['password1234567', 'common'],
    ['!!2024Password!', 'common'],
    ['p@$$w0rd2024!!!', 'common'],
    ['1qaz2wsx3edc4rfv', 'common'],
    ['aaaaaaaaaaaaaaa', 'common'],
    ['Passw0rd!Passw0rd!', 'repeated'],
    ['hunter2hunter2hunter2', 'repeated'],
    ['xuvqe.xuvqe.xuvqe.xuvqe.', 'repeated'],
    ['xuvqekzxuvqekz99', 'repeated'],
    ['🦊🍉🦊🍉🦊🍉🦊🍉🦊🍉🦊🍉🦊🍉🦊🍉', 'repeated'],
    ['abcdefgh!23456789', 'predictable'],
    ['zyxwvutsrqponmlkj', 'predictable'],
    ['poiuytr098765lkjhg', 'predictable'],
    ['qsdfghjklmwxcvbn', 'predictable'],
    ['abbabaabbaababba', 'predictable'],
    ['annamariesmith!7', 'context'],
    ['SmithSm1thMarie9', 'context'],
    ['acmeshop12345678', 'context'],
    ['anna.smith@mail.example', 'context'],
  ])('%s: %s', async (password, code) => {
    expect(await codes(password, ANNA)).toEqual([code]);
  });

  it('a single word that stands in no list counts too', async () => {
    expect(await codes('annamariesmith!7', { words: 'Anna Marie Smith' as unknown as string[] })).toEqual(['context']);
  });

  it('the name of another is not mine', async () => {
    expect(await codes('annamariesmith!7', { words: ['Jörg Beispiel'] })).toEqual([]);
  });

  it('says why and what to do, and shows nothing of it', async () => {
    for (const password of ['passwordpassword', 'annamariesmith!7', 'short', 'hunter2hunter2hunter2']) {
      for (const { message } of await check(password, ANNA)) {
        expect(message).toMatch(/^[A-Z][^.]+\. ?([A-Z][^.]+\.)?( [A-Z][^.]+\.)?$/);
        expect(message).not.toMatch(/passwordpassword|smith|hunter/i);
      }
    }
  });

  it('takes time in proportion, whatever is sent and however many words are known', async () => {
    const words = Array.from({ length: 5000 }, (_, i) => `word${i}`.repeat(100));
    expect(await codes('ab'.repeat(128), { words })).toEqual(['repeated']);
  });
});

describe('the options', () => {
  it('other lengths', async () => {
    const { check: own } = passwords({ target: false, minLength: 8, maxLength: 64 });
    expect(await own('xuvqe kz')).toEqual([]);
    expect((await own('correct horse battery staple '.repeat(3))).map(({ code }) => code)).toEqual(['too-long']);
  });

  it('insecureAllowCommon takes what everybody tries', async () => {
    const { check: own, report } = passwords({ target: false, insecureAllowCommon: true });
    expect(await own('manchesterunited')).toEqual([]);
    expect(report().refusesCommon).toBe(false);
  });

  it.each([
    ['less than 8 characters', { minLength: 6 }],
    ['less than 8 beside a second factor', { minLengthWithSecondFactor: 4 }],
    ['less than 64 at the most', { maxLength: 20 }],
    ['rules of composition', { uppercase: 1 }],
    ['less memory than the floor', { parameters: { memory: 4096, time: 10 } }],
    ['less work than the floor', { parameters: { memory: 19_456, time: 1 } }],
    ['more work than a stored hash may cost', { parameters: { memory: 262_144, time: 5 } }],
    ['more memory than a stored hash may cost', { parameters: { memory: 262_145, time: 1 } }],
    ['a time that is none', { target: 'fast' }],
    ['a wait that is none', { maxWait: 0 }],
    ['a source that is none', { breached: 'https://example.com' }],
  ])('refuses %s', (_name, options) => {
    expect(() => passwords(options as object)).toThrow(ConfigError);
  });
});
