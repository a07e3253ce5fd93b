import assert from 'node:assert/strict'
import {
  type Backup,
  BackupError,
  type BackupProblem,
  createBackup,
  restoreBackup,
} from '../../src/backup/index.js'
import { createFeedKey, openFeed, publishEntry } from '../../src/feed/index.js'
import { ledgerHandle } from '../../src/ledger/index.js'
import { heldSbtToJson } from '../../src/sbt/index.js'
import { blindHolder } from '../../src/soul/index.js'
import { CREDIT, entryAbout, openBook } from '../support/ledger.js'
import { ALICE, BOB, CITIZENSHIP, grant, NOW, openOffice, PERSON, rootsOf } from '../support/world.js'

const PASSPHRASE = 'a passphrase'
const office = openOffice(221)
const claims = {
  seed: 5n,
  score: -7n,
  born: -1n,
  active: true,
  city: 'Zürich',
  code: new Uint8Array([0, 255]),
  points: 2n ** 64n - 1n,
}
const sbts = [
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 41n }),
  grant({ office, schema: PERSON, claims, salt: 42n, by: 'registry', expiresAt: NOW + 5n }),
]
const feeds = [
  publishEntry({
    ...{ head: openFeed({ feed: createFeedKey({ secret: new Uint8Array(32).fill(9) }).id }) },
    ...{ key: createFeedKey({ secret: new Uint8Array(32).fill(9) }), roots: rootsOf(office) },
    ...{ at: NOW, expiresAt: NOW + 60n },
  }).head,
]
const handle = ledgerHandle({ soul: ALICE, ledgerId: CREDIT.id })
const ledgers = { [CREDIT.id]: openBook(CREDIT, [entryAbout(ALICE, CREDIT, { amount: 7n })]).proof(handle) }
const blindings = [blindHolder({ soul: ALICE })]
const wallet = { soul: ALICE, sbts, ledgers, blindings, feeds }
const make = (change: object = {}): Promise<Backup> =>
  createBackup({ ...wallet, passphrase: PASSPHRASE, now: NOW, cost: 2 ** 14, ...change })
const restore = (backup: unknown, passphrase = PASSPHRASE) => restoreBackup({ backup, passphrase })

