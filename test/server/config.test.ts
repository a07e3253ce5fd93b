import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SchemaError } from '../../src/errors.js'
import { ClaimStoreError, GateError } from '../../src/server/index.js'
import { groupSnapshots, rootSnapshots } from '../../src/server/roots-file.js'
import { readServiceConfig, startService } from '../../src/server/service.js'

const gate = { statement: 'membership', scope: 'a', roots: 'roots.json', maxRootAge: 600, admit: 'once' }
const config = { audience: 'https://a.example', port: 0, allowDevelopmentKeys: true, gates: { drop: gate } }
const withGate = (changed: object): object => ({ ...config, gates: { drop: { ...gate, ...changed } } })

describe('server/config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-config-'))
  const write = (name: string, content: unknown): void => {
    // In its place at once, as whoever writes roots has to.
    writeFileSync(join(folder, 'new'), typeof content === 'string' ? content : JSON.stringify(content))
    renameSync(join(folder, 'new'), join(folder, name))
  }
  const now = (): number => Math.floor(Date.now() / 1000)
  const start = (json: unknown, env: Record<string, string> = {}) =>
    startService({ config: readServiceConfig(json, folder), env, log: false })
  before(() => write('roots.json', [{ at: `${now()}`, root: '5' }]))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('reads a configuration, with defaults that are safe', () => {
    const read = readServiceConfig(config, '/etc/soulproof')
    assert.deepEqual(read, {
      ...{ host: '127.0.0.1', port: 0, audience: 'https://a.example', trustProxy: false, rateLimit: 120 },
      ...{
        maxPending: 2048,
        store: '/etc/soulproof/claims',
        batch: { size: 32, wait: 2 },
        reloadSeconds: 10,
      },
      allowDevelopmentKeys: true,
      gates: [
        {
          ...{ name: 'drop', scope: 'a', require: 'membership', roots: '/etc/soulproof/roots.json' },
          ...{ maxRootAge: 600n, admit: 'once', challenges: false },
        },
      ],
    })
    const { allowDevelopmentKeys: _, ...silent } = config
    assert.equal(readServiceConfig(silent, '/').allowDevelopmentKeys, false)
    assert.equal(readServiceConfig(withGate({ admit: 'each' }), '/').gates[0]?.challenges, true)
  })

  it('names what is missing, unknown or malformed, and never shows a value', () => {
    const cases: [unknown, RegExp][] = [
      [null, /^config: must be an object/],
      [{ ...config, gates: {} }, /^config.gates: /],
      [{ ...config, secret: 'hunter2' }, /^config: has an unknown key/],
      [{ ...config, port: 70_000 }, /^config.port: /],
      [{ ...config, host: 5 }, /^config.host: /],
      [{ ...config, allowDevelopmentKeys: 'hunter2' }, /^config.allowDevelopmentKeys: /],
      [{ ...config, trustProxy: 1 }, /^config.trustProxy: /],
      [{ ...config, rateLimit: 0 }, /^config.rateLimit: /],
      [{ ...config, batch: { size: 1 } }, /^config.batch.size: /],
      [{ ...config, batch: true }, /^config.batch: /],
      [withGate({ admit: 'hunter2' }), /^config.gates\[0\].admit: /],
      [withGate({ maxRootAge: 'hunter2' }), /^config.gates\[0\].maxRootAge: /],
      [withGate({ maxRootAge: undefined }), /^config.gates\[0\].maxRootAge: /],
      [withGate({ policy: 'policy.json' }), /must have policy or statement/],
      [withGate({ scopeField: '5' }), /must have scope or scopeField/],
      [withGate({ statement: 'policy-s' }), /^config.gates\[0\].statement: /],
      [withGate({ maxClockSkew: 5 }), /go with a policy/],
      [withGate({ challenges: 1 }), /^config.gates\[0\].challenges: /],
      [
        withGate({ statement: undefined, policy: 'p', freshness: { a: { maxAge: -1 } } }),
        /freshness\[0\].maxAge: /,
      ],
    ]
    for (const [json, message] of cases) {
      const copy = json === null ? null : JSON.parse(JSON.stringify(json))
      assert.throws(
        () => readServiceConfig(copy, '/'),
        (error: Error) => {
          assert.ok(error instanceof SchemaError, error.stack)
          assert.match(error.message, message)
          return !error.message.includes('hunter2')
        },
      )
    }
  })

  it('reads snapshots of roots, and refuses an empty group', () => {
    assert.deepEqual(groupSnapshots([{ at: '7', root: '5' }]), [{ at: 7n, roots: 5n }])
    assert.deepEqual(rootSnapshots([{ at: '7', issuers: {} }]), [{ at: 7n, roots: { issuers: {} } }])
    for (const json of [
      {},
      [{ root: '5' }],
      [{ at: 7, root: '5' }],
      [{ at: '7', root: '0' }],
      [{ at: '7' }],
      [5],
    ]) {
      assert.throws(() => groupSnapshots(json), SchemaError)
    }
    for (const json of [
      [{ at: '7' }],
      [{ at: '7', issuers: { a: {} } }],
      [{ at: '7', issuers: {}, root: '5' }],
    ]) {
      assert.throws(() => rootSnapshots(json), SchemaError)
    }
  })

  it('does not start with development keys unless it is told to, without the secret of challenges, or with files that are not there', async () => {
    const { allowDevelopmentKeys: _, ...silent } = config
    await assert.rejects(start(silent), /drop: the key of membership is a development key/)
    await assert.rejects(start(withGate({ admit: 'each' })), GateError)
    await assert.rejects(start(withGate({ roots: 'none.json' })), SchemaError)
    const short = { SOULPROOF_CHALLENGE_SECRET: 'hunter2' }
    await assert.rejects(start(withGate({ admit: 'each' }), short), (error: Error) => {
      assert.ok(error instanceof SchemaError)
      return !error.message.includes('hunter2')
    })
    // Each of them has closed the store: the next one can open it.
    const service = await start(withGate({ admit: 'each' }), {
      SOULPROOF_CHALLENGE_SECRET: `${'ab'.repeat(32)},${'cd'.repeat(40)}`,
    })
    await assert.rejects(start(config), ClaimStoreError)
    await service.close()
  })

  it('follows the file of roots, and passes over what it cannot read', async () => {
    const service = await start({ ...config, reloadSeconds: 1 })
    const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text()
    const age = (text: string): number =>
      Number(/^soulproof_roots_age_seconds\{gate="drop"\} (\d+)/m.exec(text)?.[1])
    try {
      write('roots.json', [
        { at: `${now() - 500}`, root: '5' },
        { at: `${now() - 100}`, root: '6' },
      ])
      await sleep(1100)
      assert.ok([100, 101, 102, 103].includes(age(await metrics())))
      write('roots.json', '[{"at"')
      await sleep(1100)
      assert.ok(age(await metrics()) >= 101)
      const text = await metrics()
      assert.match(text, /^soulproof_trouble_total\{part="roots"\} [1-9]/m)
    } finally {
      await service.close()
    }
  })
})
