import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, parseEther } from 'viem'
import { main as governor } from '../../examples/governor/main.js'
import { main as soulboundToken } from '../../examples/soulbound-token/main.js'
import { main as souldrop } from '../../examples/souldrop/main.js'
import { compileApps } from '../../scripts/lib/apps.js'
import { type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { type DeployConfig, deploy } from '../../scripts/lib/deploy.js'
import { RESIDENT } from '../../scripts/lib/village.js'
import { parsePolicy, policyDigest } from '../../src/policy/index.js'
import { assertReverts } from '../support/chain.js'

/** What a `policy-s` proof may cost at most, verified and spent, with everything that the transaction does besides. */
const MOST_GAS = 420_000n

describe('examples of apps, with proofs of policy-s', () => {
  it('examples/souldrop: a claim of a tier, for less than 420,000 gas all told', async () => {
    const { balance, receipt } = await souldrop()
    assert.equal(balance, parseEther('100'))
    assert.ok(receipt.gasUsed <= MOST_GAS, `${receipt.gasUsed}`)
  })

  it('examples/governor: votes by a relayer, for less than 420,000 gas all told', async () => {
    const { votes, receipts } = await governor()
    assert.deepEqual(votes, [0n, 2n, 0n])
    for (const { gasUsed } of receipts) assert.ok(gasUsed <= MOST_GAS, `${gasUsed}`)
  })

  it('examples/soulbound-token: mints, and proves what was minted from the registry on chain', async () => {
    const { revealed } = await soulboundToken()
    assert.deepEqual(Object.keys(revealed as object), ['card.village'])
  })
})

describe('the deploy script', () => {
  const policy = {
    version: 1,
    schemas: { [RESIDENT.name]: RESIDENT.claims },
    sbts: {
      home: { issuers: ['eip155:1:0x00000000000000000000000000000000000000aa'], schema: RESIDENT.name },
    },
    require: { claim: 'home.since', lte: 2026 },
  }
  let chain: LocalChain
  let folder: string

  before(async () => {
    chain = await startChain({ accounts: 2 })
    folder = mkdtempSync(join(tmpdir(), 'deploy-'))
    writeFileSync(join(folder, 'residents.json'), JSON.stringify(policy))
  })
  after(async () => {
    if (folder !== undefined) rmSync(folder, { recursive: true })
    await chain?.stop()
  })

  const account = (index: number): Address => chain.wallets[index]!.account.address

  function run(changes: Partial<DeployConfig> = {}) {
    const file = join(folder, 'deploy.json')
    const config: DeployConfig = {
      hub: {
        admin: account(1),
        policies: account(0),
        publisher: account(1),
        isUpgradeable: false,
        delay: 60,
      },
      allowDevelopmentKeys: true,
      policies: [{ policy: 'residents.json', maxRootAge: 3600, grace: 60, maxClockSkew: 300 }],
      governor: { name: 'Residents', policy: 0, votingDelay: 60, votingPeriod: 600, quorum: 3 },
      ...changes,
    }
    writeFileSync(file, JSON.stringify(config))
    return deploy({ deployer: chain, sender: account(0), file })
  }

  it('deploys hub, policies and apps, and keeps no role that it was not given', async () => {
    const { addresses, toSend } = await run()
    assert.deepEqual(toSend, [])
    const contracts = compileApps()
    const on = (name: string, address: Address) => ({ address, abi: contracts[name]!.abi, gas: 0n })
    const digest = policyDigest(parsePolicy(policy))
    const governor = on('SoulGovernor', addresses.governor!)
    assert.equal(await chain.read({ to: governor, name: 'policyDigest' }), digest)
    assert.equal(await chain.read({ to: governor, name: 'quorum', args: [0n] }), 3n)
    const hub = on('PolicyHub', addresses.hub!)
    const { maxRootAge } = (await chain.read({ to: hub, name: 'policyOf', args: [digest] })) as {
      maxRootAge: number
    }
    assert.equal(maxRootAge, 3600)
    const publish = (from: number): Promise<unknown> =>
      chain.send({ to: hub, name: 'publishAnchorsRoot', args: [digest, 5n], from })
    await assertReverts(publish(0), 'AccessManagedUnauthorized')
    await publish(1)
  })

  it('returns the calls of a role that is not the deployer’s, which that role can send', async () => {
    const { addresses, toSend } = await run({
      hub: { admin: account(1), policies: account(1), isUpgradeable: true },
    })
    assert.equal(addresses.governor, undefined)
    assert.deepEqual(
      toSend.map(({ from, to }) => [from, to]),
      [[account(1), addresses.hub]],
    )
    const { from, to, data } = toSend[0]!
    await assert.rejects(chain.client.call({ account: account(0), to, data }))
    await chain.client.call({ account: from, to, data })
  })

  it('refuses development keys unless told otherwise, and what the configuration lacks', async () => {
    await assertReverts(run({ allowDevelopmentKeys: false }), 'PolicyHub__DevelopmentKey')
    const token = account(1)
    await assert.rejects(
      run({ souldrop: { token, treasury: token, deadline: 1, tiers: [{ policy: 3, amount: '1' }] } }),
      RangeError,
    )
  })
})
