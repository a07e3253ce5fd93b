import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeFailure } from '../../src/cli/errors.js'
import { PUBLIC_MODE, writeFiles } from '../../src/cli/io.js'
import { createLedger } from '../../src/ledger/index.js'

describe('cli/io', () => {
  let folder = ''
  const tooLong = (): string => join(folder, '9'.repeat(5000))
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'soulproof-io-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('a file whose name is too long cannot be written, and what goes with it is not there either (found by fuzzing)', async () => {
    const output = (path: string) => ({ path, content: 'x', mode: PUBLIC_MODE, replace: false })
    await assert.rejects(writeFiles([output(join(folder, 'a')), output(tooLong())]), {
      name: 'UsageError',
      message: /cannot be written \(ENAMETOOLONG\)$/,
    })
    assert.deepEqual(readdirSync(folder), [])
  })

  it('a ledger whose folder cannot be made is refused by name (found by fuzzing)', async () => {
    await assert.rejects(createLedger({ id: 'a', categories: ['b'], path: tooLong() }), {
      name: 'LedgerError',
      message: "the ledger's folder cannot be made (ENAMETOOLONG)",
    })
    const ledger = await createLedger({ id: 'a', categories: ['b'], path: join(folder, 'ledger') })
    await assert.rejects(ledger.backup(tooLong()), {
      name: 'LedgerError',
      message: 'the backup cannot be made (ENAMETOOLONG)',
    })
    await ledger.close()
  })

  it('what the system refuses is named by its code, without path or address', async () => {
    const error = await readFile(join(folder, 'secret-name')).catch((cause: unknown) => cause)
    const { lines, exitCode } = describeFailure(error)
    assert.deepEqual(lines, ['error: the system refuses (open, ENOENT); SOULPROOF_DEBUG=1 shows more'])
    assert.equal(exitCode, 1)
  })
})
