import type { Envelope } from 'soulproof/prover'
import { type Revoked, readRevoked } from './offices.js'
import { type Question, readQuestion } from './question.js'
import { signalOf } from './signals.js'

/*
 * A proof as a link: the envelope and, because this playground has no server, the question and the issuers' published
 * revocations. Numbers are written as bytes before the rest as JSON, and all of it is deflated.
 */

/** What a link carries. */
export interface Handed {
  readonly question: Question
  readonly revoked: Revoked
  readonly envelope: Envelope
  readonly message: bigint
}

/** Before what a link carries, in the fragment. */
export const FRAGMENT = '#proof='

/** Bytes of a number. */
const WORD = 32

/** What follows the numbers, as JSON. */
interface Rest {
  readonly statement: string
  readonly verificationKeyHash: string
  readonly revealed: Readonly<Record<string, string>>
  readonly question: Question
  readonly revoked: Revoked
}

/** Writes a link's fragment. */
export async function packLink(handed: Handed): Promise<string> {
  const { envelope, question, revoked } = handed
  const { proof, publicSignals, statement, verificationKeyHash, revealed } = envelope
  const points = [
    ...proof.pi_a.slice(0, 2),
    ...proof.pi_b.slice(0, 2).flat(),
    ...proof.pi_c.slice(0, 2),
  ] as readonly string[]
  const words = concat([...points, ...publicSignals].map((text) => toWord(BigInt(text))))
  const rest: Rest = { statement, verificationKeyHash, revealed, question, revoked }
  const json = new TextEncoder().encode(JSON.stringify(rest))
  const count = Uint8Array.of(words.length / WORD)
  return FRAGMENT + toBase64Url(await deflate(concat([count, words, json])))
}

/** Reads a link's fragment. @throws {RangeError} if it is none, or cut short */
export async function unpackLink(fragment: string): Promise<Handed> {
  if (!fragment.startsWith(FRAGMENT)) throw new RangeError('the link carries no proof')
  try {
    const bytes = await inflate(fromBase64Url(fragment.slice(FRAGMENT.length)))
    const end = 1 + (bytes[0] as number) * WORD
    const words = Array.from({ length: bytes[0] as number }, (_, i) =>
      fromWord(bytes.subarray(1 + i * WORD, 1 + (i + 1) * WORD)).toString(),
    )
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(end))
    const { statement, verificationKeyHash, revealed, ...rest } = JSON.parse(text) as Rest
    const [a0, a1, b00, b01, b10, b11, c0, c1, ...publicSignals] = words as [string, ...string[]]
    const proof = {
      ...{
        pi_a: [a0, a1, '1'],
        pi_b: [
          [b00, b01],
          [b10, b11],
          ['1', '0'],
        ],
        pi_c: [c0, c1, '1'],
      },
      ...{ protocol: 'groth16', curve: 'bn128' },
    } as unknown as Envelope['proof']
    // Whatever else is wrong in an envelope, the verifier says.
    const envelope = {
      version: 1,
      statement,
      verificationKeyHash,
      proof,
      publicSignals,
      revealed,
    } as Envelope
    const question = readQuestion(rest.question)
    return { question, revoked: readRevoked(rest.revoked), envelope, message: signalOf(envelope, 'message') }
  } catch (cause) {
    throw new RangeError('the link is cut short or damaged', { cause })
  }
}

function toWord(value: bigint): Uint8Array {
  return Uint8Array.from({ length: WORD }, (_, i) => Number((value >> BigInt(8 * (WORD - 1 - i))) & 255n))
}

function fromWord(bytes: Uint8Array): bigint {
  if (bytes.length !== WORD) throw new RangeError('a number is cut short')
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** More than any proof of ours: a link must not fill the memory. */
const MOST_BYTES = 65_536

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const parts: Uint8Array[] = []
  for (let length = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return concat(parts)
    length += value.length
    if (length > MOST_BYTES) throw new RangeError('the link is too long')
    parts.push(value)
  }
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}
