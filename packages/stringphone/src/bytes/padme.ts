/**
 * Padmé (Nikitin et al., *Reducing Metadata Leakage from Encrypted Files*, 2019, §4.3): the size that
 * something of this length is padded to, at most 12 % more. spec/topic.md §3.6, spec/login.md §8.1
 */
export function padmeLength(length: number): number {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const significant = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** Math.max(0, exponent - significant)
  return Math.ceil(length / step) * step
}
