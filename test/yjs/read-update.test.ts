import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { checkUpdate, readTrustedUpdate } from '../../src/yjs/read-update.ts';

/** A document with every kind of content that Yjs has, with deletions, and with a gap. */
function createSamples(): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const [text, list, map] = [doc.getText('text'), doc.getArray('list'), doc.getMap('map')];
  text.insert(0, 'Grüße, 世界 🙂');
  text.format(0, 3, { bold: true });
  text.insertEmbed(2, { image: 'x' });
  text.delete(4, 3);
  list.insert(0, [1, 2.5, 'three', null, true, { four: [4n] }, new Uint8Array([5])]);
  list.delete(1, 2);
  map.set('nested', new Y.Map([['inner', new Y.Array()]]));
  map.set('again', 1);
  map.set('again', 2);
  map.set('sub', new Y.Doc({ guid: 'sub' }));
  const xml = doc.getXmlFragment('xml');
  xml.insert(0, [new Y.XmlElement('p'), new Y.XmlText('text')]);
  map.set('hook', new Y.XmlHook('hook'));
  const collected = new Y.Doc();
  Y.applyUpdate(collected, Y.encodeStateAsUpdate(doc));
  const withGap = Y.mergeUpdates(updates.filter((_, index) => index !== 3));
  return [...updates, Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdate(collected), withGap];
}

const SAMPLES = createSamples();

function canDecode(bytes: Uint8Array): boolean {
  try {
    Y.decodeUpdate(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('reading an update', () => {
  it('finds the structs and delete ranges that Yjs finds, for every kind of content', () => {
    for (const sample of SAMPLES) {
      const { structs, ds } = Y.decodeUpdate(sample);
      const update = readTrustedUpdate(sample);
      expect(update.structCount).toBe(structs.filter((struct) => struct.constructor.name !== 'Skip').length);
      expect([...(update.deleteRanges ?? [])]).toEqual(
        [...ds.clients].map(([client, ranges]) => [client, ranges.map(({ clock, len }) => ({ clock, len }))]),
      );
    }
  });

  it('accepts no damaged update that Yjs cannot decode, and refuses none that Yjs writes', () => {
    const damage = fc.tuple(fc.nat(1_000), fc.constantFrom('set', 'cut', 'drop', 'repeat'), fc.nat(255));
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.array(damage, { maxLength: 3 }), (sample, damages) => {
        let bytes = Array.from(sample);
        for (const [position, kind, value] of damages) {
          const at = position % Math.max(1, bytes.length);
          if (kind === 'set') bytes[at] = value;
          else if (kind === 'cut') bytes = bytes.slice(0, at);
          else if (kind === 'drop') bytes.splice(at, 1);
          else bytes.splice(at, 0, ...bytes.slice(at, at + (value % 9)));
        }
        const damaged = new Uint8Array(bytes);
        const isAccepted = checkUpdate(damaged) !== 'malformed';
        if (damages.length === 0) expect(isAccepted).toBe(true);
        if (isAccepted) expect(canDecode(damaged)).toBe(true);
        else refused += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('refuses bytes after the end, and lengths beyond the end', () => {
    for (const sample of SAMPLES) expect(checkUpdate(new Uint8Array([...sample, 0]))).toBe('malformed');
    const huge = [255, 255, 255, 255, 255, 255, 255, 15];
    for (const claim of [
      huge,
      [1, ...huge],
      [1, 1, 1, 0, 4, 1, 1, 116, ...huge],
      [0, ...huge],
      [0, 1, 1, ...huge],
    ]) {
      expect(checkUpdate(new Uint8Array(claim))).toBe('malformed');
    }
  });

  // As bytes, because Yjs writes none of these.
  it.each([
    ['a deletion of nothing', [0, 1, 9, 1, 0, 0]],
    ['an item after itself', [1, 1, 9, 0, 0b1000_0100, 9, 0, 1, 97, 0]],
    ['an item before one that its client wrote later', [1, 1, 9, 0, 0b0100_0100, 9, 5, 1, 97, 0]],
    ['an item inside itself', [1, 1, 9, 0, 0b0000_0100, 0, 9, 0, 1, 97, 0]],
  ])('refuses %s, which decodes but cannot be applied', (_what, bytes) => {
    const update = new Uint8Array(bytes);
    expect(canDecode(update)).toBe(true);
    expect(() => Y.applyUpdate(new Y.Doc(), update)).toThrow(/./u);
    expect(checkUpdate(update)).toBe('malformed');
  });

  it.each([
    ['an empty string', [1, 1, 9, 0, 0b0000_0100, 1, 1, 116, 0, 0]],
    ['garbage of no length', [1, 1, 9, 0, 0, 0, 0]],
    ['a deletion that ends beyond all clocks', [0, 1, 9, 1, 255, 255, 255, 255, 255, 255, 255, 15, 1]],
  ])('refuses %s', (_what, bytes) => {
    expect(checkUpdate(new Uint8Array(bytes))).toBe('malformed');
  });
});
