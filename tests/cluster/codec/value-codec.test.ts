import { Blob } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CancellationToken, Mutex } from 'thread-system';
import { decodeValue, encodeValue } from '../../../build/cluster/codec/value-codec.js';
import { sameDates } from '../../support/same-dates.ts';

expect.addEqualityTesters([sameDates]);

const there = (value: unknown): unknown => JSON.parse(JSON.stringify(encodeValue(value, 'args').encoded));
const thereAndBack = (value: unknown): unknown => decodeValue(there(value), 'args');

describe('a value on its way over Redis', () => {
  test('is readable JSON if JSON is lossless', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(thereAndBack(value)).toStrictEqual(structuredClone(value));
      }),
    );
    expect(there([{ a: [1, 'two', null, true] }])).toEqual({ j: [{ a: [1, 'two', null, true] }] });
  });

  test('arrives as a structured clone, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
        }),
        (value) => {
          expect(thereAndBack(value)).toEqual(structuredClone(value));
        },
      ),
    );
    const shared = { n: 1 };
    const [a, b] = thereAndBack([shared, shared]) as [object, object];
    expect(a).toBe(b);
    for (const value of [
      undefined,
      [undefined],
      [-0],
      [Number.NaN],
      new Array(2),
      JSON.parse('{"__proto__":{"polluted":1}}'),
    ])
      expect(thereAndBack(value)).toStrictEqual(structuredClone(value));
  });

  test('keeps which views share memory, and takes of a Buffer its own bytes alone', () => {
    const memory = new ArrayBuffer(16);
    const [whole, part] = thereAndBack([new Uint8Array(memory), new Float64Array(memory, 8)]) as [
      Uint8Array,
      Float64Array,
    ];
    expect(part.buffer).toBe(whole.buffer);
    const pooled = Buffer.from('abc');
    expect(pooled.buffer.byteLength).toBeGreaterThan(3);
    const { encoded, bytes } = encodeValue([pooled], 'args');
    expect(bytes).toBeLessThan(200);
    expect(String((decodeValue(encoded, 'args') as [Buffer])[0])).toBe('abc');
  });

  test.each([
    ['a function', { on: () => 1 }, 'args.on'],
    ['a token', [{ token: new CancellationToken() }], 'args[0].token'],
    ['a lock', [new Mutex()], 'args[0]'],
    ['shared memory', [new Int32Array(new SharedArrayBuffer(4))], 'args[0]'],
    ['an object of the platform', [{ blob: new Blob(['x']) }], 'args[0].blob'],
    ['a port', [new MessageChannel().port1], 'args[0]'],
    ['a stream', [new ReadableStream()], 'args[0]'],
    ['a signal', [{ signal: new AbortController().signal }], 'args[0].signal'],
    ['a URL', [new URL('http://here')], 'args[0]'],
  ])('is refused if it has %s, by its path', (_what, value, path) => {
    expect(() => encodeValue(value, 'args')).toThrow(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path }));
  });

  test('is refused if it is too large', () => {
    expect(() => encodeValue(['x'.repeat(101)], 'args', 100)).toThrow(
      expect.objectContaining({ code: 'ERR_PAYLOAD_TOO_LARGE' }),
    );
    expect(() => encodeValue(new Uint8Array(101), 'args', 100)).toThrow(
      expect.objectContaining({ code: 'ERR_PAYLOAD_TOO_LARGE' }),
    );
  });

  test('is refused on arrival, with what to do, if a later version of V8 has written it', () => {
    const bytes = Buffer.from((encodeValue(new Map(), 'args').encoded as { readonly b: string }).b, 'base64');
    bytes[1] = (bytes[1] ?? 0) + 1;
    expect(() => decodeValue({ b: bytes.toString('base64') }, 'args')).toThrow(
      new RegExp(
        `^Cannot read args where it arrived: it was sent by a later Node\\.js \\(V8 format ${bytes[1]}\\) than ${process.version}, .*; run the same major version`,
      ),
    );
  });

  test('is refused on arrival, and never is code or a prototype, if somebody else has written it', () => {
    for (const bad of [null, 1, 'text', { b: 1 }, { b: 'AAAA' }, { b: '////' }, { b: '' }])
      expect(() => decodeValue(bad, 'args')).toThrow(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE' }));
    const value = decodeValue(JSON.parse('{"j": {"__proto__": {"polluted": true}}}'), 'args') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
