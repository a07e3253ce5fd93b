/** Arithmetic modulo an RSA number, on bigints. Not constant time: see where a secret exponent is used. */
import { shake256 } from '@noble/hashes/sha3.js'
import { frame } from '../crypto/encoding.js'
import { bigIntToBytes, bytesToBigInt } from '../field.js'

/** The RSA-2048 number of the RSA Factoring Challenge (1991): its factors were destroyed, and nobody has found them. */
export const RSA_2048 =
  25195908475657893494027183240048398571429282126204032027777137836043662020707595556264018525880784406918290641249515082189298559149176184502808489120072844992687392807287776735971418347270261896375014971824691165077613379859095700097330459748808428401797429100642458691817195118746121515172654632282216869987549182422433637259085141865462043576798423387184774447920739934236584823824281198163815010674810451660377306056201619676256133844143603833904414952634432190114657544454178424020924616515723350778707749817125772467962926386356373289912154831438167899885040445364023527381951378636564391212010397122822120720357n

/** Bytes of numbers modulo N. */
export const MODULUS_BYTES = 256

/** base^exponent mod modulus, four bits of the exponent at a time. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n]
  for (let i = 1; i < 16; i++) table.push(((table[i - 1] as bigint) * base) % modulus)
  let result = 1n
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    const value = Number.parseInt(digit, 16)
    if (value !== 0) result = (result * (table[value] as bigint)) % modulus
  }
  return result
}

/** The product of bases to exponents, the squarings shared by all. */
export function powers(
  terms: readonly (readonly [base: bigint, exponent: bigint])[],
  modulus: bigint,
): bigint {
  const tables = terms.map(([base]) => {
    const table = [1n]
    for (let i = 1; i < 16; i++) table.push(((table[i - 1] as bigint) * base) % modulus)
    return table
  })
  const digits = Math.max(...terms.map(([, exponent]) => exponent.toString(16).length))
  const texts = terms.map(([, exponent]) => exponent.toString(16).padStart(digits, '0'))
  let result = 1n
  for (let d = 0; d < digits; d++) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    for (const [t, text] of texts.entries()) {
      const value = Number.parseInt(text[d] as string, 16)
      if (value !== 0) result = (result * (tables[t]?.[value] as bigint)) % modulus
    }
  }
  return result
}

/** The one of a and -a that is at most (N - 1) / 2: an element of Z_N* modulo 1 and -1. */
export function absolute(a: bigint, modulus: bigint): bigint {
  return a > modulus - a ? modulus - a : a
}

export function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

/**
 * Hashes bytes to a square modulo N of which nobody knows a root or a logarithm: SHAKE256 to 64 bytes more than N has, so
 * that the reduction shows no bias, then squared.
 */
export function hashToSquare(domain: string, bytes: Uint8Array, modulus: bigint): bigint {
  const wide = shake256(frame([domain, bytes]), { dkLen: MODULUS_BYTES + 64 })
  const value = bytesToBigInt(wide) % modulus
  return (value * value) % modulus
}

/**
 * Hashes 32 bytes to a prime of 256 bits: the first among SHAKE256(domain, bytes, i), its top and lowest bit set, that
 * passes trial division and 40 rounds of Miller-Rabin with bases from the hash. Whoever chooses the bytes can grind for a
 * composite that passes, at a chance of 4^-40 a try.
 */
export function hashToPrime(bytes: Uint8Array): bigint {
  for (let i = 0; ; i++) {
    const digest = bytesToBigInt(
      shake256(frame(['soulproof/timed/prime/1', bytes, String(i)]), { dkLen: 32 }),
    )
    const candidate = digest | 1n | (1n << 255n)
    if (isPrime(candidate)) return candidate
  }
}

const SMALL_PRIMES = sieve(2000)

/** Whether a number above 4,000,000 is prime, as {@link hashToPrime} decides it. */
export function isPrime(n: bigint): boolean {
  for (const p of SMALL_PRIMES) if (n % p === 0n) return false
  const odd = n - 1n
  let shift = 0n
  while (((odd >> shift) & 1n) === 0n) shift++
  const length = Math.ceil(n.toString(16).length / 2)
  const bytes = bigIntToBytes(n, length)
  for (let round = 0; round < 40; round++) {
    const seed = shake256(frame(['soulproof/timed/witness/1', bytes, String(round)]), { dkLen: length + 16 })
    const base = 2n + (bytesToBigInt(seed) % (n - 3n))
    if (!passes(n, base, odd >> shift, shift)) return false
  }
  return true
}

function passes(n: bigint, base: bigint, odd: bigint, shift: bigint): boolean {
  let x = power(base, odd, n)
  if (x === 1n || x === n - 1n) return true
  for (let i = 1n; i < shift; i++) {
    x = (x * x) % n
    if (x === n - 1n) return true
  }
  return false
}

function sieve(limit: number): bigint[] {
  const primes: bigint[] = []
  for (let n = 2; n < limit; n++) if (primes.every((p) => BigInt(n) % p !== 0n)) primes.push(BigInt(n))
  return primes
}
