/** Random numbers from a seed, as every tool of this kind of ceremony draws them: words of ChaCha20 (RFC 8439), in order. */
export interface SeededRandom {
  /** 32 bits. */
  nextWord(): number
  /** 64 bits, the high word drawn first. */
  nextLong(): bigint
}

/** "expand 32-byte k" (RFC 8439, 2.3). */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/**
 * Starts the stream of a key whose words are the first 32 bytes of `seed`, big-endian, with a nonce and a counter of 0.
 */
export function seededRandom(seed: Uint8Array): SeededRandom {
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)
  const state = new Uint32Array(16)
  state.set(CONSTANTS)
  for (let i = 0; i < 8; i++) state[4 + i] = view.getUint32(4 * i, false)
  const block = new Uint32Array(16)
  let used = 16
  const nextWord = (): number => {
    if (used === 16) {
      block.set(state)
      for (let round = 0; round < 10; round++) for (const quarter of QUARTERS) mix(block, quarter)
      for (let i = 0; i < 16; i++) block[i]! += state[i]!
      // Nobody draws 2^32 blocks.
      state[12]! += 1
      used = 0
    }
    return block[used++] as number
  }
  return { nextWord, nextLong: () => (BigInt(nextWord()) << 32n) | BigInt(nextWord()) }
}

function mix(x: Uint32Array, [a, b, c, d]: (typeof QUARTERS)[number]): void {
  const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
  x[a]! += x[b]!
  x[d] = rotate(x[d]! ^ x[a]!, 16)
  x[c]! += x[d]!
  x[b] = rotate(x[b]! ^ x[c]!, 12)
  x[a]! += x[b]!
  x[d] = rotate(x[d]! ^ x[a]!, 8)
  x[c]! += x[d]!
  x[b] = rotate(x[b]! ^ x[c]!, 7)
}
