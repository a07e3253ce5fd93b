import { readFileSync } from 'node:fs'
import type { Envelope } from '../../src/envelope.js'
import { readR1cs } from '../../src/formats/r1cs.js'
import { readSymbols } from '../../src/formats/symbols.js'
import { readWitness, writeWitness } from '../../src/formats/witness.js'
import { openZkey } from '../../src/formats/zkey.js'
import { Group, proofFromJson, proofToJson, Registry, SetTree } from '../../src/merkle/index.js'
import {
  anchorsRoot,
  compilePolicy,
  evaluatePolicy,
  explainPolicy,
  type Policy,
  parsePolicy,
  policyDigest,
} from '../../src/policy/index.js'
import type { Prover } from '../../src/prover/index.js'
import { createIssuer, defineSchema, issueSbt, verifySbt } from '../../src/sbt/index.js'
import { heldSbtFromJson, heldSbtToJson, issuerRootsFromJson, issuerRootsToJson } from '../../src/sbt/json.js'
import { blindHolder, createSoul, importSoul } from '../../src/soul/index.js'
import { soulFromJson, soulToJson } from '../../src/soul/json.js'
import { contextSignals } from '../../src/statements/context.js'
import { prepareMembership } from '../../src/statements/membership.js'
import {
  exportSolidityVerifier,
  parseVerificationKey,
  type Verifier,
  verifyGroth16,
  verifyGroth16Batch,
} from '../../src/verifier/index.js'
import { openCircuit } from '../support/circuit.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, refresh, rootsOf } from '../support/world.js'
import { type Target, WrongAnswer } from './fuzz.js'
import { provingTargets, shortOfProof } from './short-of-proof.js'

const office = openOffice(200)
const held = [
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 4n }),
  grant({ office, schema: CITIZENSHIP, claims: { country: 'FR', birthDate: 7n }, salt: 5n, by: 'registry' }),
].map((one) => refresh(one, office))
const roots = rootsOf(office)
const policyJson = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims, 'x/1': { n: 'uint', i: 'int', b: 'bool', f: 'field' } },
  sbts: {
    a: { issuers: [office.id], schema: 'citizenship/1', maxAge: 1000, revocation: 'none' },
    b: { issuers: [office.id, 'eip155:1:0x0101010101010101010101010101010101010101'], schema: 'x/1' },
  },
  require: {
    any: [
      {
        all: [
          { claim: 'a.country', in: ['CA', 'FR'] },
          { claim: 'a.birthDate', lte: { now: -5 } },
        ],
      },
      {
        weighted: [
          [50, { has: 'b' }],
          [20, { not: { claim: 'b.n', between: [3, '9'] } }],
        ],
        min: 60,
      },
      {
        atLeast: 1,
        of: [
          { claim: 'b.i', gt: -4 },
          { claim: 'b.f', neq: '0x1f' },
        ],
      },
    ],
  },
}
const person = defineSchema({ name: 'person/1', claims: { country: 'string', seed: 'field' } })
const people = [
  refresh(grant({ office, schema: person, claims: { country: 'CA', seed: 9n }, salt: 6n }), office),
]
const simple = {
  version: 1,
  schemas: { 'person/1': { country: 'string', seed: 'field' } },
  sbts: { a: { issuers: [office.id], schema: 'person/1' } },
  require: { claim: 'a.country', eq: 'CA' },
  reveal: ['a.country'],
  nullifier: { claim: 'a.seed' },
}

/** A valid proof of membership with what its verifier expects. */
export interface Proved {
  readonly prover: Prover
  readonly verifier: Verifier
  readonly group: Group
  readonly envelope: Envelope
}

