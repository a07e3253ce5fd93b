import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  type AbiFunction,
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  keccak256,
  parseAbiParameters,
  parseEventLogs,
  type TransactionReceipt,
  toHex,
} from 'viem'
import { deployHashers, deployToken, type Hashers, type Hub, souldropTiers } from '../../scripts/lib/apps.js'
import type { Deployed, PolicyProof } from '../../scripts/lib/chain.js'
import { poseidonSource } from '../../scripts/lib/poseidon-source.js'
import { compileSolidity, readContract } from '../../scripts/lib/solc.js'
import { poseidonTables } from '../../src/chain/poseidon.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { Registry } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import { defineSchema, issueSbt } from '../../src/sbt/index.js'
import { holderOf } from '../../src/soul/index.js'
import {
  assertDeployReverts,
  assertReverts,
  executionGas,
  matchSnapshot,
  randomWords,
  undoAfterEach,
} from '../support/chain.js'
import { ALICE as ALICE_SOUL, BOB as BOB_SOUL } from '../support/world.js'
import {
  ADMIN,
  ALICE,
  DELAY,
  GUARDIAN,
  MALLORY,
  messageOf,
  PUBLISHER,
  type Stage,
  scopeOf,
  startStage,
  ZERO_ADDRESS,
} from './apps-support.js'
import type { Signals } from './eleven-signals.js'

const [GOLD, SILVER, ROOT, NULLIFIER] = randomWords('apps', 4).map((word) => word % r) as [
  bigint,
  bigint,
  bigint,
  bigint,
]
const DAY = 86_400n

