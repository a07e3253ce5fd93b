import { isSigned } from '../crypto/eddsa.js'
import { SchemaError } from '../errors.js'
import { assertField, assertUint } from '../field.js'
import { isRecord } from '../merkle/json.js'
import { quaternaryRoot } from '../merkle/proof.js'
import { requireSoul } from '../soul/check.js'
import { holderOf, type Soul } from '../soul/index.js'
import { type IssuerId, parseIssuerId, type Signature } from './issuer.js'
import { completeSbt, type HeldSbt, type Sbt } from './sbt.js'
import { defineSchema } from './schema.js'

/** Roots of issuers' trees that are accepted together; the `Roots` of a policy fit. */
export interface IssuerRoots {
  readonly issuers: Readonly<Record<IssuerId, { readonly registry?: bigint; readonly status?: bigint }>>
}

/**
 * Verifies an SBT outside of any circuit: contents, hash and leaf, issuer, anchor, and as far as they are given the
 * holder (`soul`), the times (`now`, Unix seconds) and the issuer's roots (`roots`).
 *
 * Without `roots` an opening only has to be consistent in itself. With `roots`, every opening has to lead to the
 * issuer's root of its kind, and a signed SBT of an issuer with a status root needs its status opening, since
 * otherwise it may be revoked. The reason names the part that failed, never a value.
 *
 * Held data of any form gives an answer, so that it may come straight from JSON.
 *
 * @throws {TypeError|RangeError} only if `soul`, `now` or `roots` is malformed
 */
export function verifySbt(
  options: HeldSbt & { readonly soul?: Soul; readonly now?: bigint; readonly roots?: IssuerRoots },
): { valid: true } | { valid: false; reason: string } {
  if (typeof options !== 'object' || options === null) throw new TypeError('verifySbt takes an object')
  const { sbt, salt, anchor, soul, now, roots } = options
  if (soul !== undefined) requireSoul(soul)
  if (now !== undefined) assertUint(now, 64, 'now')
  if (roots !== undefined && (!isRecord(roots) || !isRecord(roots.issuers))) {
    throw new TypeError('roots.issuers must be an object')
  }
  const reason =
    contentProblem(sbt) ??
    holderProblem(sbt, salt, soul) ??
    timeProblem(sbt, now) ??
    anchorProblem(sbt, anchor, roots === undefined ? undefined : rootsOf(roots, sbt.issuer))
  return reason === undefined ? { valid: true } : { valid: false, reason }
}

function contentProblem(sbt: Sbt): string | undefined {
  if (!isRecord(sbt)) return 'sbt: must be an object'
  const { schema, claims } = sbt
  if (!isRecord(schema)) return 'sbt.schema: must be an object'
  if (!isRecord(claims)) return 'sbt.claims: must be an object'
  return problem('sbt', () => {
    const { hash } = defineSchema({ name: schema.name, claims: schema.claims })
    if (hash !== schema.hash) throw new SchemaError('schema.hash', 'does not follow from name and claims')
    parseIssuerId(sbt.issuer)
    const expected = completeSbt(sbt)
    if (sbt.hash !== expected.hash) throw new SchemaError('hash', 'does not follow from the contents')
    if (sbt.leaf !== expected.leaf)
      throw new SchemaError('leaf', 'does not follow from issuer, schema and hash')
    if (sbt.expiresAt !== 0n && sbt.expiresAt <= sbt.issuedAt) {
      throw new SchemaError('expiresAt', 'must be 0 or after issuedAt')
    }
  })
}

function holderProblem(sbt: Sbt, salt: unknown, soul: Soul | undefined): string | undefined {
  const malformed = problem('salt', () => assertField(salt, 'value'))
  if (malformed !== undefined || soul === undefined) return malformed
  return holderOf(soul.commitment, salt as bigint) === sbt.holder
    ? undefined
    : 'sbt.holder: was not made by this Soul and salt'
}