/** Every public entry point, and the parsers of files. */
export async function fuzzTargets(proved?: Proved): Promise<Target[]> {
  const zkeys = (name: string): Uint8Array => readFileSync(new URL(`../../zkeys/${name}`, import.meta.url))
  const vkey = JSON.parse(Buffer.from(zkeys('membership.vkey.json')).toString())
  const small = await openCircuit({
    source: 'template T() { signal input a; signal output b; b <== a * a; } component main = T();',
  })
  const witness = writeWitness(await small.accept({ a: 3n }))
  // biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
  const any = (call: (input: any) => unknown) => call as (input: unknown) => unknown
  const policy = parsePolicy(simple)
  const targets: Target[] = [
    {
      name: 'parsePolicy',
      samples: [policyJson, simple],
      call: (input) => {
        const parsed = parsePolicy(input)
        explainPolicy(parsed)
        policyDigest(parsed)
        compilePolicy(parsed)
      },
    },
    { name: 'createSoul', samples: [{ seed: new Uint8Array(32) }], call: any(createSoul) },
    { name: 'importSoul', samples: [{ secret: 5n }, { semaphore: 'dGVzdA==' }], call: any(importSoul) },
    { name: 'blindHolder', samples: [{ soul: ALICE }], call: any(blindHolder) },
    { name: 'soulFromJson', samples: [soulToJson(ALICE)], call: soulFromJson },
    {
      name: 'defineSchema',
      samples: [{ name: 'a/1', claims: { a: 'uint', b: 'date' } }],
      call: any(defineSchema),
    },
    { name: 'createIssuer', samples: [{ secret: new Uint8Array(32).fill(1) }], call: any(createIssuer) },
    {
      name: 'issueSbt',
      samples: [
        {
          issuer: office.issuer,
          schema: CITIZENSHIP,
          holder: 5n,
          claims: { country: 'CA', birthDate: 5n },
          issuedAt: NOW,
          expiresAt: 0n,
          statusId: 3,
        },
      ],
      call: any(issueSbt),
    },
    {
      name: 'verifySbt',
      samples: held.map((one) => ({ ...one, soul: ALICE, now: NOW, roots })),
      call: any(verifySbt),
    },
    { name: 'heldSbtFromJson', samples: held.map(heldSbtToJson), call: heldSbtFromJson },
    {
      name: 'issuerRootsFromJson',
      samples: [issuerRootsToJson(roots)],
      call: (input) => issuerRootsFromJson(input),
    },
    {
      name: 'Registry',
      samples: [{ kind: 'status', leaves: [1n, 0n, 1n] }],
      call: any((o) => new Registry(o).root),
    },
    { name: 'Group', samples: [[5n, 6n, 0n, 7n]], call: any((members) => new Group(members).root) },
    { name: 'SetTree', samples: [[5n, 'CA', 2n ** 200n]], call: any((values) => new SetTree(values).root) },
    {
      name: 'proofFromJson',
      samples: [proofToJson(office.registry.proof(0)), proofToJson(new SetTree([4n]).proof(4n))],
      call: (input) => proofFromJson(input),
    },
    {
      name: 'evaluatePolicy',
      samples: [{ policy, roots, now: NOW, soul: ALICE, sbts: held }],
      call: any((o) => evaluatePolicy({ ...o, policy })),
    },
    {
      name: 'anchorsRoot',
      samples: [{ roots }],
      call: any((o) => anchorsRoot(typeof o === 'object' && o !== null ? { ...o, policy } : o)),
    },
    { name: 'parseVerificationKey', samples: [vkey], call: parseVerificationKey },
    {
      name: 'exportSolidityVerifier',
      samples: [{ verificationKey: vkey, contractName: 'Verifier' }],
      call: any(exportSolidityVerifier),
    },
    {
      name: 'readR1cs',
      samples: [zkeys('membership.r1cs').slice(0, 200), Uint8Array.from(r1csOf())],
      call: any(readR1cs),
    },
    {
      name: 'readSymbols',
      samples: [new TextEncoder().encode('1,1,0,main.a\n2,-1,0,main.b\n')],
      call: any(readSymbols),
    },
    { name: 'readWitness', samples: [witness], call: any(readWitness) },
    { name: 'openZkey', samples: [zkeys('membership.zkey')], call: any(openZkey) },
  ]
  if (proved !== undefined) {
    const { prover, verifier, group, envelope } = proved
    const context = { scope: 'fuzz', message: 'fuzz' }
    const prepared = prepareMembership({ soul: ALICE, group, context: contextSignals(context) })
    const groth16 = { verificationKey: vkey, publicSignals: envelope.publicSignals, proof: envelope.proof }
    const isSame = (given: unknown): boolean => {
      const one = given as Envelope
      return (
        JSON.stringify(one.publicSignals) === JSON.stringify(envelope.publicSignals) &&
        JSON.stringify(one.proof) === JSON.stringify(envelope.proof)
      )
    }
    targets.push(
      {
        name: 'verify',
        samples: [envelope],
        call: async (input) => {
          // An envelope never makes it throw.
          const result = await verifier
            .verify({ ...context, statement: 'membership', roots: [group.root], envelope: input })
            .catch((error: unknown) => {
              throw new WrongAnswer(`throws ${(error as Error).name} for an envelope`)
            })
          if (result.valid && JSON.stringify(input) !== JSON.stringify(envelope)) {
            throw new WrongAnswer('accepts an envelope that was changed')
          }
        },
      },
      {
        name: 'verify options',
        samples: [{ ...context, statement: 'membership', roots: [group.root], envelope }],
        call: any(verifier.verify),
      },
      {
        name: 'verifyGroth16',
        samples: [groth16],
        call: async (input) => {
          const valid = await verifyGroth16(input as typeof groth16)
          if (valid && !isSame(input)) throw new WrongAnswer('accepts a proof that was changed')
        },
      },
      {
        name: 'verifyGroth16Batch',
        samples: [{ verificationKey: vkey, proofs: [groth16, groth16] }],
        call: any(verifyGroth16Batch),
      },
      ...provingTargets(
        {
          name: 'prove',
          samples: [{ ...context, statement: 'membership', soul: ALICE, group: group.proof(1) }],
          // biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
          call: (input: any, prover) => prover.prove(input),
          most: 30_000,
        },
        prover,
      ),
      {
        name: 'prove anything',
        samples: [
          { ...context, statement: 'membership', soul: ALICE, group },
          { ...context, roots, now: NOW, soul: ALICE, sbts: people, signal: undefined },
          { statement: 'ledger-batch', batch: prepared },
          { statement: 'ledger-history', history: prepared },
        ],
        // A policy is what parsePolicy returned: its parts are no input.
        call: any((o) =>
          shortOfProof(prover, ({ prove }) =>
            prove(typeof o === 'object' && o !== null ? { policy, ...o } : o),
          ),
        ),
        cost: 4,
      },
      {
        name: 'policies of another form',
        samples: [policyJson, simple],
        cost: 2,
        async call(given) {
          const other = given as Policy
          const wallet = { policy: other, roots, now: NOW, soul: ALICE, sbts: people }
          const asks: Readonly<Record<string, () => unknown>> = {
            policyDigest: () => policyDigest(other),
            compilePolicy: () => compilePolicy(other),
            explainPolicy: () => explainPolicy(other),
            anchorsRoot: () => anchorsRoot({ policy: other, roots }),
            evaluatePolicy: () => evaluatePolicy(wallet),
            verify: () => verifier.verify({ ...context, policy: other, roots: [roots], now: NOW, envelope }),
            prove: () => prover.prove({ ...context, ...wallet }),
          }
          for (const [name, ask] of Object.entries(asks)) {
            const refused = await Promise.resolve()
              .then(ask)
              .catch((error: unknown) => error)
            if (!(refused instanceof TypeError)) throw new WrongAnswer(`${name} takes it`)
            if (!refused.message.startsWith('policy must be')) throw refused
          }
        },
      },
      {
        name: 'provePrepared',
        samples: [{ statement: 'membership', ...prepared, revealed: {} }],
        call: any((o) => shortOfProof(prover, (short) => short.provePrepared(o))),
      },
      {
        name: 'groth16',
        samples: [{ provingKey: zkeys('membership.zkey').slice(0, 500), witness }],
        call: any(prover.groth16),
      },
    )
  }
  return targets
}

/** A small system over the field: a * a = b. */
function r1csOf(): Uint8Array {
  return readFileSync(new URL('../../zkeys/membership.r1cs', import.meta.url)).subarray(0, 4096)
}