describe('apps on a hub', () => {
  let stage: Stage
  let hub: Hub
  let hashers: Hashers

  before(async () => {
    stage = await startStage()
    hub = await stage.createHub(true)
    for (const digest of [GOLD, SILVER]) {
      await stage.addPolicy(hub, digest)
      await stage.publish(hub, digest, ROOT)
    }
    hashers = await deployHashers(stage.chain, stage.contracts)
  })
  after(() => stage?.chain.stop())
  undoAfterEach(() => stage.chain)

  /** Proves for an app's topic and payload, for anybody to send unless an account is given. */
  async function proveFor(o: {
    readonly app: Deployed
    readonly payload: Hex
    readonly policyDigest?: bigint
    readonly topic?: bigint
    readonly account?: Address
    readonly signals?: Partial<Signals>
  }): Promise<PolicyProof> {
    const { app, payload, policyDigest = GOLD, topic = 0n, account = ZERO_ADDRESS } = o
    const { chainId } = stage.chain
    return stage.prove({
      ...{ nullifier: NULLIFIER, policyDigest, anchorsRoot: ROOT, now: await stage.now() },
      scope: scopeOf(chainId, hub.address, app.address, topic),
      message: messageOf(chainId, hub.address, app.address, account, payload),
      ...o.signals,
    })
  }

  const withHub = (app: Deployed): Deployed => ({ ...app, abi: [...app.abi, ...hub.abi] })
  const read = (to: Deployed, name: string, args: readonly unknown[] = []): Promise<unknown> =>
    stage.chain.read({ to, name, args })
  const send = (
    to: Deployed,
    name: string,
    args: readonly unknown[],
    from = MALLORY as number,
  ): Promise<TransactionReceipt> => stage.chain.send({ to: withHub(to), name, args, from })
  const gas: Record<string, number> = {}
  const meter = async (name: string, receipt: TransactionReceipt): Promise<void> => {
    gas[`${name}, without calldata`] = await executionGas(stage.chain, receipt)
  }

  describe('TieredSouldrop', () => {
    const AMOUNTS = [1000n, 300n]
    let token: Deployed
    let start: bigint

    beforeEach(async () => {
      token = await stage.chain.deploy(stage.contracts.CallbackToken!)
      start = await stage.now()
    })

    async function deployDrop(changes: object = {}, funds = 5000n): Promise<Deployed> {
      const drop = await stage.chain.deploy(stage.contracts.TieredSouldrop!, [
        {
          hub: hub.address,
          token: token.address,
          deadline: start + 10n * DAY,
          vestingStart: 0n,
          vestingSeconds: 0n,
          treasury: stage.address(ADMIN),
          ...changes,
        },
        [GOLD, SILVER].map((policyDigest, i) => ({ policyDigest, amount: AMOUNTS[i] })),
      ])
      await send(token, 'transfer', [drop.address, funds], ADMIN)
      return withHub(drop)
    }

    const payloadOf = (tier: number, recipient: Address): Hex =>
      keccak256(encodeAbiParameters(parseAbiParameters('uint256, address'), [BigInt(tier), recipient]))

    async function proveClaim(
      drop: Deployed,
      o: { tier?: number; recipient?: Address; signals?: Partial<Signals> } = {},
    ): Promise<PolicyProof> {
      const { tier = 0, recipient = stage.address(ALICE), signals = {} } = o
      const policyDigest = tier === 0 ? GOLD : SILVER
      return proveFor({ app: drop, payload: payloadOf(tier, recipient), policyDigest, signals })
    }

    const claim = (
      drop: Deployed,
      proof: PolicyProof,
      tier = 0,
      recipient = stage.address(ALICE),
    ): Promise<TransactionReceipt> => send(drop, 'claim', [BigInt(tier), recipient, proof])
    /** Leaves gas for the call in the callback, which an estimate leaves out because its failure changes nothing. */
    const claimWithGas = async (drop: Deployed, recipient: Address, proof: PolicyProof): Promise<void> => {
      const hash = await stage.chain.wallets[MALLORY]!.writeContract({
        ...{ address: drop.address, abi: drop.abi, functionName: 'claim' },
        ...{ args: [0n, recipient, proof], gas: 2_000_000n },
      } as never)
      await stage.chain.client.waitForTransactionReceipt({ hash })
    }
    const balance = (of: Address): Promise<unknown> => read(token, 'balanceOf', [of])

    it('pays a tier’s amount to the recipient in the proof, whoever sends it', async () => {
      const drop = await deployDrop()
      assert.equal(
        await read(drop, 'payloadFor', [1n, stage.address(ALICE)]),
        payloadOf(1, stage.address(ALICE)),
      )
      await meter('TieredSouldrop.claim, paid at once', await claim(drop, await proveClaim(drop)))
      assert.equal(await balance(stage.address(ALICE)), 1000n)
      const silver = await proveClaim(drop, { tier: 1, signals: { nullifier: 2n } })
      await claim(drop, silver, 1)
      assert.equal(await balance(stage.address(ALICE)), 1300n)
    })

    it('refuses a second tier for the same Soul, a proof for another tier, and another recipient', async () => {
      const drop = await deployDrop()
      const gold = await proveClaim(drop)
      const silver = await proveClaim(drop, { tier: 1 })
      await assertReverts(claim(drop, silver, 0), 'PolicyHub__ProofInvalid')
      await assertReverts(claim(drop, gold, 0, stage.address(MALLORY)), 'PolicyHub__ProofInvalid')
      await assertReverts(claim(drop, gold, 0, ZERO_ADDRESS), 'TieredSouldrop__RecipientInvalid')
      await claim(drop, silver, 1)
      await assertReverts(claim(drop, gold), 'PolicyHub__NullifierSpent')
    })

    it('refuses re-entry through a token callback: the same proof, and the same release', async () => {
      const thief = await stage.chain.deploy(stage.contracts.Reentrant!)
      const drop = await deployDrop()
      const proof = await proveClaim(drop, { recipient: thief.address })
      const again = encodeFunctionData({
        ...{ abi: drop.abi, functionName: 'claim' },
        args: [0n, thief.address, proof],
      })
      await send(thief, 'prepare', [drop.address, again])
      await claimWithGas(drop, thief.address, proof)
      assert.equal(await read(thief, 'calls'), 1n)
      assert.equal(await read(thief, 'successes'), 0n)
      assert.equal(await read(thief, 'reason'), keccak256(toHex('PolicyHub__NullifierSpent()')).slice(0, 10))
      assert.equal(await balance(thief.address), 1000n)

      const vesting = await deployDrop({ vestingStart: start - 50n, vestingSeconds: 1_000_000n })
      const release = encodeFunctionData({ abi: vesting.abi, functionName: 'release', args: [NULLIFIER] })
      await send(thief, 'prepare', [vesting.address, release])
      await stage.moveTo(start + 200_000n - 50n)
      await stage.publish(hub, GOLD, ROOT)
      const late = await proveClaim(vesting, { recipient: thief.address })
      await claimWithGas(vesting, thief.address, late)
      assert.equal(await read(thief, 'calls'), 2n)
      // It could call, and what that released was nothing more.
      assert.equal(await read(thief, 'successes'), 1n)
      assert.equal(await balance(thief.address), 1200n)
      assert.equal(await read(vesting, 'promised'), 800n)
    })

    it('releases a grant over time, to its recipient, by anybody, paused or not', async () => {
      const drop = await deployDrop({ vestingStart: start + 1000n, vestingSeconds: 1000n })
      await meter('TieredSouldrop.claim, vesting', await claim(drop, await proveClaim(drop)))
      assert.equal(await read(drop, 'promised'), 1000n)
      await send(drop, 'release', [NULLIFIER])
      assert.equal(await balance(stage.address(ALICE)), 0n)
      await stage.chain.send({ to: hub, name: 'pause', from: GUARDIAN })
      await stage.chain.control.setNextBlockTimestamp({ timestamp: start + 1250n })
      await meter('TieredSouldrop.release', await send(drop, 'release', [NULLIFIER]))
      assert.equal(await balance(stage.address(ALICE)), 250n)
      await stage.moveTo(start + 3000n)
      await send(drop, 'release', [NULLIFIER])
      await send(drop, 'release', [NULLIFIER])
      assert.equal(await balance(stage.address(ALICE)), 1000n)
      assert.equal(await read(drop, 'promised'), 0n)
      await assertReverts(send(drop, 'release', [5n]), 'TieredSouldrop__Unknown')
    })

    it('never grants what it does not hold, and sweeps only what nobody claimed', async () => {
      // Begun already: an estimate of a second before has too little gas.
      const drop = await deployDrop({ vestingStart: start - 1n, vestingSeconds: 20n * DAY }, 1299n)
      await claim(drop, await proveClaim(drop))
      const second = await proveClaim(drop, { tier: 1, signals: { nullifier: 2n } })
      await assertReverts(claim(drop, second, 1), 'TieredSouldrop__TooFewTokens')
      await assertReverts(send(drop, 'sweep', []), 'TieredSouldrop__NotOver')
      await stage.moveTo(start + 10n * DAY)
      await assertReverts(claim(drop, second, 1), 'TieredSouldrop__Over')
      const before = (await balance(stage.address(ADMIN))) as bigint
      await send(drop, 'sweep', [])
      assert.equal(await balance(stage.address(ADMIN)), before + 299n)
      await stage.moveTo(start + 21n * DAY)
      await send(drop, 'release', [NULLIFIER])
      assert.equal(await balance(stage.address(ALICE)), 1000n)
    })

    it('puts its deadline off by as long as the hub was paused', async () => {
      const drop = await deployDrop()
      assert.equal(await read(drop, 'deadline'), start + 10n * DAY)
      await stage.chain.send({ to: hub, name: 'pause', from: GUARDIAN })
      await stage.moveTo(start + 10n * DAY)
      assert.equal(await read(drop, 'deadline'), start + 13n * DAY)
      await stage.publish(hub, GOLD, ROOT)
      await claim(drop, await proveClaim(drop))
    })

    it('never owes more than it holds, and pays each Soul its tier at most, whatever happens in between', async () => {
      const drop = await deployDrop(
        { vestingStart: start, vestingSeconds: 1000n, deadline: start + 150n },
        2500n,
      )
      const clock = start + 200n
      const proofs: { proof: PolicyProof; tier: number; recipient: Address }[] = []
      for (const [soul, tier] of [
        [1n, 0],
        [1n, 1],
        [2n, 0],
        [3n, 1],
        [4n, 0],
      ] as const) {
        const recipient = stage.address(soul === 1n ? ALICE : Number(soul) - 2)
        const signals = { nullifier: soul, now: clock }
        proofs.push({ proof: await proveClaim(drop, { tier, recipient, signals }), tier, recipient })
      }
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim' as const), which: fc.nat(4) }) },
        {
          weight: 3,
          arbitrary: fc.record({
            kind: fc.constant('release' as const),
            soul: fc.integer({ min: 1, max: 4 }),
          }),
        },
        {
          weight: 4,
          arbitrary: fc.record({
            kind: fc.constant('wait' as const),
            seconds: fc.integer({ min: 1, max: 200 }),
          }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
      )
      // With gas of its own, since a second later there may be more to release than an estimate saw.
      const attempt = async (name: string, args: readonly unknown[]): Promise<boolean> => {
        const hash = await stage.chain.wallets[MALLORY]!.writeContract({
          ...{ address: drop.address, abi: drop.abi, functionName: name, args, gas: 1_000_000n },
        } as never)
        return (await stage.chain.client.waitForTransactionReceipt({ hash })).status === 'success'
      }
      let claims = 0
      let sweeps = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 7, maxLength: 10 }), async (steps) => {
          const id = await stage.chain.control.snapshot()
          const granted = new Map<bigint, bigint>()
          for (const one of steps) {
            if (one.kind === 'wait') await stage.moveTo((await stage.now()) + BigInt(one.seconds))
            else if (one.kind === 'release') await attempt('release', [BigInt(one.soul)])
            else if (one.kind === 'sweep') sweeps += Number(await attempt('sweep', []))
            else {
              const { proof, tier, recipient } = proofs[one.which]!
              if (await attempt('claim', [BigInt(tier), recipient, proof])) {
                assert.equal(granted.has(proof.nullifier), false)
                granted.set(proof.nullifier, AMOUNTS[tier]!)
                claims++
              }
            }
            const promised = (await read(drop, 'promised')) as bigint
            assert.ok(((await balance(drop.address)) as bigint) >= promised)
            let [owed, all] = [0n, 0n]
            for (const [nullifier, amount] of granted) {
              const [, total, released] = (await read(drop, 'grants', [nullifier])) as [
                Address,
                bigint,
                bigint,
              ]
              assert.ok(total === amount && released <= amount)
              owed += amount - released
              all += amount
            }
            assert.equal(promised, owed)
            assert.ok(all <= 2500n)
          }
          await stage.chain.control.revert({ id })
        }),
        { numRuns: 6, seed: 6 },
      )
      assert.ok(claims > 3 && sweeps > 0, `${claims} claims, ${sweeps} sweeps`)
    })

    it('is not created for policies that the hub does not know, nor with nothing to give', async () => {
      const refuses = (settings: object, tiers: readonly object[], errorName: string): Promise<void> => {
        const contract = stage.contracts.TieredSouldrop!
        const all = {
          ...{ hub: hub.address, token: token.address, deadline: start + DAY, vestingStart: 0n },
          ...{ vestingSeconds: 0n, treasury: stage.address(ADMIN), ...settings },
        }
        const withErrors = {
          ...contract,
          abi: [...contract.abi, ...hub.abi.filter(({ type }) => type === 'error')],
        }
        return assertDeployReverts({
          chain: stage.chain,
          contract: withErrors,
          args: [all, tiers],
          errorName,
        })
      }
      const tiers = [{ policyDigest: GOLD, amount: 1n }]
      await refuses({}, [{ policyDigest: 1n, amount: 1n }], 'PolicyHub__PolicyUnknown')
      await refuses({}, [{ policyDigest: GOLD, amount: 0n }], 'TieredSouldrop__SettingsInvalid')
      await refuses({}, [], 'TieredSouldrop__SettingsInvalid')
      await refuses({ treasury: ZERO_ADDRESS }, tiers, 'TieredSouldrop__SettingsInvalid')
      await refuses({ token: stage.address(ALICE) }, tiers, 'TieredSouldrop__SettingsInvalid')
      await refuses({ deadline: start }, tiers, 'TieredSouldrop__SettingsInvalid')
    })

    it('refuses to deploy tiers whose nullifiers have different secrets: two claims for one person', () => {
      const issuer = 'eip155:1:0x00000000000000000000000000000000000000aa'
      const policy = (extra: object) =>
        parsePolicy({
          version: 1,
          schemas: { 'person/1': { seed: 'field', score: 'uint' } },
          sbts: { person: { issuers: [issuer], schema: 'person/1', revocation: 'none' } },
          require: { claim: 'person.score', gt: 5 },
          ...extra,
        })
      const bySoul = policy({})
      const byPerson = policy({ nullifier: { claim: 'person.seed' } })
      assert.equal(souldropTiers([{ policy: bySoul, amount: 1n }])[0]!.amount, 1n)
      assert.throws(
        () => souldropTiers([bySoul, byPerson].map((one) => ({ policy: one, amount: 1n }))),
        /same secret/,
      )
    })
  })

  describe('SoulboundToken', () => {
    const schema = defineSchema({ name: 'member/1', claims: { country: 'string', level: 'uint' } })
    const REVEALS = [encodedCountry('CA'), 3n] as const
    let token: Deployed & { readonly issuer: string }

    beforeEach(async () => {
      token = await deployToken(stage.chain, {
        ...{ contracts: stage.contracts, hub, hashers, policyDigest: GOLD, schema },
        ...{ name: 'Member', symbol: 'MEM', validSeconds: 365n * DAY },
      })
    })

    const holders = [
      holderOf(ALICE_SOUL.commitment, 1n),
      holderOf(BOB_SOUL.commitment, 2n),
      12n,
      13n,
      14n,
      15n,
    ]
    const payloadOf = (to: Address, holder: bigint): Hex =>
      keccak256(encodeAbiParameters(parseAbiParameters('address, uint256'), [to, holder]))

    async function mint(
      o: { holder?: bigint; to?: Address; nullifier?: bigint } = {},
    ): Promise<TransactionReceipt> {
      const { holder = holders[0]!, to = stage.address(ALICE), nullifier = NULLIFIER } = o
      const signals = { nullifier, reveal0: REVEALS[0], reveal1: REVEALS[1] }
      const proof = await proveFor({ app: token, payload: payloadOf(to, holder), signals })
      return send(token, 'mint', [to, holder, proof])
    }

    const commit = (most = 1000n): Promise<TransactionReceipt> => send(token, 'commit', [most])

    /** The SBT as a wallet rebuilds it from the event. */
    function rebuild(receipt: TransactionReceipt) {
      const [event] = parseEventLogs({ abi: token.abi, logs: receipt.logs, eventName: 'Issued' })
      const { tokenId, holder, issuedAt, expiresAt, claims } = event!.args as unknown as {
        tokenId: bigint
        holder: bigint
        issuedAt: bigint
        expiresAt: bigint
        claims: readonly [bigint, bigint]
      }
      return { tokenId, holder, issuedAt, expiresAt, claims }
    }

    /** Hash and leaf, by the formula of the protocol. */
    function leafOf(issued: ReturnType<typeof rebuild>): bigint {
      const tag = (text: string): bigint => BigInt(toHex(text))
      const type = poseidon([
        tag('soulproof/type/contract/1'),
        BigInt(stage.chain.chainId),
        BigInt(token.address),
        schema.hash,
      ])
      const hash = poseidon([
        ...[tag('soulproof/sbt/1'), schema.hash, issued.holder, issued.issuedAt, issued.expiresAt],
        ...[issued.tokenId, ...issued.claims, ...Array<bigint>(8).fill(0n)],
      ])
      return poseidon([tag('soulproof/registered/1'), type, hash])
    }

    it('mints once per Soul, locked, and registers the SBT that the wallet rebuilds', async () => {
      const receipt = await mint()
      await meter('SoulboundToken.mint', receipt)
      const issued = rebuild(receipt)
      assert.equal(await read(token, 'ownerOf', [0n]), stage.address(ALICE))
      assert.equal(await read(token, 'locked', [0n]), true)
      assert.equal(await read(token, 'supportsInterface', ['0xb45a3c0e']), true)
      assert.equal(issued.expiresAt - issued.issuedAt, 365n * DAY)
      assert.deepEqual(issued.claims, REVEALS)
      assert.equal(await read(token, 'leafAt', [0n]), leafOf(issued))
      await assertReverts(mint(), 'PolicyHub__NullifierSpent')
      await meter('SoulboundToken.commit of 1', await commit())
      assert.equal(await read(token, 'root'), new Registry({ leaves: [leafOf(issued)] }).root)
    })

    it('registers the leaf that the library’s issuer registers', async () => {
      const issued = rebuild(await mint())
      const { sbt } = issueSbt({
        ...{ issuer: token.issuer, schema, holder: issued.holder, claims: { country: 'CA', level: 3n } },
        ...{ issuedAt: issued.issuedAt, expiresAt: issued.expiresAt, statusId: Number(issued.tokenId) },
      })
      assert.equal(await read(token, 'leafAt', [0n]), sbt.leaf)
    })

    it('refuses to move, by its owner, an approved account or an operator', async () => {
      await mint()
      await send(token, 'approve', [stage.address(MALLORY), 0n], ALICE)
      await send(token, 'setApprovalForAll', [stage.address(MALLORY), true], ALICE)
      const [from, to] = [stage.address(ALICE), stage.address(MALLORY)]
      for (const sender of [ALICE, MALLORY]) {
        await assertReverts(send(token, 'transferFrom', [from, to, 0n], sender), 'SoulboundToken__Locked')
        await assertReverts(send(token, 'safeTransferFrom', [from, to, 0n], sender), 'SoulboundToken__Locked')
      }
      assert.equal(await read(token, 'ownerOf', [0n]), from)
    })

    it('refuses a copied proof with another owner or holder, and a holder that is no hash', async () => {
      const to = stage.address(ALICE)
      const proof = await proveFor({ app: token, payload: payloadOf(to, holders[0]!) })
      await assertReverts(
        send(token, 'mint', [stage.address(MALLORY), holders[0], proof]),
        'PolicyHub__ProofInvalid',
      )
      await assertReverts(send(token, 'mint', [to, holders[1], proof]), 'PolicyHub__ProofInvalid')
      for (const holder of [0n, r, r + 1n]) {
        await assertReverts(mint({ holder }), 'SoulboundToken__HolderInvalid')
      }
    })

    it('is for ever where no time is set', async () => {
      token = await deployToken(stage.chain, {
        ...{ contracts: stage.contracts, hub, hashers, policyDigest: GOLD, schema },
        ...{ name: 'Member', symbol: 'MEM' },
      })
      assert.equal(rebuild(await mint()).expiresAt, 0n)
    })

    it('attack: cannot be made for a schema that no SBT has, nor with a hasher that is none', async () => {
      const refuses = (changes: object, errorName: string): Promise<void> => {
        const settings = {
          ...{ hub: hub.address, policyDigest: GOLD, schemaHash: schema.hash, validSeconds: 0n },
          leafHasher: hashers.poseidon3.address,
          nodeHasher: hashers.poseidon4.address,
          sbtHasher: hashers.poseidon16.address,
          authority: hub.accessManager.address,
          ...changes,
        }
        return assertDeployReverts({
          chain: stage.chain,
          contract: stage.contracts.SoulboundToken!,
          args: ['Member', 'MEM', settings],
          errorName,
        })
      }
      for (const schemaHash of [0n, r]) await refuses({ schemaHash }, 'SoulboundToken__SchemaInvalid')
      await refuses({ sbtHasher: stage.address(ALICE) }, 'SoulboundToken__HasherInvalid')
    })

    it('burns for its owner: leaf 0 at once, and no second mint', async () => {
      await mint()
      await commit()
      await assertReverts(send(token, 'burn', [0n], MALLORY), 'SoulboundToken__NotOwner')
      await meter('SoulboundToken.burn', await send(token, 'burn', [0n], ALICE))
      assert.equal(await read(token, 'leafAt', [0n]), 0n)
      await assertReverts(read(token, 'ownerOf', [0n]), 'ERC721NonexistentToken')
      await assertReverts(read(token, 'locked', [0n]), 'ERC721NonexistentToken')
      await commit()
      assert.equal(await read(token, 'root'), new Registry({ leaves: [0n] }).root)
      await assertReverts(mint(), 'PolicyHub__NullifierSpent')
    })

    it('is issued again to a new holder by the authority alone, with the claims and times of before', async () => {
      const first = rebuild(await mint())
      await commit()
      const args = [0n, stage.address(MALLORY), holders[1]] as const
      for (const from of [ALICE, MALLORY]) {
        await assertReverts(send(token, 'reissue', args, from), 'AccessManagedUnauthorized')
        await assertReverts(send(token, 'revoke', [0n], from), 'AccessManagedUnauthorized')
      }
      const data = encodeFunctionData({ abi: token.abi, functionName: 'reissue', args })
      await stage.chain.send({
        ...{ to: hub.accessManager, name: 'schedule', args: [token.address, data, 0], from: ADMIN },
      })
      await stage.moveTo((await stage.now()) + BigInt(DELAY))
      const receipt = await send(token, 'reissue', args, ADMIN)
      await meter('SoulboundToken.reissue', receipt)
      const second = rebuild(receipt)
      assert.deepEqual(second, { ...first, tokenId: 1n, holder: holders[1] })
      await commit()
      const registry = new Registry()
      registry.insert(leafOf(first))
      registry.revoke(0)
      registry.insert(leafOf(second))
      assert.equal(await read(token, 'root'), registry.root)
    })

    it('lets nobody in twice through the receiver’s callback', async () => {
      const receiver = await stage.chain.deploy(stage.contracts.Reentrant!)
      const proof = await proveFor({ app: token, payload: payloadOf(receiver.address, holders[2]!) })
      const args = [receiver.address, holders[2]!, proof] as const
      const again = encodeFunctionData({ abi: token.abi, functionName: 'mint', args })
      await send(receiver, 'prepare', [token.address, again])
      await send(token, 'mint', args)
      assert.equal(await read(receiver, 'calls'), 1n)
      assert.equal(await read(receiver, 'successes'), 0n)
      assert.equal(await read(token, 'size'), 1n)
    })

    it('has the tree of a model, however writes and commits come', async () => {
      const model = new Registry()
      const leaves: bigint[] = []
      const mintNext = async (): Promise<void> => {
        const n = leaves.length
        const issued = rebuild(await mint({ holder: holders[n]!, nullifier: BigInt(n + 1) }))
        leaves.push(leafOf(issued))
        model.insert(leaves[n]!)
      }
      const burn = async (n: number): Promise<void> => {
        await send(token, 'burn', [BigInt(n)], ALICE)
        model.revoke(n)
      }
      const agrees = async (): Promise<void> => assert.equal(await read(token, 'root'), model.root)
      for (let n = 0; n < 6; n++) await mintNext()
      assert.equal(await read(token, 'pending'), 6n)
      // A part of the writes is no root yet: nodes would mix leaves of different times.
      await commit(2n)
      assert.equal(await read(token, 'pending'), 4n)
      assert.equal(await read(token, 'root'), new Registry().root)
      await meter('SoulboundToken.commit of 4', await commit())
      await agrees()
      // Out of order, repeated parents apart from each other, and a place written twice in one commit.
      for (const n of [5, 0, 4, 1]) await burn(n)
      await commit(3n)
      await commit(1n)
      await agrees()
      await assertReverts(commit(), 'QuaternaryRegistry__NothingToCommit')
    })

    it('is not created with hashers that are none', async () => {
      for (const wrong of ['poseidon3', 'poseidon4'] as const) {
        await assert.rejects(
          deployToken(stage.chain, {
            ...{ contracts: stage.contracts, hub, policyDigest: GOLD, schema, name: 'M', symbol: 'M' },
            hashers: { ...hashers, [wrong]: hashers.poseidon16 },
          }),
        )
      }
    })
  })

  describe('Poseidon of 4 and 16 inputs', () => {
    it('is the reference, for edges, random numbers and words from r on', async () => {
      for (const [inputs, contract] of [
        [4, hashers.poseidon4],
        [16, hashers.poseidon16],
      ] as const) {
        const cases = [
          Array<bigint>(inputs).fill(0n),
          Array<bigint>(inputs).fill(r - 1n),
          ...Array.from({ length: 12 }, (_, i) =>
            randomWords(`wide ${inputs} ${i}`, inputs).map((word) => word % r),
          ),
        ]
        for (const words of cases) assert.equal(await read(contract, 'poseidon', [words]), poseidon(words))
        const large = randomWords(`large ${inputs}`, inputs)
        assert.equal(await read(contract, 'poseidon', [large]), poseidon(large.map((word) => word % r)))
      }
    })

    it('costs the gas in the snapshot', async () => {
      const source = readFileSync('test/contracts/GasMeter.sol', 'utf8')
      const gasMeter = await stage.chain.deploy(
        compileSolidity({ sources: { 'GasMeter.sol': source } }).GasMeter!,
      )
      for (const [inputs, contract] of [
        [4, hashers.poseidon4],
        [16, hashers.poseidon16],
      ] as const) {
        const args = [randomWords('gas', inputs).map((word) => word % r)]
        const data = encodeFunctionData({ abi: contract.abi, functionName: 'poseidon', args })
        const [used] = (await read(gasMeter, 'measure', [contract.address, data])) as [bigint, bigint]
        gas[`Poseidon${inputs}.poseidon`] = Number(used)
      }
    })

    it('refuses wrong tables, and stands in git as it is written', async () => {
      const [table] = poseidonTables(4)
      const wrong = await stage.chain.deploy({
        ...{ abi: [], runtimeSize: 0, bytecode: table!.replace(/..$/, '00') as Hex },
      })
      await assertDeployReverts({
        ...{ chain: stage.chain, contract: stage.contracts.Poseidon4!, args: [[wrong.address]] },
        errorName: 'Poseidon4__TablesInvalid',
      })
      for (const inputs of [4, 16]) {
        assert.equal(readContract(`Poseidon${inputs}.sol`), poseidonSource(inputs))
      }
      assert.throws(() => poseidonTables(3), RangeError)
    })
  })

  describe('SoulGovernor', () => {
    const DELAY_SECONDS = 100
    const PERIOD = 1000
    const FOR = 1
    let governor: Deployed
    let box: Deployed
    let proposalId: bigint
    let snapshotAt: bigint
    let call: readonly [readonly Address[], readonly bigint[], readonly Hex[], string]

    beforeEach(async () => {
      governor = withHub(
        await stage.chain.deploy(stage.contracts.SoulGovernor!, [
          ...['Souls', hub.address, SILVER, DELAY_SECONDS, PERIOD, 2n],
        ]),
      )
      box = await stage.chain.deploy(stage.contracts.Box!, [governor.address])
      const data = encodeFunctionData({ abi: box.abi, functionName: 'set', args: [42n] })
      call = [[box.address], [0n], [data], 'Set the box to 42']
      const receipt = await send(governor, 'propose', call)
      const [created] = parseEventLogs({
        abi: governor.abi,
        logs: receipt.logs,
        eventName: 'ProposalCreated',
      })
      ;({ proposalId, voteStart: snapshotAt } = created!.args as unknown as {
        proposalId: bigint
        voteStart: bigint
      })
      await stage.moveTo(snapshotAt + 1n)
    })

    interface Ballot {
      readonly support?: number
      readonly reason?: string
      readonly account?: Address
      readonly signals?: Partial<Signals>
      readonly proposal?: bigint
    }

    async function proveVote(o: Ballot = {}): Promise<PolicyProof> {
      const { support = FOR, reason = '', account = ZERO_ADDRESS, proposal = proposalId } = o
      const payload = keccak256(
        encodeAbiParameters(parseAbiParameters('uint256, uint8, bytes32'), [
          ...([proposal, support, keccak256(toHex(reason))] as const),
        ]),
      )
      return proveFor({
        ...{ app: governor, payload, account, policyDigest: SILVER, topic: proposal },
        signals: { now: snapshotAt, ...o.signals },
      })
    }

    const vote = (proof: PolicyProof, o: Ballot = {}, from: number = MALLORY): Promise<TransactionReceipt> =>
      send(governor, 'castVoteByProof', [proposalId, o.support ?? FOR, o.reason ?? '', proof], from)
    const votes = (): Promise<unknown> => read(governor, 'proposalVotes', [proposalId])

    it('counts one vote per Soul from any relayer, and carries out what Souls decided', async () => {
      const first = await vote(await proveVote())
      await meter('SoulGovernor.castVoteByProof, first', first)
      const [event] = parseEventLogs({ abi: governor.abi, logs: first.logs, eventName: 'VoteCast' })
      const { voter, weight } = event!.args as unknown as { voter: Address; weight: bigint }
      // An address of nobody: the low bits of the nullifier.
      assert.equal(BigInt(voter), NULLIFIER % (1n << 160n))
      assert.equal(weight, 1n)
      assert.equal(await read(governor, 'hasVoted', [proposalId, voter]), true)
      assert.equal(await read(governor, 'getVotes', [voter, snapshotAt]), 0n)
      const second = await vote(await proveVote({ signals: { nullifier: 2n }, reason: 'why not' }), {
        reason: 'why not',
      })
      await meter('SoulGovernor.castVoteByProof, second', second)
      await vote(await proveVote({ signals: { nullifier: 3n }, support: 0 }), { support: 0 })
      assert.deepEqual(await votes(), [1n, 2n, 0n])
      await stage.moveTo(snapshotAt + BigInt(PERIOD) + 1n)
      await send(governor, 'execute', [...call.slice(0, 3), keccak256(toHex(call[3]))])
      assert.equal(await read(box, 'value'), 42n)
    })

    it('refuses a second vote of the same Soul, by any function', async () => {
      const account = stage.address(ALICE)
      await vote(await proveVote())
      await assertReverts(vote(await proveVote()), 'GovernorAlreadyCastVote')
      await assertReverts(vote(await proveVote({ support: 0 }), { support: 0 }), 'GovernorAlreadyCastVote')
      const own = await proveVote({ account })
      await assertReverts(castWithParams(own), 'GovernorAlreadyCastVote')
    })

    it('takes a vote bound to its sender by the standard function, and from nobody else', async () => {
      const proof = await proveVote({ account: stage.address(ALICE) })
      await assertReverts(castWithParams(proof, MALLORY), 'PolicyHub__ProofInvalid')
      await assertReverts(vote(proof), 'PolicyHub__ProofInvalid')
      await castWithParams(proof, ALICE)
      assert.deepEqual(await votes(), [0n, 1n, 0n])
    })

    /** Encodes a proof as the params of a vote. */
    function castWithParams(proof: PolicyProof, from: number = ALICE): Promise<TransactionReceipt> {
      const { abi } = stage.contracts.BareApp!
      const type = (getAbiItem({ abi, name: 'spend' } as never) as unknown as AbiFunction).inputs[4]!
      return send(
        governor,
        'castVoteWithReasonAndParams',
        [proposalId, FOR, '', encodeAbiParameters([type], [proof] as never)],
        from,
      )
    }

    it('refuses votes without a proof', async () => {
      for (const [name, args] of [
        ['castVote', [proposalId, FOR]],
        ['castVoteWithReason', [proposalId, FOR, 'because']],
        ['castVoteWithReasonAndParams', [proposalId, FOR, '', '0x']],
      ] as const) {
        await assertReverts(send(governor, name, args, ALICE), 'GovernorSouls__ProofMissing')
      }
      assert.deepEqual(await votes(), [0n, 0n, 0n])
    })

    it('refuses a proof for another support, reason or proposal, a designated one, and another Soul’s nullifier', async () => {
      const proof = await proveVote()
      await assertReverts(vote(proof, { support: 0 }), 'PolicyHub__ProofInvalid')
      await assertReverts(vote(proof, { reason: 'x' }), 'PolicyHub__ProofInvalid')
      await assertReverts(vote({ ...proof, nullifier: 9n }), 'PolicyHub__ProofInvalid')
      await assertReverts(vote({ ...proof, nullifier: NULLIFIER + r }), 'PolicyHub__ProofInvalid')
      await assertReverts(vote(await proveVote({ proposal: proposalId + 1n })), 'PolicyHub__ProofInvalid')
      await assertReverts(vote(await proveVote({ signals: { verifierKey: 1n } })), 'PolicyHub__ProofInvalid')
      await assertReverts(vote(await proveVote({ support: 7 }), { support: 7 }), 'GovernorInvalidVoteType')
    })

    it('fixes the electorate at the snapshot: no other clock, and no root that was published later', async () => {
      await stage.publish(hub, SILVER, 99n)
      await assertReverts(
        vote(await proveVote({ signals: { anchorsRoot: 99n } })),
        'PolicyHub__RootOfAnotherTime',
      )
      await assertReverts(
        vote(await proveVote({ signals: { now: snapshotAt + 1n } })),
        'PolicyHub__ClockOfAnotherTime',
      )
      await vote(await proveVote())
      await stage.chain.send({ to: hub, name: 'retireAnchorsRoot', args: [SILVER, ROOT], from: PUBLISHER })
      await assertReverts(vote(await proveVote({ signals: { nullifier: 2n } })), 'PolicyHub__RootRetired')
    })

    it('refuses votes before the snapshot and after the end', async () => {
      const other = [call[0], call[1], call[2], 'Another'] as const
      const receipt = await send(governor, 'propose', other)
      const [created] = parseEventLogs({
        abi: governor.abi,
        logs: receipt.logs,
        eventName: 'ProposalCreated',
      })
      const { proposalId: early } = created!.args as unknown as { proposalId: bigint }
      const proof = await proveVote({ proposal: early })
      await assertReverts(
        send(governor, 'castVoteByProof', [early, FOR, '', proof]),
        'GovernorUnexpectedProposalState',
      )
      const late = await proveVote()
      await stage.moveTo(snapshotAt + BigInt(PERIOD) + 1n)
      await assertReverts(vote(late), 'GovernorUnexpectedProposalState')
    })

    it('tells wallets what to prove', async () => {
      const proof = await proveVote({ reason: 'yes' })
      const context = await read(governor, 'contextOf', [proposalId, FOR, 'yes', ZERO_ADDRESS])
      const scope = scopeOf(stage.chain.chainId, hub.address, governor.address, proposalId)
      assert.deepEqual(
        [(context as bigint[])[0], ...(context as bigint[]).slice(2)],
        [scope, snapshotAt, ROOT],
      )
      await vote(proof, { reason: 'yes' })
    })
  })

  describe('gas', () => {
    it('is that of the snapshot', () => {
      for (const name of ['TieredSouldrop', 'SoulboundToken', 'SoulGovernor', 'Poseidon4', 'Poseidon16']) {
        gas[`${name}, bytes`] = stage.contracts[name]!.runtimeSize
      }
      matchSnapshot(new URL('./apps-gas.snapshot.json', import.meta.url), gas)
    })
  })
})

/** A string claim as circuits see it. */
function encodedCountry(text: string): bigint {
  return BigInt(keccak256(toHex(text))) >> 8n
}
