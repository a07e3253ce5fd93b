import type { Point } from '../../src/crypto/babyjub.js'

/** circomlibjs, an implementation apart from ours, on plain bigints. */
export async function loadCircomlibjs(): Promise<{
  poseidon(inputs: readonly bigint[]): bigint
  multiply(point: Point, scalar: bigint): Point
  verify(message: bigint, signature: { R8: Point; S: bigint }, publicKey: Point): boolean
  sign(secret: Uint8Array, message: bigint): { R8: Point; S: bigint }
  publicKey(secret: Uint8Array): Point
}> {
  // The package has no types; the name behind a type keeps TypeScript from looking for them.
  const { buildEddsa, buildPoseidon } = await import('circomlibjs' as string)
  const [eddsa, poseidon] = [await buildEddsa(), await buildPoseidon()]
  const { F } = eddsa
  const inward = ([x, y]: Point) => [F.e(x), F.e(y)]
  const outward = (point: readonly unknown[]): Point => [F.toObject(point[0]), F.toObject(point[1])]
  return {
    poseidon: (inputs) => poseidon.F.toObject(poseidon(inputs)),
    multiply: (point, scalar) => outward(eddsa.babyJub.mulPointEscalar(inward(point), scalar)),
    verify: (message, { R8, S }, publicKey) =>
      eddsa.verifyPoseidon(F.e(message), { R8: inward(R8), S }, inward(publicKey)),
    sign: (secret, message) => {
      const { R8, S } = eddsa.signPoseidon(secret, F.e(message))
      return { R8: outward(R8), S }
    },
    publicKey: (secret) => outward(eddsa.prv2pub(secret)),
  }
}
