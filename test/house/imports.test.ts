import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

/** Rooms of the house, each with the rooms that it may import from; its own files always. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crypto: ['base'],
  bn254: ['base', 'crypto'],
  merkle: ['base', 'crypto'],
  soul: ['base', 'crypto'],
  sbt: ['base', 'crypto', 'merkle', 'soul'],
  policy: ['base', 'crypto', 'merkle', 'soul', 'sbt'],
  statements: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy'],
  formats: ['base'],
  wire: ['base', 'crypto', 'formats', 'bn254'],
  prover: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy', 'statements', 'formats', 'bn254', 'wire'],
  verifier: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy', 'statements', 'bn254'],
  setup: ['base', 'bn254', 'crypto', 'formats', 'verifier', 'wire'],
  ceremony: ['base', 'bn254', 'crypto', 'formats', 'verifier', 'setup'],
  chain: ['base', 'crypto', 'merkle'],
  ledger: ['base', 'bn254', 'crypto', 'merkle', 'chain', 'soul', 'sbt', 'policy', 'statements'],
  feed: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy'],
  backup: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy', 'statements', 'bn254', 'ledger', 'feed'],
  issuing: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy', 'statements', 'prover', 'verifier'],
  designated: ['base', 'crypto', 'merkle', 'soul', 'sbt', 'policy', 'statements', 'prover', 'verifier'],
  server: ['base', 'merkle', 'sbt', 'policy', 'statements', 'verifier', 'designated'],
  cli: [
    'base',
    'bn254',
    'crypto',
    'merkle',
    'soul',
    'sbt',
    'policy',
    'statements',
    'formats',
    'wire',
    'prover',
    'verifier',
    'setup',
    'ceremony',
    'ledger',
    'feed',
    'backup',
    'issuing',
    'designated',
    'server',
  ],
}

/** The proving engine knows keys and witnesses, not policies. */
const isEngine = (file: string): boolean =>
  /^prover\/engine\//.test(file) || ['prover/snarkjs.ts', 'prover/witness.ts'].includes(file)
/** What the engine may know besides. */
const ENGINE_ROOMS = ['base', 'formats', 'bn254', 'crypto']

/** Packages that prove, compile or talk to chains: never in what a verifier's bundle can reach. */
const PROVING_PACKAGES = ['snarkjs', 'ffjavascript', 'circom2', 'circomlib', 'circomlibjs', 'viem', 'solc']

interface Import {
  readonly file: string
  readonly target: string
}

const files = (readdirSync(SRC, { recursive: true, encoding: 'utf8' }) as string[])
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => file.split(sep).join('/'))

const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8')
  // Statements only: `import … from`, `export … from`, `import '…'`, and `import('…')`.
  const statements = text.matchAll(
    /^(?:import|export)\b[^'"`;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  const targets = [...statements].map((match) => (match[1] ?? match[2] ?? match[3]) as string)
  return targets.map((target) => ({
    file,
    target: target.startsWith('.')
      ? relative(SRC, resolve(SRC, dirname(file), target))
          .split(sep)
          .join('/')
          .replace(/\.js$/, '.ts')
      : target,
  }))
})

const isOwn = (target: string): boolean => files.includes(target)
const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] as string) : 'base')

describe('the house', () => {
  it('reads the imports of every file', () => {
    assert.ok(files.length > 40)
    assert.ok(imports.some(({ file, target }) => file === 'policy/compile.ts' && target === 'merkle/set.ts'))
  })

  it('has only known rooms, and arrows between them go one way', () => {
    const wrong = imports.filter(({ file, target }) => {
      const room = roomOf(file)
      assert.ok(room in MAY_IMPORT, `${room} is not a room`)
      return isOwn(target) && roomOf(target) !== room && !MAY_IMPORT[room]?.includes(roomOf(target))
    })
    assert.deepEqual(wrong, [])
  })

  it('the proving engine knows only keys and witnesses', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        isEngine(file) && isOwn(target) && !ENGINE_ROOMS.includes(roomOf(target)) && !isEngine(target),
    )
    assert.deepEqual(wrong, [])
  })

  it('nothing that makes proofs can be reached from the verifier', () => {
    const reached = new Set(['verifier/index.ts'])
    for (const file of reached) {
      for (const { target } of imports.filter((one) => one.file === file)) {
        if (isOwn(target)) reached.add(target)
        else
          assert.ok(!PROVING_PACKAGES.includes(target.split('/')[0] as string), `${file} imports ${target}`)
      }
    }
    assert.ok(reached.size > 10)
    assert.deepEqual(
      [...reached].filter((file) => /^(prover|setup|ceremony|formats|designated|server|cli)\//.test(file)),
      [],
    )
  })

  it('the wallet’s side of a gate reaches nothing that only servers have', () => {
    const reached = new Set(['server/wallet.ts'])
    for (const file of reached) {
      for (const { target } of imports.filter((one) => one.file === file)) {
        if (isOwn(target)) reached.add(target)
        else assert.ok(target.startsWith('@noble/hashes/'), `${file} imports ${target}`)
      }
    }
    assert.deepEqual([...reached].filter((file) => file.startsWith('server/')).sort(), [
      'server/challenge-text.ts',
      'server/wallet.ts',
    ])
  })

  it('src imports only packages that are dependencies', () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(SRC, '..', 'package.json'), 'utf8'),
    )
    const packageOf = (target: string): string =>
      target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
    const foreign = imports.filter(
      ({ target }) => !isOwn(target) && !target.startsWith('node:') && !target.startsWith('.'),
    )
    // Who neither indexes a chain, nor compares with snarkjs, nor serves, installs none of these.
    const optional: Readonly<Record<string, readonly string[]>> = {
      viem: ['chain/follow.ts', 'chain/registry.ts', 'ledger/indexer.ts'],
      fastify: ['server/fastify.ts', 'server/app.ts'],
      '@fastify/rate-limit': ['server/app.ts'],
      '@fastify/swagger': ['server/app.ts'],
      'prom-client': ['server/metrics.ts'],
      pg: ['server/postgres-store.ts'],
      snarkjs: ['prover/snarkjs.ts', 'cli/measure.ts', 'cli/bench-plonk.ts'],
    }
    const missing = foreign.filter(
      ({ file, target }) =>
        !(packageOf(target) in dependencies) &&
        !(packageOf(target) in peerDependencies && optional[packageOf(target)]?.includes(file)),
    )
    assert.deepEqual(missing, [])
    const used = new Set(foreign.map(({ target }) => packageOf(target)))
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !used.has(name)),
      [],
    )
  })
})
