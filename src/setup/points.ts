/** Points as they lie in `.zkey` files: coordinates in Montgomery form for 2^256, little-endian; infinity is zeros. */
import { readUint256, writeUint256 } from '../formats/sections.js'
import { POINT_LENGTH } from '../formats/zkey.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import type { G1, G2 } from '../verifier/points.js'

/** 2^-256 modulo q takes a number out of Montgomery form. */
export const MONTGOMERY_INVERSE =
  20988524275117001072002809824448087578619730785600314334253784976379291040311n

/** The generators of both groups (EIP-197). */
export const GENERATOR: { readonly G1: G1; readonly G2: G2 } = {
  G1: [1n, 2n],
  G2: [
    [
      10857046999023057135944570762232829481370756359578518086990519993285655852781n,
      11559732032986387107991004021392285783925812861821192530917403151452391805634n,
    ],
    [
      8495653923123431417604973247489272438418190587263600148770280649306958101930n,
      4082367875863433681332203403145435568316851327593401208105741076214120093531n,
    ],
  ],
}

/** The generators in the form of files. */
export const G1_GENERATOR = writeG1(GENERATOR.G1)
export const G2_GENERATOR = writeG2(GENERATOR.G2)

/** Returns a finite point of G1 in the form of files. */
export function writeG1(point: G1): Uint8Array {
  return writeCoordinates(point)
}

/** Returns a finite point of G2 in the form of files. */
export function writeG2(point: G2): Uint8Array {
  return writeCoordinates(point.flat())
}

/** Reads a point of G1 from a file; undefined unless it is finite, canonical and on the curve. */
export function readG1(bytes: Uint8Array): G1 | undefined {
  const coordinates = readCoordinates(bytes, 2)
  if (!coordinates) return undefined
  const [x, y] = coordinates as [bigint, bigint]
  return (y * y - x * x * x - 3n) % q === 0n ? [x, y] : undefined
}

/**
 * Reads a point of the curve of G2 from a file; undefined unless it is finite and canonical. Neither the curve's equation
 * nor the subgroup is checked here.
 */
export function readG2(bytes: Uint8Array): G2 | undefined {
  const coordinates = readCoordinates(bytes, 4)
  if (!coordinates) return undefined
  const [x0, x1, y0, y1] = coordinates as [bigint, bigint, bigint, bigint]
  return [
    [x0, x1],
    [y0, y1],
  ]
}

/**
 * Returns points in the form in which snarkjs hashes them: canonical coordinates, big-endian, of G2 the imaginary part first;
 * infinity is zeros.
 *
 * @param points      points in the form of files, one behind the other
 * @param pointLength bytes of one: 64 or 128
 */
export function uncompressed(points: Uint8Array, pointLength: number): Uint8Array {
  const result = new Uint8Array(points.length)
  const words = pointLength / 32
  for (let start = 0; start < points.length; start += pointLength) {
    for (let word = 0; word < words; word++) {
      const value = (readUint256(points, start + 32 * word) * MONTGOMERY_INVERSE) % q
      // In the order x1, x0, y1, y0.
      const place = words === 2 ? word : word ^ 1
      writeUint256(result, start + 32 * place, value)
      result.subarray(start + 32 * place, start + 32 * (place + 1)).reverse()
    }
  }
  return result
}

function writeCoordinates(coordinates: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * coordinates.length)
  coordinates.forEach((value, i) => {
    writeUint256(bytes, 32 * i, (value << 256n) % q)
  })
  return bytes
}

function readCoordinates(bytes: Uint8Array, count: number): bigint[] | undefined {
  if (bytes.length !== (count === 2 ? POINT_LENGTH.G1 : POINT_LENGTH.G2)) return undefined
  const values = Array.from({ length: count }, (_, i) => readUint256(bytes, 32 * i))
  if (values.some((value) => value >= q) || values.every((value) => value === 0n)) return undefined
  return values.map((value) => (value * MONTGOMERY_INVERSE) % q)
}
