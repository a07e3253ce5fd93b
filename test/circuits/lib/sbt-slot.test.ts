import assert from 'node:assert/strict'
import { signMessage } from '@zk-kit/eddsa-poseidon'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { Registry } from '../../../src/merkle/index.js'
import type { MerkleProof } from '../../../src/merkle/proof.js'
import { createIssuer, type Issuer } from '../../../src/sbt/index.js'
import { bitsOf, survivorNames } from '../../support/circuit.js'
import { childrenOf } from './children.js'
import { gadget } from './gadgets.js'

// Everything here is computed from the protocol's text, not by the code that makes inputs for statements.

const NOW = 1_763_700_000n
const ANY_AGE = (1n << 64n) - 1n
const COMMITMENT = 123456789n
const STATUS_ID = 77

const issuer = createIssuer({ secret: new Uint8Array(32).fill(1) })
const stranger = createIssuer({ secret: new Uint8Array(32).fill(2) })

interface World {
  readonly by: Issuer
  /** The tag of the type in the anchor: a contract's type has the numbers of `issuer` all the same. */
  readonly typeTag: bigint
  readonly issuedAt: bigint
  readonly expiresAt: bigint
  readonly claims: readonly bigint[]
  readonly isSigned: bigint
  readonly isContract: bigint
  readonly acceptsSigned: bigint
  readonly acceptsRegistered: bigint
  readonly wantsStatus: bigint
  readonly maxAge: bigint
  readonly revoked: boolean
  readonly now: bigint
}

const standard: World = {
  by: issuer,
  typeTag: DOMAIN.keyType,
  issuedAt: NOW - 1000n,
  expiresAt: 0n,
  claims: Array.from({ length: 10 }, (_, i) => BigInt(i) + 1n),
  isSigned: 1n,
  isContract: 0n,
  acceptsSigned: 1n,
  acceptsRegistered: 1n,
  wantsStatus: 1n,
  maxAge: ANY_AGE,
  revoked: false,
  now: NOW,
}

/** Remembers the answers of something slow. */
function memo<T>(compute: (...args: bigint[]) => T): (...args: bigint[]) => T {
  const known = new Map<string, T>()
  return (...args) => {
    const key = args.join()
    if (!known.has(key)) known.set(key, compute(...args))
    return known.get(key) as T
  }
}

const signatureOf = memo((by, hash) => signMessage((by === 1n ? issuer : stranger).secret, hash as bigint))
const registryOf = memo((leaf) => new Registry({ leaves: [3n, leaf as bigint, 5n] }))
const statusOf = memo((revoked) => {
  const status = new Registry({ kind: 'status' })
  status.revoke(STATUS_ID + 1)
  if (revoked === 1n) status.revoke(STATUS_ID)
  return status
})

/** A snapshot of 64 anchors with one at place 37, opened there. */
function opened(leaf: bigint): { root: bigint; anchorIndex: bigint[]; anchorChildren: bigint[][] } {
  const anchorIndex = bitsOf(37n, 6)
  const zeroRow = (node: bigint): bigint[] => [node, node, node, node]
  const [zero1, zero2] = [poseidon(zeroRow(0n)), poseidon(zeroRow(poseidon(zeroRow(0n))))]
  const children = [zeroRow(0n), zeroRow(zero1), zeroRow(zero2)]
  const anchorChildren = mendPath({ leaf, index: anchorIndex, children })
  return { root: poseidon(anchorChildren[2] as bigint[]), anchorIndex, anchorChildren }
}

