import { buildBn128 } from 'ffjavascript'
import { readUint256 } from '../formats/sections.js'
import { HEADER_POINT, openZkey, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { BASE_FIELD_MODULUS, type G1Json, type G2Json, type VerificationKeyJson } from '../groth16.js'
import { MONTGOMERY_INVERSE } from './points.js'

/**
 * Extracts the verification key of a Groth16 `.zkey`, in the form of snarkjs.
 *
 * @throws {ArtifactError} as {@link openZkey}
 */
export async function exportVerificationKey(bytes: Uint8Array): Promise<VerificationKeyJson> {
  const { publicSignals, sections } = openZkey(bytes)
  const header = sections.get(ZKEY_SECTION.header)!
  const ic = sections.get(ZKEY_SECTION.ic)!
  const curve = await buildBn128(true)
  const alphaBeta = curve.pairing(
    curve.G1.fromRprLEM(header, HEADER_POINT.alpha1),
    curve.G2.fromRprLEM(header, HEADER_POINT.beta2),
  )
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: publicSignals,
    vk_alpha_1: readG1(header, HEADER_POINT.alpha1),
    vk_beta_2: readG2(header, HEADER_POINT.beta2),
    vk_gamma_2: readG2(header, HEADER_POINT.gamma2),
    vk_delta_2: readG2(header, HEADER_POINT.delta2),
    vk_alphabeta_12: curve.Gt.toObject(alphaBeta).map((half) => half.map((pair) => pair.map(String))),
    IC: Array.from({ length: publicSignals + 1 }, (_, i) => readG1(ic, POINT_LENGTH.G1 * i)),
  }
}

function readCoordinate(bytes: Uint8Array, offset: number): string {
  return String((readUint256(bytes, offset) * MONTGOMERY_INVERSE) % BASE_FIELD_MODULUS)
}

function readG1(bytes: Uint8Array, offset: number): G1Json {
  const [x, y] = [readCoordinate(bytes, offset), readCoordinate(bytes, offset + 32)]
  return x === '0' && y === '0' ? ['0', '1', '0'] : [x, y, '1']
}

function readG2(bytes: Uint8Array, offset: number): G2Json {
  const at = (i: number) => readCoordinate(bytes, offset + 32 * i)
  const [x, y]: [string, string][] = [
    [at(0), at(1)],
    [at(2), at(3)],
  ]
  return [...x!, ...y!].every((part) => part === '0')
    ? [['0', '0'], ['1', '0'], ['0', '0']] // biome-ignore format: one point, one line
    : [x!, y!, ['1', '0']]
}
