import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Abi, encodeAbiParameters, type Hex, parseAbiParameters } from 'viem'
import { poseidon } from '../../src/crypto/poseidon.js'
import { Registry } from '../../src/merkle/index.js'
import { anchorsRoot, type Policy, parsePolicy, policyDigest, type Roots } from '../../src/policy/index.js'
import type { Prover } from '../../src/prover/index.js'
import { createIssuer, defineSchema, type HeldSbt, issueSbt } from '../../src/sbt/index.js'
import { blindHolder, type Soul } from '../../src/soul/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { exportSolidityVerifier } from '../../src/verifier/index.js'
import type { Foreign } from '../../test/support/foreign.js'
import { type Deployed, type LocalChain, type PolicyProof, toPolicyProof } from './chain.js'
import { linkLibraries, packageSources } from './foreign-solidity.js'
import { fetchPackage } from './packages.js'
import { compileSolidity } from './solc.js'

/*
 * MACI 2.5.0 with a policy at its door. Its contracts are used as its package has them compiled; of what that package depends
 * on, hardhat among it, nothing is needed.
 */

/** MACI's contracts, sources and compiled. */
export const MACI_CONTRACTS: Foreign = {
  name: 'maci-contracts',
  version: '2.5.0',
  integrity:
    'sha512-zu6C1xx3CBaj79N5Tui2jyhK17M0LMiN6b7C6u3sCtS08Qp7AWsQnsloNZGIPuuQzCUxylz1SREzXhnoFexSfg==',
}

/** Depth of MACI's state tree in the smallest of its published parameters. */
export const STATE_TREE_DEPTH = 10

/** Credits of each voter. */
export const VOICE_CREDITS = 100n

const TREES = { state: 2, voteOptions: 5 } as const
const MAX_ROOT_AGE = 7n * 86_400n

/** A point of Baby Jubjub as MACI's contracts take it. */
export interface MaciKey {
  readonly x: bigint
  readonly y: bigint
}

/** MACI on a chain, with a gatekeeper that asks for a policy. */
export interface MaciOnChain {
  readonly maci: Deployed
  readonly gatekeeper: Deployed
  /** Deploys another of MACI's contracts, named by its path, such as `VkRegistry` or `crypto/Verifier`. */
  deploy(path: string, args?: readonly unknown[]): Promise<Deployed>
  /** Deploys a gatekeeper for a policy, without a MACI. */
  deployGatekeeper(o: { readonly policy: Policy; readonly roots: Roots }): Promise<Deployed>
  /** The interface of one of MACI's contracts. */
  abi(path: string): Abi
}

/**
 * Deploys MACI's own contracts and a gatekeeper for a policy that compiles to `policy-s`, whose roots are published for a week.
 * The first wallet owns all of it.
 */
export async function deployMaci(o: {
  readonly chain: LocalChain
  readonly policy: Policy
  readonly roots: Roots
}): Promise<MaciOnChain> {
  const { chain } = o
  const folder = await fetchPackage(MACI_CONTRACTS)
  const compiled = (path: string): { abi: Abi; bytecode: string } => {
    const name = path.split('/').at(-1)
    const file = join(folder, 'build/artifacts/contracts', `${path}.sol`, `${name}.json`)
    return JSON.parse(readFileSync(file, 'utf8')) as { abi: Abi; bytecode: string }
  }
  const libraries: Record<string, Hex> = {}
  const deploy = (path: string, args: readonly unknown[] = []): Promise<Deployed> => {
    const { abi, bytecode } = compiled(path)
    const linked = linkLibraries({ bytecode, libraries })
    return chain.deploy({ abi, bytecode: linked, runtimeSize: 0 }, args)
  }
  for (const width of [3, 4, 5, 6]) {
    const { address } = await deploy(`crypto/PoseidonT${width}`)
    libraries[`contracts/crypto/PoseidonT${width}.sol:PoseidonT${width}`] = address
  }

  const contracts = compileSolidity({
    sources: {
      'Verifier.sol': exportSolidityVerifier({ verificationKey: VERIFICATION_KEYS['policy-s']!.key }),
      'maci/PolicySignUpGatekeeper.sol': readFileSync(
        new URL('../../contracts/maci/PolicySignUpGatekeeper.sol', import.meta.url),
        'utf8',
      ),
      ...packageSources({
        units: ['maci-contracts/contracts/gatekeepers/SignUpGatekeeper.sol'],
        folders: { 'maci-contracts': folder },
      }),
    },
  })
  const verifier = await chain.deploy(contracts.Groth16Verifier!)
  const deployGatekeeper: MaciOnChain['deployGatekeeper'] = async ({ policy, roots }) => {
    const settings = {
      verifier: verifier.address,
      policyDigest: policyDigest(policy),
      maxRootAge: MAX_ROOT_AGE,
      maxClockSkew: 300n,
      disclosesHandle: false,
      allowDevelopmentKey: true,
      owner: chain.wallets[0]!.account.address,
    }
    const { abi, ...deployed } = await chain.deploy(contracts.PolicySignUpGatekeeper!, [settings])
    // MACI's errors come through it.
    const errors = compiled('MACI').abi.filter(({ type }) => type === 'error')
    const gatekeeper = { ...deployed, abi: [...abi, ...errors] }
    const root = anchorsRoot({ policy, roots })
    await chain.send({ to: gatekeeper, name: 'publishAnchorsRoot', args: [root] })
    return gatekeeper
  }

  const gatekeeper = await deployGatekeeper(o)
  const factories = []
  for (const name of ['PollFactory', 'MessageProcessorFactory', 'TallyFactory']) {
    factories.push((await deploy(name)).address)
  }
  const credits = await deploy('initialVoiceCreditProxy/ConstantInitialVoiceCreditProxy', [VOICE_CREDITS])
  const maci = await deploy('MACI', [
    ...factories,
    gatekeeper.address,
    credits.address,
    STATE_TREE_DEPTH,
    [1, 2, 3, 4, 5].map((depth) => emptyBallotRoot(STATE_TREE_DEPTH, depth)),
  ])
  await chain.send({ to: gatekeeper, name: 'setMaciInstance', args: [maci.address] })
  return { maci, gatekeeper, deploy, deployGatekeeper, abi: (path) => compiled(path).abi }
}