function make(change: Partial<World> = {}) {
  const o = { ...standard, ...change }
  const [salt, schemaHash, slot] = [42n, 4242n, 5n]
  const holder = poseidon([DOMAIN.holder, COMMITMENT, salt])
  const hash = poseidon([
    DOMAIN.sbt,
    schemaHash,
    holder,
    o.issuedAt,
    o.expiresAt,
    BigInt(STATUS_ID),
    ...o.claims,
  ])
  const type = poseidon([o.typeTag, ...o.by.publicKey, schemaHash])
  const leaf = poseidon([DOMAIN.registered, type, hash])
  const registry = registryOf(o.revoked ? 0n : leaf)
  const status = statusOf(o.revoked ? 1n : 0n)
  const flags = o.acceptsSigned + 2n * o.acceptsRegistered + 4n * o.wantsStatus + 8n * o.maxAge
  const anchor = poseidon([DOMAIN.anchor, slot, type, registry.root, status.root, flags])
  const { root: anchorsRoot, ...anchorOpening } = opened(anchor)
  const { R8, S } = signatureOf(o.by === issuer ? 1n : 2n, hash)
  const proof: MerkleProof = o.isSigned === 1n ? status.proof(STATUS_ID) : registry.proof(1)
  const inputs = {
    commitment: COMMITMENT,
    now: o.now,
    anchorsRoot,
    slot,
    salt,
    schemaHash,
    issuedAt: o.issuedAt,
    expiresAt: o.expiresAt,
    statusId: BigInt(STATUS_ID),
    claims: o.claims,
    issuer: o.by.publicKey,
    isContract: o.isContract,
    isSigned: o.isSigned,
    R8: [R8[0], R8[1]],
    s: S,
    // The path's own node is what the circuit says it is: 0 in a status tree, the leaf in a registry.
    ...childrenOf({ ...proof, leaf: o.isSigned === 1n ? 0n : leaf }),
    registryRoot: registry.root,
    statusRoot: status.root,
    acceptsSigned: o.acceptsSigned,
    acceptsRegistered: o.acceptsRegistered,
    wantsStatus: o.wantsStatus,
    maxAge: o.maxAge,
    ...anchorOpening,
  }
  return { inputs, hash, registry, status, leaf }
}

type SlotInputs = ReturnType<typeof make>['inputs']

