import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../../src/image/decode.ts";
import { filledImage } from "../../../src/image/image.ts";
import { FileError } from "../../../src/tensor/errors.ts";
import { crc32c } from "../../../src/train/report/crc32c.ts";
import { EventFile } from "../../../src/train/report/event_file.ts";
import { temporaryFolder } from "../../data/support.ts";

const test = suite("TensorBoard's event files");

/** Fields of a message by number, as the wire has them: numbers, 8 or 4 bytes, or bytes of a length. */
function fieldsOf(data: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    let value = 0n, shift = 0n;
    for (let byte = 128; byte & 128; shift += 7n) value |= BigInt((byte = data[at++]!) & 127) << shift;
    return Number(value);
  };
  while (at < data.length) {
    const key = varint(), wire = key & 7;
    const length = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : varint();
    const value = wire === 0 ? varint() : data.subarray(at, at += length);
    fields.set(key >> 3, [...fields.get(key >> 3) ?? [], value]);
  }
  return fields;
}

/** CRC-32C bit by bit, as its definition has it: the remainder of a division. */
function slowChecksum(data: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of data) {
    for (let bit = 0; bit < 8; bit++) {
      const top = (rest ^ byte >> bit) & 1;
      rest = (rest >>> 1 ^ (top ? 0x82f63b78 : 0)) >>> 0;
    }
  }
  return (rest ^ 0xffffffff) >>> 0;
}

/** The events of a file, every checksum checked. */
function eventsOf(file: Uint8Array): Map<number, (number | Uint8Array)[]>[] {
  const events = [], view = new DataView(file.buffer);
  const unmasked = (at: number) => {
    const turned = (view.getUint32(at, true) - 0xa282ead8) >>> 0;
    return (turned >>> 17 | turned << 15) >>> 0;
  };
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true)), data = file.subarray(at + 12, at + 12 + length);
    assert.is(unmasked(at + 8), slowChecksum(file.subarray(at, at + 8)));
    assert.is(unmasked(at + 12 + length), slowChecksum(data));
    events.push(fieldsOf(data));
    at += length + 16;
  }
  return events;
}

const one = (fields: Map<number, (number | Uint8Array)[]>, number: number) => {
  const [value, ...more] = fields.get(number)!;
  assert.is(more.length, 0);
  return value!;
};
const message = (value: number | Uint8Array) => fieldsOf(value as Uint8Array);
const text = (value: number | Uint8Array) => new TextDecoder().decode(value as Uint8Array);
const viewOf = (value: number | Uint8Array) => {
  const { buffer, byteOffset } = value as Uint8Array;
  return new DataView(buffer, byteOffset);
};

test("the checksum is that of RFC 3720", () => {
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
});

test("events hold what was written, and checksums", async () => {
  await using folder = await temporaryFolder();
  const red = filledImage({ width: 3, height: 2 }, [1, 2, 3]);
  let path: string;
  {
    await using events = await EventFile.open(folder.path, { step: 300, now: () => 1700000000.5 });
    await events.scalars(301, { loss: 0.1, "held_out/psnr": NaN });
    await events.image(2 ** 40, "samples", red);
    path = events.path;
  }
  assert.match(path, /\/events\.out\.tfevents\.1700000000500\.voken$/);
  const file = await Deno.readFile(path);
  // What every event file begins with: 24 bytes, and their length's checksum.
  assert.equal([...file.subarray(0, 12)], [24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22]);
  const [version, start, scalars, image, ...more] = eventsOf(file);
  assert.is(more.length, 0);
  assert.is(viewOf(one(version!, 1)).getFloat64(0, true), 1700000000.5);
  assert.is(text(one(version!, 3)), "brain.Event:2");
  assert.equal([one(start!, 2), one(message(one(start!, 7)), 1)], [300, 1]);
  assert.is(one(scalars!, 2), 301);
  const [loss, psnr] = message(one(scalars!, 5)).get(1)!.map(message);
  assert.equal([text(one(loss!, 1)), viewOf(one(loss!, 2)).getFloat32(0, true)], ["loss", Math.fround(0.1)]);
  assert.equal([text(one(psnr!, 1)), viewOf(one(psnr!, 2)).getFloat32(0, true)], ["held_out/psnr", NaN]);
  assert.is(one(image!, 2), 2 ** 40);
  const value = message(one(message(one(image!, 5)), 1)), stored = message(one(value, 4));
  assert.is(text(one(value, 1)), "samples");
  assert.equal([1, 2, 3].map((field) => one(stored, field)), [2, 3, 3]);
  assert.equal(await decodeImage(one(stored, 4) as Uint8Array), red);
});

test("a file that cannot be written is named", async () => {
  const error = await EventFile.open("/nowhere", { step: 0 }).then(() => undefined, (error) => error);
  assert.instance(error, FileError);
  assert.match(error.message, /Cannot write \/nowhere\/events/);
});

test.run();
