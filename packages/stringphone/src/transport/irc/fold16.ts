/** FNV-1a of 32 bits, both halves XORed: tells accidents, not attacks. [IRC-1-4] */
export function fold16(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return (hash >>> 16) ^ (hash & 0xffff)
}