describe('circuits/lib/sbt-slot', () => {
  const validOf = async (inputs: SlotInputs): Promise<bigint> => {
    const circuit = await gadget('SbtSlot(10, 3)')
    return circuit.value(await circuit.accept({ ...inputs }), 'valid')
  }
  /** The answer once an attacker has made both paths fit what they now have to hold. */
  const mendedValidOf = (inputs: SlotInputs): Promise<bigint> => validOf(mend(inputs))
  /** No witness whatsoever makes these inputs count. */
  const never = async (inputs: SlotInputs): Promise<void> => {
    const circuit = await gadget('SbtSlot(10, 3)')
    assert.equal(circuit.solve({ ...inputs }, { valid: 1n }).witnesses.length, 0)
  }

  it('counts a signed and a registered SBT, and gives the hash of its 16 fields', async () => {
    const circuit = await gadget('SbtSlot(10, 3)')
    for (const isSigned of [0n, 1n]) {
      const { inputs, hash } = make({ isSigned })
      const witness = await circuit.accept({ ...inputs })
      assert.deepEqual(circuit.publicSignals(witness).slice(0, 2), [1n, hash])
    }
  })

  it('every flag combination, way of anchoring, kind of issuer and revocation (soundness 14, 16, 26)', async () => {
    for (let bits = 0n; bits < 64n; bits++) {
      const [acceptsSigned, acceptsRegistered, wantsStatus, isSigned, isContract, revokedBit] = bitsOf(
        bits,
        6,
      ) as [bigint, bigint, bigint, bigint, bigint, bigint]
      const revoked = revokedBit === 1n
      const typeTag = isContract === 1n ? DOMAIN.contractType : DOMAIN.keyType
      const flags = { acceptsSigned, acceptsRegistered, wantsStatus }
      const { inputs } = make({ ...flags, isSigned, isContract, typeTag, revoked })
      const signed = isContract === 0n && acceptsSigned === 1n && (wantsStatus === 0n || !revoked)
      const registered = acceptsRegistered === 1n && !revoked
      assert.equal(await validOf(inputs), (isSigned === 1n ? signed : registered) ? 1n : 0n, `case ${bits}`)
    }
  })

  it('a contract does not sign, even if its numbers are a key that somebody holds (soundness 16)', async () => {
    const contract = { typeTag: DOMAIN.contractType, by: stranger, wantsStatus: 0n }
    await never(make({ ...contract, isContract: 1n }).inputs)
    await never(make({ ...contract, isContract: 0n }).inputs)
    // A key's registry does not pass for a contract's either.
    assert.equal(await mendedValidOf(make({ isSigned: 0n, isContract: 1n }).inputs), 0n)
    const numbers = { ...make({ isSigned: 0n }).inputs, issuer: [1n, 0xabcdefn] as const, isContract: 1n }
    assert.equal(await mendedValidOf(numbers), 0n)
  })

  it('another Soul, salt, schema, issuer, slot, claim or time than attested does not count (soundness 26)', async () => {
    for (const isSigned of [1n, 0n]) {
      const { inputs } = make({ isSigned })
      const changes: Partial<SlotInputs>[] = [
        { commitment: COMMITMENT + 1n },
        { salt: 43n },
        { schemaHash: 4243n },
        { issuer: stranger.publicKey },
        { slot: 6n },
        { slot: r - 1n },
        { issuedAt: inputs.issuedAt + 1n },
        { expiresAt: NOW + 5n },
        { claims: inputs.claims.with(9, 0n) },
        { anchorsRoot: inputs.anchorsRoot + 1n },
        { statusId: BigInt(STATUS_ID + 2) },
      ]
      for (const change of changes) assert.equal(await mendedValidOf({ ...inputs, ...change }), 0n)
    }
  })

  it('a signature of somebody else, over something else, or of a contract does not count', async () => {
    const { inputs } = make()
    const other = make({ by: stranger }).inputs
    assert.equal(await validOf({ ...inputs, R8: other.R8, s: other.s }), 0n)
    assert.equal(await validOf({ ...inputs, R8: [inputs.R8[1] as bigint, inputs.R8[0] as bigint] }), 0n)
    assert.equal(await validOf({ ...inputs, R8: [0n, 1n], s: 0n }), 0n)
  })

  it('registry root for status root and back: no mixture of roots counts (soundness 27)', async () => {
    const { inputs, registry, status } = make()
    const [reg, stat] = [registry.root, status.root]
    for (const [registryRoot, statusRoot] of [
      [stat, reg],
      [reg, reg],
      [stat, stat],
      [0n, stat],
      [reg, 0n],
    ] as const) {
      assert.equal(await mendedValidOf({ ...inputs, registryRoot, statusRoot }), 0n)
    }
  })

  it("an empty leaf of the registry does not pass as 'not revoked' (soundness 27)", async () => {
    const { inputs, registry } = make({ revoked: true })
    // In the registry, the place STATUS_ID is empty: a path to 0 under a root that the anchor names.
    const leaves = registry.leaves
    while (leaves.length <= STATUS_ID) leaves.push(0n)
    const empty = childrenOf(new Registry({ leaves }).proof(STATUS_ID))
    await never({ ...inputs, ...empty })
    assert.equal(await validOf({ ...inputs, ...empty }), 0n)
    // Nor does an empty leaf of the status tree elsewhere.
    const elsewhere = childrenOf(make().status.proof(STATUS_ID + 2))
    assert.equal(await validOf({ ...make().inputs, ...elsewhere }), 0n)
    assert.equal(await validOf({ ...make().inputs, ...elsewhere, statusId: BigInt(STATUS_ID + 2) }), 0n)
  })

  it('a status tree does not hold registered SBTs, and leaf 0 is never registered (soundness 11, 27)', async () => {
    const { inputs, leaf } = make({ isSigned: 0n, revoked: true })
    assert.equal(await validOf(inputs), 0n)
    await never(inputs)
    const circuit = await gadget('SbtSlot(10, 3)')
    // The node of the path must be the SBT's leaf, not the 0 that stands there now.
    const zero = inputs.children.with(
      0,
      (inputs.children[0] as bigint[]).map((child) => (child === leaf ? 0n : child)),
    )
    await circuit.refuse({ ...inputs, children: zero })
  })

  it('flags and maxAge are bound: no other opening of the same number counts (soundness 14)', async () => {
    const circuit = await gadget('SbtSlot(10, 3)')
    const eighth = inverseOf8()
    const strict = make({ acceptsSigned: 0n, maxAge: 100n, isSigned: 1n })
    const sum = 0n + 2n + 4n + 800n
    for (let flags = 0n; flags < 8n; flags++) {
      const [acceptsSigned, acceptsRegistered, wantsStatus] = bitsOf(flags, 3) as [bigint, bigint, bigint]
      const maxAge = ((((sum - flags) * eighth) % r) + r) % r
      const inputs = { ...strict.inputs, acceptsSigned, acceptsRegistered, wantsStatus, maxAge }
      if (flags === 6n) assert.equal(await validOf(inputs), 0n)
      else await circuit.refuse({ ...inputs })
    }
    // Were 1/2 a flag, one that is off could be opened as on, under the same number.
    const half = (r + 1n) / 2n
    await circuit.refuse({ ...strict.inputs, acceptsSigned: 1n, acceptsRegistered: half })
    for (const value of [2n, half]) {
      await circuit.refuse({ ...mend({ ...make({ isSigned: 0n }).inputs, isContract: value }) })
      await circuit.refuse({ ...mend({ ...make().inputs, isSigned: value }) })
    }
    for (const flag of [
      'acceptsSigned',
      'acceptsRegistered',
      'wantsStatus',
      'isSigned',
      'isContract',
    ] as const) {
      for (const value of [2n, r - 1n, (r + 1n) / 2n])
        await circuit.refuse({ ...make().inputs, [flag]: value })
    }
  })

  it('time: issuedAt <= now < expiresAt and age <= maxAge, to the second', async () => {
    const counts = async (change: Partial<World>): Promise<bigint> => validOf(make(change).inputs)
    const top = (1n << 64n) - 1n
    assert.equal(await counts({ issuedAt: NOW }), 1n)
    assert.equal(await counts({ issuedAt: NOW + 1n, maxAge: 1n << 32n }), 0n)
    // From the future under "any age", the age is not within 2^64 of maxAge: no witness instead of an answer.
    await never(make({ issuedAt: NOW + 1n }).inputs)
    assert.equal(await counts({ issuedAt: 0n }), 1n)
    assert.equal(await counts({ expiresAt: NOW + 1n }), 1n)
    assert.equal(await counts({ expiresAt: NOW }), 0n)
    assert.equal(await counts({ expiresAt: 1n }), 0n)
    assert.equal(await counts({ expiresAt: top }), 1n)
    assert.equal(await counts({ maxAge: 1000n }), 1n)
    assert.equal(await counts({ maxAge: 999n }), 0n)
    assert.equal(await counts({ maxAge: 0n, issuedAt: NOW }), 1n)
    assert.equal(await counts({ maxAge: 1n << 32n }), 1n)
    assert.equal(await counts({ now: top, issuedAt: 0n }), 1n)
    assert.equal(await counts({ now: 0n, issuedAt: 0n }), 1n)
    assert.equal(await counts({ now: 0n, issuedAt: 1n, maxAge: 60n }), 0n)
  })

  it('times beyond the field of clocks have no witness: r - 1 is not the far future (soundness 4)', async () => {
    const circuit = await gadget('SbtSlot(10, 3)')
    await circuit.refuse({ ...make({ expiresAt: 1n << 65n }).inputs })
    await circuit.refuse({ ...make({ issuedAt: (r - 1n) / 2n }).inputs })
    // As the integers next to now that they stand for: expired just before 1970, issued just before 1970.
    assert.equal(await validOf(make({ expiresAt: r - 1n }).inputs), 0n)
    assert.equal(await validOf(make({ issuedAt: r - 1n, maxAge: NOW }).inputs), 0n)
  })

  it('an unused slot has a witness with anything in it, and counts nothing (soundness 26)', async () => {
    const zero = Object.fromEntries(
      Object.entries(make().inputs).map(([name, value]) => [name, Array.isArray(value) ? zeros(value) : 0n]),
    ) as unknown as SlotInputs
    const unused = { ...zero, now: NOW, issuer: issuer.publicKey }
    const circuit = await gadget('SbtSlot(10, 3)')
    for (let bits = 0n; bits < 32n; bits++) {
      const [isContract, isSigned, acceptsSigned, acceptsRegistered, wantsStatus] = bitsOf(bits, 5) as [
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
      ]
      const flags = { isContract, isSigned, acceptsSigned, acceptsRegistered, wantsStatus }
      const inputs = mend({ ...unused, ...flags, anchorsRoot: make().inputs.anchorsRoot })
      assert.equal(await validOf(inputs), 0n, `flags ${bits}`)
      if (bits % 8n === 7n) assert.equal(circuit.solve({ ...inputs }, { valid: 1n }).witnesses.length, 0)
    }
  })

  it('mutation: no single wire of a counting SBT can be changed but what does not enter', async () => {
    const circuit = await gadget('SbtSlot(10, 3)')
    const signed = survivorNames(circuit.mutateAll(await circuit.accept({ ...make().inputs })))
    for (const name of signed) assert.match(name, /inverse$/)
    const registered = survivorNames(
      circuit.mutateAll(await circuit.accept({ ...make({ isSigned: 0n }).inputs })),
    )
    // The multiples of the key that stand in for a contract's are still checked.
    for (const name of registered) assert.match(name, /inverse$|^issuer/)
  })
})

