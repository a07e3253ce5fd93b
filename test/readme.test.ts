import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compilePolicy, parsePolicy } from '../src/policy/index.js'
import { MANIFEST } from '../src/statements/manifest.js'
import { MEMBERSHIP_SIGNALS, POLICY_SIGNALS } from '../src/statements/signals.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const readme = read('README.md')
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...(readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }) as string[])
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
]

/** The README's only TypeScript block. */
function exampleOf(markdown: string): string {
  const blocks = [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string)
  assert.equal(blocks.length, 1, 'the README has one example')
  return blocks[0] as string
}

/** Names of the slots in the `has` predicates of a formula in JSON. */
function leavesOf(formula: unknown): string[] {
  if (typeof formula !== 'object' || formula === null) return []
  return 'has' in formula ? [formula.has as string] : Object.values(formula).flatMap(leavesOf)
}

/** The example as a file of its own: the package's names lead to the sources. */
function onSources(example: string, folder: string): string {
  const names: string[] = []
  const code = example.replaceAll(/from 'soulproof\/([a-z]+)'/g, (_, name: string) => {
    const source = join(ROOT, 'src', name, 'index.js')
    names.push(name)
    return `from '${relative(folder, source)}'`
  })
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> }
  assert.ok(names.length > 0)
  for (const name of names) assert.ok(`./${name}` in exports, `soulproof/${name} is exported`)
  return code
}

describe('README', () => {
  let folder: string
  let file: string

  before(async () => {
    await mkdir(join(ROOT, '.build'), { recursive: true })
    folder = await mkdtemp(join(ROOT, '.build', 'readme-'))
    file = join(folder, 'example.ts')
    // What the example promises in its last line, written where the test can read it.
    const report = `
import { writeFileSync } from 'node:fs'
writeFileSync(new URL('result.json', import.meta.url), JSON.stringify(result, (_, value) =>
  typeof value === 'bigint' ? value.toString() : value))
`
    await writeFile(file, onSources(exampleOf(readme), folder) + report)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('its example runs, ends by itself, and prints a valid result', async () => {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, timeout: 120_000 })
    assert.match(stdout, /valid: true/)
    const result = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'))
    assert.deepEqual(Object.keys(result), ['valid', 'nullifier', 'revealed'])
    assert.equal(result.valid, true)
    assert.match(result.nullifier, /^[1-9][0-9]*$/)
    assert.deepEqual(result.revealed, { 'passport.country': 'CA' })
  })

  it('its example has no type error', async () => {
    const settings = { extends: join(ROOT, 'tsconfig.json'), include: [], files: [file] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    const { bin } = JSON.parse(read('node_modules/typescript/package.json')) as { bin: { tsc: string } }
    const tsc = join(ROOT, 'node_modules', 'typescript', bin.tsc)
    await run(process.execPath, [tsc, '-p', folder], { cwd: ROOT }).catch(({ stdout }) =>
      assert.fail(String(stdout)),
    )
  })

  it('its commands exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const commands = [
      ...documents
        .map(read)
        .join('\n')
        .matchAll(/npm (?:run (?:-s |--silent )?([a-z:-]+)|test\b)/g),
    ]
    const names = commands.map((match) => match[1] ?? 'test')
    assert.ok(names.includes('demo') && names.includes('test'))
    for (const name of new Set(names)) {
      assert.ok(name in scripts || ['pack', 'install', 'start'].includes(name), `npm run ${name}`)
    }
  })

  it('its table of statements says what the manifest says', () => {
    const rows = [...readme.matchAll(/^\| \[`([a-z-]+)`\]\([^)]*\) \|(.*)\|$/gm)]
    assert.deepEqual(rows.map((row) => row[1]).sort(), Object.keys(MANIFEST.statements).sort())
    for (const [, name, cells] of rows) {
      const { constraints, publicSignals } = MANIFEST.statements[name as string]!
      const [, count, domain, signals] = (cells as string).split('|').map((cell) => cell.trim())
      assert.equal(count, constraints.toLocaleString('en-US'), name)
      // snarkjs adds one row for each public signal and one for the constant.
      assert.equal(domain, `2^${Math.ceil(Math.log2(constraints + publicSignals + 1))}`, name)
      assert.ok(new RegExp(`\\b${publicSignals}\\b`).test(signals as string), name)
    }
    assert.ok(readme.includes(`: ${MEMBERSHIP_SIGNALS.join(', ')} |`))
    assert.ok(readme.includes(`: reveal[2], ${POLICY_SIGNALS.join(', ')} |`))
  })

  it('its gas is that of the snapshot', () => {
    const gas = Object.values(
      JSON.parse(read('test/contracts/policy-gas.snapshot.json')) as Record<string, number>,
    )
    assert.equal(gas.length, 2)
    for (const amount of gas) assert.ok(readme.includes(`${amount.toLocaleString('en-US')}`), `${amount}`)
  })
})

describe('documents', () => {
  it('docs/policy.md: its policy parses and compiles, its formula parses', () => {
    const [policy, formula, ...others] = [...read('docs/policy.md').matchAll(/^```json\n(.*?)^```$/gms)].map(
      (match) => JSON.parse(match[1] as string),
    )
    assert.deepEqual(others, [])
    assert.equal(compilePolicy(parsePolicy(policy)).profile.name, 'policy-m')
    const { degree } = policy.sbts
    const slots = leavesOf(formula).map((name) => [name, degree])
    assert.equal(slots.length, 8)
    parsePolicy({
      version: 1,
      schemas: { 'degree/1': policy.schemas['degree/1'] },
      sbts: Object.fromEntries(slots),
      require: formula,
    })
  })

  it('docs/contracts.md: its gas is that of the snapshots, and its tests exist', () => {
    const text = read('docs/contracts.md')
    for (const name of ['apps', 'hub']) {
      const gas = JSON.parse(read(`test/contracts/${name}-gas.snapshot.json`)) as Record<string, number>
      for (const [what, amount] of Object.entries(gas)) {
        const isNamed = text.includes(amount.toLocaleString('en-US'))
        assert.ok(isNamed || /bytes$|^first spend/.test(what), `${what}: ${amount}`)
      }
    }
    const tests = [...text.matchAll(/`(test\/[^`]+)`: “([^”]+)”/g)]
    assert.ok(tests.length >= 14)
    for (const [, path, title] of tests) assert.ok(read(path as string).includes(title as string), title)
  })

  it('link to files that are there', () => {
    for (const document of documents) {
      for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
        assert.ok(existsSync(resolve(ROOT, dirname(document), target as string)), `${document}: ${target}`)
      }
    }
  })

  it('the index names each of them', () => {
    const index = read('docs/README.md')
    for (const document of documents.filter((path) => path.startsWith('docs') && path !== 'docs/README.md')) {
      assert.ok(index.includes(`(${relative('docs', document)})`), document)
    }
  })

  it('docs/security.md has each row of the table of attacks, and names tests that exist', () => {
    const security = read('docs/security.md')
    const rows = [...security.matchAll(/^\| (\d+) \| .*$/gm)]
    assert.deepEqual(
      rows.map((row) => Number(row[1])),
      Array.from({ length: 33 }, (_, i) => i + 1),
    )
    let named = 0
    for (const [row, number] of rows) {
      for (const [, path, title] of row.matchAll(/`(test\/[^`]+)`: “([^”]+)”/g)) {
        named++
        const titles = read(path as string).replaceAll(/\\(['"])/g, '$1')
        assert.ok(titles.includes(title as string), `row ${number}: ${path}: ${title}`)
      }
    }
    assert.ok(named >= 75)
  })
})