function timeProblem(sbt: Sbt, now: bigint | undefined): string | undefined {
  if (now === undefined) return undefined
  if (sbt.issuedAt > now) return 'sbt.issuedAt: lies in the future'
  if (sbt.expiresAt !== 0n && now >= sbt.expiresAt) return 'sbt.expiresAt: has passed'
  return undefined
}

function anchorProblem(sbt: Sbt, anchor: unknown, roots: TreeRoots | undefined): string | undefined {
  if (!isRecord(anchor)) return 'anchor: must be an object'
  const { signature, status, registered } = anchor
  if (registered !== undefined) {
    if (signature !== undefined || status !== undefined) return 'anchor: must be either signed or registered'
    return openingProblem('anchor.registered', registered, { leaf: sbt.leaf }, roots, 'registry')
  }
  if (signature === undefined) return 'anchor: must have a signature or a registered opening'
  const unsigned = signatureProblem(sbt, signature)
  if (unsigned !== undefined) return unsigned
  if (status !== undefined) {
    return openingProblem('anchor.status', status, { leaf: 0n, index: sbt.statusId }, roots, 'status')
  }
  return roots?.status === undefined
    ? undefined
    : 'anchor.status: is missing although the issuer has a status root'
}

function signatureProblem(sbt: Sbt, signature: unknown): string | undefined {
  const issuer = parseIssuerId(sbt.issuer)
  if (issuer.kind !== 'key') return 'anchor.signature: a contract cannot sign'
  if (!isRecord(signature)) return 'anchor.signature: must be an object'
  return isSigned(issuer.publicKey, sbt.hash, signature as unknown as Signature)
    ? undefined
    : "anchor.signature: is not the issuer's over this SBT"
}

/** Checks an opening against the leaf it must prove, its place where that is fixed, and the issuer's root. */
function openingProblem(
  path: string,
  opening: unknown,
  expected: { readonly leaf: bigint; readonly index?: number },
  roots: TreeRoots | undefined,
  kind: 'registry' | 'status',
): string | undefined {
  if (!isRecord(opening)) return `${path}: must be an object`
  const { root, leaf, index, siblings } = opening as Readonly<Record<keyof HeldOpening, unknown>>
  let computed: bigint | undefined
  const malformed = problem(path, () => {
    computed = quaternaryRoot({ leaf, index, siblings } as HeldOpening)
  })
  if (malformed !== undefined) return malformed
  if (computed !== root) return `${path}.root: does not follow from leaf and siblings`
  if (expected.index !== undefined && index !== expected.index)
    return `${path}.index: is not the SBT's statusId`
  if (leaf !== expected.leaf) {
    return kind === 'status' ? `${path}.leaf: the SBT is revoked` : `${path}.leaf: is not this SBT's`
  }
  if (roots === undefined) return undefined
  if (roots[kind] === undefined) return `${path}.root: the roots have no ${kind} root of this issuer`
  return root === roots[kind] ? undefined : `${path}.root: is not the issuer's ${kind} root`
}

type TreeRoots = { readonly registry?: bigint; readonly status?: bigint }
type HeldOpening = Parameters<typeof quaternaryRoot>[0] & { readonly root: bigint }

/** Returns the roots of one issuer, none if it is not listed. */
function rootsOf(roots: IssuerRoots, issuer: IssuerId): TreeRoots {
  if (!Object.hasOwn(roots.issuers, issuer)) return {}
  const own: unknown = roots.issuers[issuer]
  if (!isRecord(own)) throw new TypeError('roots of an issuer must be an object')
  const { registry, status } = own as TreeRoots
  if (registry !== undefined) assertField(registry, 'registry root')
  if (status !== undefined) assertField(status, 'status root')
  return own as TreeRoots
}

/** Runs a check and returns what it refuses as `path: message`; programming errors pass through. */
function problem(path: string, check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof SchemaError) return `${path}.${error.message}`
    if (error instanceof TypeError || error instanceof RangeError) return `${path}: ${error.message}`
    throw error
  }
}