function inverseOf8(): bigint {
  const half = (r + 1n) / 2n
  return (half * half * half) % r
}

function zeros(value: readonly unknown[]): unknown {
  return value.map((item) => (Array.isArray(item) ? zeros(item) : 0n))
}

/** Writes what the paths must hold into their children, up to the roots that follow. */
function mend(o: SlotInputs): SlotInputs {
  const leaf = ((1n - o.isSigned + r) * registeredLeaf(o)) % r
  return {
    ...o,
    children: mendPath({ leaf, index: o.index, children: o.children }),
    anchorChildren: mendPath({ leaf: anchorOf(o), index: o.anchorIndex, children: o.anchorChildren }),
  }
}

function mendPath(o: { leaf: bigint; index: readonly bigint[]; children: bigint[][] }): bigint[][] {
  let node = o.leaf
  return o.children.map((row, level) => {
    const mended = row.with(
      Number((o.index[2 * level] as bigint) + 2n * (o.index[2 * level + 1] as bigint)),
      node,
    )
    node = poseidon(mended)
    return mended
  })
}

function typeOf(o: SlotInputs): bigint {
  const tag = (DOMAIN.keyType + o.isContract * (DOMAIN.contractType - DOMAIN.keyType)) % r
  return poseidon([tag, ...o.issuer, o.schemaHash])
}

function registeredLeaf(o: SlotInputs): bigint {
  const holder = poseidon([DOMAIN.holder, o.commitment, o.salt])
  const hash = poseidon([DOMAIN.sbt, o.schemaHash, holder, o.issuedAt, o.expiresAt, o.statusId, ...o.claims])
  return poseidon([DOMAIN.registered, typeOf(o), hash])
}

function anchorOf(o: SlotInputs): bigint {
  const flags = o.acceptsSigned + 2n * o.acceptsRegistered + 4n * o.wantsStatus + 8n * o.maxAge
  return poseidon([DOMAIN.anchor, o.slot, typeOf(o), o.registryRoot, o.statusRoot, flags])
}
