/**
 * `npm run check:planted`: plants a bug of each class in a scratch copy, one at a time, and asks the machinery and the tests
 * who notices. Prints the table of docs/security.md. `-- --row 7` plants the bugs of one row.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PLANTED, type Planted } from '../../test/soundness/planted.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** The first failing test, or undefined if all that were asked pass. */
async function firstFailure(
  scratch: string,
  [file, titles]: readonly [string, string],
): Promise<string | undefined> {
  const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const args = [
    mocha,
    '--no-config',
    '-n',
    'import=tsx',
    '-t',
    '600000',
    '-R',
    'json',
    '--bail',
    file,
    '-g',
    titles,
  ]
  const options = { cwd: scratch, maxBuffer: 1 << 28, env: { ...process.env, SOULPROOF_PLANTED: '1' } }
  const { stdout } = await run(process.execPath, args, options).catch((error: { stdout: string }) => error)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    stats: { tests: number }
    failures: { title: string; err: { stack: string } }[]
  }
  if (report.stats.tests === 0) throw new Error(`${file} has no test ${titles}`)
  const [failure] = report.failures
  if (failure !== undefined && !/AssertionError/.test(failure.err.stack)) {
    throw new Error(`${file}: does not fail, but breaks: ${failure.err.stack.slice(0, 500)}`)
  }
  return failure?.title
}

/** Compiles a statement of the scratch copy into its zkeys, with the copy's own sources. */
async function compile(scratch: string, statement: string): Promise<void> {
  const code = `
    import { compileCircuit, writeAtomically } from './src/setup/build.ts'
    const compiled = await compileCircuit({
      file: 'circuits/statements/${statement}.circom',
      includePaths: ['circuits/lib', 'node_modules'],
    })
    for (const part of ['r1cs', 'wasm', 'sym']) await writeAtomically('zkeys/${statement}.' + part, compiled[part])`
  await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { cwd: scratch })
}

async function plant(
  scratch: string,
  planted: Planted,
): Promise<{ by: string; seconds: number } | undefined> {
  const path = join(scratch, planted.file)
  const text = await readFile(path, 'utf8')
  if (text.split(planted.from).length !== 2)
    throw new Error(`${planted.file} does not have the text once: ${planted.bug}`)
  await writeFile(
    path,
    text.replace(planted.from, () => planted.to),
  )
  try {
    if (planted.statement !== undefined) {
      await compile(scratch, planted.statement)
    }
    const start = performance.now()
    for (const ask of planted.ask) {
      const title = await firstFailure(scratch, ask)
      if (title !== undefined) {
        return { by: `\`${ask[0]}\`: “${title}”`, seconds: (performance.now() - start) / 1000 }
      }
    }
    return undefined
  } finally {
    await writeFile(path, text)
    if (planted.statement !== undefined) {
      for (const part of ['r1cs', 'wasm', 'sym']) {
        const name = `${planted.statement}.${part}`
        await cp(join(ROOT, 'zkeys', name), join(scratch, 'zkeys', name))
      }
    }
  }
}

const at = process.argv.indexOf('--row')
const chosen = PLANTED.filter(({ row }) => at < 0 || row === Number(process.argv[at + 1]))
const scratch = await mkdtemp(join(tmpdir(), 'soulproof-planted-'))
let missed = 0
try {
  for (const folder of [
    'src',
    'test',
    'circuits',
    'contracts',
    'scripts',
    'zkeys',
    'package.json',
    'tsconfig.json',
  ]) {
    await cp(join(ROOT, folder), join(scratch, folder), { recursive: true })
  }
  // The compiler's file system does not follow links: what circuits include is copied.
  await mkdir(join(scratch, 'node_modules'))
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    const [from, to] = [join(ROOT, 'node_modules', name), join(scratch, 'node_modules', name)]
    if (name === 'circomlib') await cp(from, to, { recursive: true })
    else await symlink(from, to)
  }
  console.log('| row | bug | planted in | caught by | s |\n|---|---|---|---|---:|')
  for (const planted of chosen) {
    const caught = await plant(scratch, planted)
    if (caught === undefined) missed++
    const { by, seconds } = caught ?? { by: '**nothing**', seconds: 0 }
    console.log(`| ${planted.row} | ${planted.bug} | \`${planted.file}\` | ${by} | ${seconds.toFixed(0)} |`)
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
console.log(`${chosen.length - missed} of ${chosen.length} planted bugs caught`)
process.exitCode = missed > 0 ? 1 : 0
