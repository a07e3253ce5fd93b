import { chooseArithmetic } from '../bn254/arithmetic.js'
import { INTEGER } from '../bn254/field.js'
import { ArtifactError } from '../errors.js'
import { readUint256 } from '../formats/sections.js'
import { HEADER_POINT, openZkey, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { BASE_FIELD_MODULUS, type G1Json, type G2Json, type VerificationKeyJson } from '../groth16.js'
import { createMachine } from '../verifier/machine.js'
import { parseG1, parseG2 } from '../verifier/points.js'
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
  const [alpha, beta] = [readG1Json(header, HEADER_POINT.alpha1), readG2Json(header, HEADER_POINT.beta2)]
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: publicSignals,
    vk_alpha_1: alpha,
    vk_beta_2: beta,
    vk_gamma_2: readG2Json(header, HEADER_POINT.gamma2),
    vk_delta_2: readG2Json(header, HEADER_POINT.delta2),
    vk_alphabeta_12: await pairingOf(alpha, beta),
    IC: Array.from({ length: publicSignals + 1 }, (_, i) => readG1Json(ic, POINT_LENGTH.G1 * i)),
  }
}

/** The pairing of two points as snarkjs has it: to the same power, and in the same towers. */
async function pairingOf(a: G1Json, b: G2Json): Promise<string[][][]> {
  const machine = await createMachine({ arithmetic: await chooseArithmetic() })
  const { run, alloc, bytes, sizes } = machine
  const [slot, point, value, integers] = [sizes.slot, sizes.points, sizes.fq12, 2 * INTEGER].map(alloc) as [
    number,
    number,
    number,
    number,
  ]
  try {
    const [p, q] = [parseG1(a, 'alpha'), parseG2(b, 'beta')]
    machine.loadG1(point, p, p)
    machine.loadG2(slot, q, q)
  } catch (cause) {
    throw new ArtifactError('zkey has an alpha or a beta that is no point of its curve', { cause })
  }
  run('pairing_setP', slot, point)
  run('pairing_miller', value, slot, 1, 0, 0)
  run('pairing_finish', value, value)
  const coefficient = (i: number): string => {
    run('fq_decode', integers, integers + INTEGER, value + (i * sizes.fq12) / 12)
    return String(readUint256(bytes, integers))
  }
  return [0, 1].map((half) =>
    [0, 1, 2].map((third) => [0, 1].map((part) => coefficient(6 * half + 2 * third + part))),
  )
}

function readCoordinate(bytes: Uint8Array, offset: number): string {
  return String((readUint256(bytes, offset) * MONTGOMERY_INVERSE) % BASE_FIELD_MODULUS)
}

export function readG1Json(bytes: Uint8Array, offset: number): G1Json {
  const [x, y] = [readCoordinate(bytes, offset), readCoordinate(bytes, offset + 32)]
  return x === '0' && y === '0' ? ['0', '1', '0'] : [x, y, '1']
}

export function readG2Json(bytes: Uint8Array, offset: number): G2Json {
  const at = (i: number) => readCoordinate(bytes, offset + 32 * i)
  const [x, y]: [string, string][] = [
    [at(0), at(1)],
    [at(2), at(3)],
  ]
  return [...x!, ...y!].every((part) => part === '0')
    ? [['0', '0'], ['1', '0'], ['0', '0']] // biome-ignore format: one point, one line
    : [x!, y!, ['1', '0']]
}
