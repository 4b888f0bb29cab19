/** Castagnoli's polynomial, its lowest power in the highest bit. */
const polynomial = 0x82f63b78;

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? byte >>> 1 ^ polynomial : byte >>> 1;
  return byte;
});

/** The checksum CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) sum = table[(sum ^ byte) & 255]! ^ sum >>> 8;
  return ~sum >>> 0;
}
