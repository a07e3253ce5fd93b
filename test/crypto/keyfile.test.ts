import assert from 'node:assert/strict'
import { decryptKey, encryptKey, type KeyFile } from '../../src/crypto/keyfile.js'
import { KeyFileError } from '../../src/errors.js'

const COST = 2 ** 14
const PASSPHRASE = 'a passphrase'
const SECRET = { secret: '271828182845904523536' }

describe('key files', () => {
  let file: KeyFile

  before(async () => {
    file = await encryptKey({ kind: 'soul', secret: SECRET, passphrase: PASSPHRASE, cost: COST })
  })

  const open = (json: unknown, passphrase = PASSPHRASE): Promise<unknown> =>
    decryptKey({ file: json, kind: 'soul', passphrase })

  it('gives back what was encrypted, and shows nothing of it', async () => {
    const text = JSON.stringify(file)
    assert.deepEqual(await open(JSON.parse(text)), SECRET)
    assert(!text.includes(SECRET.secret))
    assert(!text.includes(Buffer.from(SECRET.secret).toString('hex')))
  })

  it('a file of an earlier release opens', async () => {
    const salt = '01616212ec3096ad0d753310f5d106fb9ede2210a3a09aecdc1a1d97275e41b0'
    const kdf = { name: 'scrypt', N: 2 ** 14, r: 8, p: 1, salt }
    const cipher = {
      name: 'aes-256-gcm',
      nonce: '6fb8196b757c5dd3a9c9b858',
      tag: '6b1c1b24fa063c7187b27618b813bc38',
      ciphertext: 'e5abf5b11f69a04a498d76e3b43099a39129de5fb72d7210c6934d8a090022b6e5fc',
    }
    assert.deepEqual(await open({ version: 1, kind: 'soul', kdf, cipher }), SECRET)
  })

  it('costs 2^17 by default', async () => {
    const made = await encryptKey({ kind: 'issuer', secret: SECRET, passphrase: PASSPHRASE })
    assert.deepEqual([made.kdf.N, made.kdf.r, made.kdf.p], [2 ** 17, 8, 1])
    assert.deepEqual(await decryptKey({ file: made, kind: 'issuer', passphrase: PASSPHRASE }), SECRET)
  })

  it('a file of Node opens where Node is not, and the other way round', async () => {
    const { getBuiltinModule } = process
    // What browsers lack; without it the other scrypt runs.
    process.getBuiltinModule = (() => undefined) as typeof getBuiltinModule
    try {
      assert.deepEqual(await open(file), SECRET)
      const made = await encryptKey({ kind: 'soul', secret: SECRET, passphrase: PASSPHRASE, cost: COST })
      process.getBuiltinModule = getBuiltinModule
      assert.deepEqual(await open(made), SECRET)
    } finally {
      process.getBuiltinModule = getBuiltinModule
    }
  })

  it('uses a fresh salt and nonce each time', async () => {
    const other = await encryptKey({ kind: 'soul', secret: SECRET, passphrase: PASSPHRASE, cost: COST })
    assert.notEqual(other.kdf.salt, file.kdf.salt)
    assert.notEqual(other.cipher.nonce, file.cipher.nonce)
    assert.notEqual(other.cipher.ciphertext, file.cipher.ciphertext)
  })

  it('takes two Unicode forms of a passphrase for the same', async () => {
    const made = await encryptKey({ kind: 'soul', secret: SECRET, passphrase: 'caf\u00e9', cost: COST })
    assert.deepEqual(await open(made, 'cafe\u0301'), SECRET)
  })

  it('refuses a wrong passphrase', async () => {
    await assert.rejects(open(file, 'another'), refusedWithoutSecret)
    await assert.rejects(open(file, `${PASSPHRASE} `), refusedWithoutSecret)
  })

  it('refuses an empty passphrase for a new file', async () => {
    const made = encryptKey({ kind: 'soul', secret: SECRET, passphrase: '', cost: COST })
    await assert.rejects(made, usage('passphrase'))
  })

  it('attack: altered salt, nonce, tag, ciphertext or cost', async () => {
    const { kdf, cipher } = file
    for (const altered of [
      { ...file, kdf: { ...kdf, salt: flip(kdf.salt) } },
      { ...file, kdf: { ...kdf, N: 2 ** 15 } },
      { ...file, cipher: { ...cipher, nonce: flip(cipher.nonce) } },
      { ...file, cipher: { ...cipher, tag: flip(cipher.tag) } },
      { ...file, cipher: { ...cipher, ciphertext: flip(cipher.ciphertext) } },
      { ...file, cipher: { ...cipher, ciphertext: cipher.ciphertext.slice(2) } },
      { ...file, cipher: { ...cipher, ciphertext: cipher.ciphertext.slice(0, -2) } },
      { ...file, cipher: { ...cipher, ciphertext: `${cipher.ciphertext}00` } },
    ]) {
      await assert.rejects(open(altered), refusedWithoutSecret)
    }
  })

  it('attack: a file of one kind relabelled as the other', async () => {
    const relabelled = { ...file, kind: 'issuer' }
    const opened = decryptKey({ file: relabelled, kind: 'issuer', passphrase: PASSPHRASE })
    await assert.rejects(opened, refusedWithoutSecret)
    await assert.rejects(open(relabelled), usage('soul file.kind'))
  })

  it('attack: a truncated tag, which would be guessed sooner', async () => {
    const tag = file.cipher.tag.slice(0, 8)
    await assert.rejects(open({ ...file, cipher: { ...file.cipher, tag } }), usage('soul file.cipher.tag'))
  })

  it('attack: scrypt parameters that ask for gigabytes, or for next to nothing', async () => {
    const bad = {
      N: [2 ** 10, 2 ** 19, 2 ** 26, 2 ** 17 + 1, -1, 0, 1.5, '131072'],
      r: [1, 9, 4096],
      p: [0, 2, 1000],
    }
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        const started = performance.now()
        const hostile = { ...file, kdf: { ...file.kdf, [name]: value } }
        await assert.rejects(open(hostile), usage(`soul file.kdf.${name}`))
        assert(performance.now() - started < 100)
      }
    }
    const made = encryptKey({ kind: 'soul', secret: SECRET, passphrase: PASSPHRASE, cost: 2 ** 20 })
    await assert.rejects(made, RangeError)
  })

  it('refuses files of another form, naming the part', async () => {
    const { kdf, cipher } = file
    for (const [json, path] of [
      [null, 'soul file'],
      [[], 'soul file'],
      ['{}', 'soul file'],
      [{}, 'soul file.version'],
      [{ ...file, version: 2 }, 'soul file.version'],
      [{ ...file, note: 1 }, 'soul file'],
      [{ ...file, kdf: undefined }, 'soul file.kdf'],
      [{ ...file, kdf: { ...kdf, name: 'pbkdf2' } }, 'soul file.kdf.name'],
      [{ ...file, kdf: { ...kdf, salt: 'zz' } }, 'soul file.kdf.salt'],
      [{ ...file, kdf: { ...kdf, salt: '' } }, 'soul file.kdf.salt'],
      [{ ...file, cipher: { ...cipher, name: 'none' } }, 'soul file.cipher.name'],
      [{ ...file, cipher: { ...cipher, nonce: '00' } }, 'soul file.cipher.nonce'],
      [{ ...file, cipher: { ...cipher, ciphertext: 7 } }, 'soul file.cipher.ciphertext'],
      [{ ...file, cipher: { ...cipher, ciphertext: '00'.repeat(1 << 17) } }, 'soul file.cipher.ciphertext'],
    ] as const) {
      await assert.rejects(open(json), usage(path))
    }
  })
})

function refusedWithoutSecret(error: unknown): boolean {
  assert(error instanceof KeyFileError && error.refused)
  assert.match(error.message, /wrong passphrase, or the file was altered/)
  assert(!error.message.includes(SECRET.secret) && !error.message.includes(PASSPHRASE))
  return true
}

function usage(path: string): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof KeyFileError && !error.refused, String(error))
    assert(error.message.startsWith(`${path}:`), error.message)
    return true
  }
}

function flip(hex: string): string {
  return (hex.startsWith('0') ? '1' : '0') + hex.slice(1)
}
