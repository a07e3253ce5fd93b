import type { Address, Hex } from 'viem'
import { Registry } from '../../src/merkle/index.js'
import { anchorsRoot, type Policy, parsePolicy, policyDigest, type Roots } from '../../src/policy/index.js'
import { createProver, type Prover } from '../../src/prover/index.js'
import { createIssuer, defineSchema, type HeldSbt, issueSbt } from '../../src/sbt/index.js'
import { blindHolder, createSoul, type Soul } from '../../src/soul/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { exportSolidityVerifier } from '../../src/verifier/index.js'
import { compileApps, createHub, type Hub, policyArguments } from './apps.js'
import { type Deployed, type LocalChain, type PolicyProof, startChain, toPolicyProof } from './chain.js'
import { type CompiledContract, compileSolidity } from './solc.js'

/*
 * Where demo:dao, the examples and their tests take place: a village that signs who lives there, on a node of its own, with a hub
 * that believes it. Signatures, proofs and contracts are real; keys are development keys.
 */

/** What the village attests. */
export const RESIDENT = defineSchema({
  name: 'resident/1',
  claims: { village: 'string', since: 'uint', born: 'date' },
})

/** Nobody: a proof that is bound to this account can be sent by anybody. */
export const ANYBODY: Address = `0x${'0'.repeat(40)}`

const YEAR = 31_556_952n

/** Somebody who lives in the village. */
export interface Resident {
  readonly soul: Soul
  readonly sbts: readonly HeldSbt[]
}

/** What a proof is for. */
export interface Purpose {
  readonly app: Address
  readonly topic: bigint
  /** Hash of what is asked for, as the app's `payloadFor` returns it. */
  readonly payload: Hex
  /** By default {@link ANYBODY}. */
  readonly account?: Address
  /** Clock of the proof, by default that of the newest block. */
  readonly now?: bigint
}

/** The village, its node, and its hub. */
export interface Village extends AsyncDisposable {
  readonly chain: LocalChain
  readonly contracts: Readonly<Record<string, CompiledContract>>
  readonly factory: Deployed
  readonly hub: Hub
  readonly prover: Prover
  /** Id of the village as an issuer. */
  readonly issuer: string
  roots(): Roots
  /** Signs an SBT for a new Soul who has lived here since a year, and is of this age. */
  admit(o: { readonly since: bigint; readonly age: bigint; readonly issuedAt?: bigint }): Resident
  /** Writes a policy about residents, adds it to the hub, and publishes its anchors. */
  addPolicy(require: object, rest?: object): Promise<Policy>
  publish(policy: Policy): Promise<void>
  /** Proves on the resident's machine, for what the hub says a proof has to be bound to. */
  prove(resident: Resident, policy: Policy, purpose: Purpose): Promise<PolicyProof>
}

/** Opens the village. It ends when it is disposed of, or with this process. */
export async function openVillage(): Promise<Village> {
  const chain = await startChain()
  const contracts = compileApps()
  const source = exportSolidityVerifier({ verificationKey: VERIFICATION_KEYS['policy-s']!.key })
  const verifier = await chain.deploy(
    compileSolidity({ sources: { 'Verifier.sol': source } }).Groth16Verifier!,
  )
  const factory = await chain.deploy(contracts.PolicyHubFactory!)
  const [admin] = chain.wallets.map(({ account }) => account.address)
  const hub = await createHub(chain, {
    ...{ contracts, factory, isUpgradeable: true, allowsDevelopmentKeys: true },
    roles: { admin: admin!, policies: admin!, publisher: admin!, guardian: admin!, delay: 3 * 86_400 },
  })
  const prover = await createProver()
  const issuer = createIssuer()
  const status = new Registry({ kind: 'status' })
  const { timestamp } = await chain.client.getBlock()
  const roots = (): Roots => ({ issuers: { [issuer.id]: { status: status.root } } })
  let admitted = 0

  const publish = async (policy: Policy): Promise<void> => {
    const root = anchorsRoot({ policy, roots: roots() })
    await chain.send({ to: hub, name: 'publishAnchorsRoot', args: [policyDigest(policy), root] })
  }
  return {
    ...{ chain, contracts, factory, hub, prover, issuer: issuer.id, roots, publish },
    admit({ since, age, issuedAt = timestamp - YEAR }) {
      const soul = createSoul()
      const { holder, salt } = blindHolder({ soul })
      const statusId = admitted++
      const { sbt, signature } = issueSbt({
        ...{ issuer, schema: RESIDENT, holder, issuedAt, statusId },
        claims: { village: 'Gruyères', since, born: timestamp - age * YEAR },
      })
      return {
        soul,
        sbts: [{ sbt, salt, anchor: { signature: signature!, status: status.proof(statusId) } }],
      }
    },
    async addPolicy(require, rest = {}) {
      const policy = parsePolicy({
        version: 1,
        schemas: { [RESIDENT.name]: RESIDENT.claims },
        sbts: { home: { issuers: [issuer.id], schema: RESIDENT.name } },
        require,
        ...rest,
      })
      const times = { maxRootAge: 30 * 86_400, grace: 3600, maxClockSkew: 300 }
      const args = policyArguments({ policy, verifier: verifier.address, times })
      await chain.send({ to: hub, name: 'addPolicy', args })
      await publish(policy)
      return policy
    },
    async prove({ soul, sbts }, policy, { app, topic, payload, account = ANYBODY, now }) {
      const [scope, message] = (await Promise.all([
        chain.read({ to: hub, name: 'scopeOf', args: [app, topic] }),
        chain.read({ to: hub, name: 'messageOf', args: [app, account, payload] }),
      ])) as [bigint, bigint]
      const clock = now ?? (await chain.client.getBlock()).timestamp
      return toPolicyProof(
        await prover.prove({ soul, sbts, policy, roots: roots(), now: clock, scope, message }),
      )
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([prover.dispose(), chain.stop()])
    },
  }
}