/** The root of a tree of ballots on which nobody has voted. */
export function emptyBallotRoot(stateTreeDepth: number, voteOptionTreeDepth: number): bigint {
  const emptyRoot = (leaf: bigint, arity: number, depth: number): bigint => {
    let node = leaf
    for (let level = 0; level < depth; level++) node = poseidon(Array(arity).fill(node))
    return node
  }
  const ballot = poseidon([0n, emptyRoot(0n, TREES.voteOptions, voteOptionTreeDepth)])
  return emptyRoot(ballot, TREES.state, stateTreeDepth)
}

/** What `enter` of the gatekeeper takes besides the proof: the key to sign up, and nothing for the proxy of credits. */
export function signUpPayload(key: MaciKey): Hex {
  return encodeAbiParameters(parseAbiParameters('(uint256 x, uint256 y), bytes'), [key, '0x'])
}

/** A Soul with what it holds. */
export interface Voter {
  readonly soul: Soul
  readonly sbts: readonly HeldSbt[]
}

/** Who may vote: an office registers each resident once, with a secret seed from which the nullifier follows. */
export interface Electorate {
  readonly policy: Policy
  /** The roots as they are published now. */
  readonly roots: Roots
  /** Attests that a Soul is that of a resident. The same seed for two Souls says that they are one person's. */
  register(o: { readonly soul: Soul; readonly seed: bigint; readonly county?: string }): Voter
}

/** Opens the office of a county, Lane if none is named; every SBT is issued a day before `now`, in Unix seconds. */
export function createElectorate(o: {
  readonly now: bigint
  readonly secret?: Uint8Array
  readonly county?: string
}): Electorate {
  const { county: own = 'Lane' } = o
  const issuer = createIssuer(o.secret === undefined ? {} : { secret: o.secret })
  const status = new Registry({ kind: 'status' })
  const schema = defineSchema({ name: 'resident/1', claims: { county: 'string', seed: 'field' } })
  const policy = parsePolicy({
    version: 1,
    schemas: { [schema.name]: schema.claims },
    sbts: { resident: { issuers: [issuer.id], schema: schema.name } },
    require: { claim: 'resident.county', eq: own },
    nullifier: { claim: 'resident.seed' },
  })
  return {
    policy,
    roots: { issuers: { [issuer.id]: { status: status.root } } },
    register({ soul, seed, county = own }) {
      const { holder, salt } = blindHolder({ soul })
      const { sbt, signature } = issueSbt({
        ...{ issuer, schema, holder, claims: { county, seed } },
        ...{ issuedAt: o.now - 86_400n, statusId: 9 },
      })
      return { soul, sbts: [{ sbt, salt, anchor: { signature: signature!, status: status.proof(9) } }] }
    },
  }
}

/** Proves to a gatekeeper that a Soul may vote, for one sender and one key. */
export async function proveSignUp(o: {
  readonly chain: LocalChain
  readonly prover: Prover
  readonly gatekeeper: Deployed
  readonly electorate: Pick<Electorate, 'policy' | 'roots'>
  readonly voter: Voter
  readonly key: MaciKey
  /** Index of the wallet that is to send it. */
  readonly from: number
}): Promise<PolicyProof> {
  const { chain, gatekeeper, electorate, voter, key, from } = o
  const sender = chain.wallets[from]!.account.address
  const { timestamp } = await chain.client.getBlock()
  const envelope = await o.prover.prove({
    scope: (await chain.read({ to: gatekeeper, name: 'scope' })) as bigint,
    message: (await chain.read({
      to: gatekeeper,
      name: 'messageFor',
      args: [sender, signUpPayload(key)],
    })) as bigint,
    policy: electorate.policy,
    roots: electorate.roots,
    now: timestamp,
    ...voter,
  })
  return toPolicyProof(envelope)
}

/** Sends a proof to the gatekeeper, which has MACI sign up the key. */
export function signUp(o: {
  readonly chain: LocalChain
  readonly gatekeeper: Deployed
  readonly proof: PolicyProof
  readonly key: MaciKey
  readonly from: number
}): ReturnType<LocalChain['send']> {
  const { chain, gatekeeper, proof, key, from } = o
  return chain.send({ to: gatekeeper, name: 'enter', args: [proof, signUpPayload(key)], from })
}