describe('backup', () => {
  let backup: Backup
  let text: string
  before(async () => {
    backup = await make()
    text = JSON.stringify(backup)
  })

  const refused = async (problem: BackupProblem, run: Promise<unknown>, message = /./): Promise<void> => {
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof BackupError, String(error))
      assert.equal(error.problem, problem, error.message)
      assert.ok(!error.message.includes(ALICE.secret.toString()) && !error.message.includes(PASSPHRASE))
      return message.test(error.message)
    })
  }

  it('brings back what went in, bit for bit, as JSON and as text', async () => {
    const expected = { createdAt: NOW, ...wallet }
    assert.deepEqual(await restore(JSON.parse(text)), expected)
    const restored = await restore(text)
    assert.deepEqual(restored, expected)
    const written = (all: typeof sbts): string => JSON.stringify(all.map(heldSbtToJson))
    assert.equal(written([...restored.sbts]), written(sbts))
    const least = await make({ sbts: [], ledgers: undefined, blindings: undefined, feeds: undefined })
    const empty = { createdAt: NOW, soul: ALICE, sbts: [], ledgers: {}, blindings: [], feeds: [] }
    assert.deepEqual(await restore(least), empty)
  })

  it('a backup of Node opens in a page, and the other way round', async () => {
    const { getBuiltinModule } = process
    // What browsers lack; without it the other scrypt runs.
    process.getBuiltinModule = (() => undefined) as typeof getBuiltinModule
    try {
      assert.equal((await restore(text)).soul.secret, ALICE.secret)
      const made = await make()
      process.getBuiltinModule = getBuiltinModule
      assert.equal((await restore(made)).soul.secret, ALICE.secret)
    } finally {
      process.getBuiltinModule = getBuiltinModule
    }
  })

  it('shows nothing of the wallet, nor how many SBTs there are', async () => {
    for (const secret of [ALICE.secret, ALICE.commitment, sbts[0]!.sbt.hash, 'CA', CREDIT.id]) {
      assert.ok(!text.includes(`"${secret}"`))
      assert.ok(!text.includes(Buffer.from(String(secret)).toString('hex').padEnd(12, '-')))
    }
    const [one, none] = [await make({ sbts: sbts.slice(1), feeds: [] }), await make({ sbts: [], feeds: [] })]
    assert.equal(backup.bytes % 4096, 0)
    assert.ok(one.bytes <= backup.bytes && none.bytes <= one.bytes)
    assert.notEqual(one.kdf.salt, backup.kdf.salt)
    assert.notEqual(one.cipher.nonce, backup.cipher.nonce)
  })

  it('a wrong passphrase is told from a damaged backup', async () => {
    await refused('passphrase', restore(text, 'another'))
    await refused('passphrase', restore(text, `${PASSPHRASE} `))
    await refused('passphrase', restore(text, ''))
    const { kdf, cipher } = backup
    for (const altered of [
      { ...backup, kdf: { ...kdf, N: 2 ** 15 } },
      { ...backup, kdf: { ...kdf, salt: flip(kdf.salt) } },
      { ...backup, check: flip(backup.check) },
    ]) {
      await refused('passphrase', restore(altered))
    }
    for (const altered of [
      { ...backup, cipher: { ...cipher, nonce: flip(cipher.nonce) } },
      { ...backup, cipher: { ...cipher, tag: flip(cipher.tag) } },
      { ...backup, cipher: { ...cipher, ciphertext: flip(cipher.ciphertext) } },
      {
        ...backup,
        cipher: { ...cipher, ciphertext: cipher.ciphertext.slice(0, -8192) },
        bytes: backup.bytes - 4096,
      },
    ]) {
      await refused('altered', restore(altered))
    }
  })

  it('truncated: a text or ciphertext that ends too early, anywhere', async () => {
    for (const length of [0, 1, 100, text.length >> 1, text.length - 1]) {
      await refused('truncated', restore(text.slice(0, length)))
    }
    const { cipher } = backup
    await refused(
      'truncated',
      restore({ ...backup, cipher: { ...cipher, ciphertext: cipher.ciphertext.slice(0, -2) } }),
    )
    const longer = { ...backup, cipher: { ...cipher, ciphertext: `${cipher.ciphertext}00` } }
    await refused('malformed', restore(longer), /longer/)
  })

  it('a newer version is named, whatever it looks like', async () => {
    await refused('version', restore({ version: 2, kind: 'backup', anything: 1 }))
    await refused('version', restore(JSON.stringify({ ...backup, version: 3 })))
    for (const version of [0, -1, 1.5, '2', null]) await refused('malformed', restore({ ...backup, version }))
  })

  it('attack: parameters that ask for gigabytes, or for next to nothing, and malformed parts', async () => {
    const { kdf, cipher } = backup
    const started = performance.now()
    for (const [bad, message] of [
      [null, /must be an object/],
      [{ ...backup, kdf: { ...kdf, N: 2 ** 24 } }, /kdf.N/],
      [{ ...backup, kdf: { ...kdf, N: 2 } }, /kdf.N/],
      [{ ...backup, kdf: { ...kdf, r: 4096 } }, /kdf.r/],
      [{ ...backup, bytes: 5 }, /bytes/],
      [{ ...backup, bytes: 2 ** 40 }, /bytes/],
      [{ ...backup, check: '' }, /check/],
      [{ ...backup, kind: 'soul' }, /kind/],
      [{ ...backup, cipher: { ...cipher, name: 'none' } }, /cipher.name/],
      [{ ...backup, more: 1 }, /unknown key/],
    ] as const) {
      await refused('malformed', restore(bad), message)
    }
    assert.ok(performance.now() - started < 500)
  })

  it('attack: SBTs or holders of another Soul neither go in nor come out', async () => {
    await assert.rejects(make({ soul: BOB }), /sbts\[0\] must be of this Soul/)
    await assert.rejects(
      make({ blindings: [blindHolder({ soul: BOB })] }),
      /blindings\[0\] must be of this Soul/,
    )
    await assert.rejects(make({ passphrase: '' }), RangeError)
    await assert.rejects(make({ sbts: undefined }), TypeError)
    await assert.rejects(make({ cost: 2 ** 20 }), RangeError)
  })
})

function flip(hex: string): string {
  return hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
}
