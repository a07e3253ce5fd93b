/**
 * `npm run check:planted`: plants a bug of each class in a scratch copy, one at a time, and asks the machinery and the tests
 * who notices. Prints the table of docs/security.md. `-- --row 7,8` plants the bugs of these rows.
 */
import { execFile } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PLANTED, type Planted } from '../../test/soundness/planted.js'
import { firstFailure, withScratch } from '../lib/scratch.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** Compiles a statement of the scratch copy into its zkeys, with the copy's own sources. */
async function compile(scratch: string, statement: string): Promise<void> {
  const code = `
    import { compileCircuit } from './src/setup/build.ts'
    import { writeAtomically } from './src/setup/write.ts'
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
const rows = at < 0 ? undefined : (process.argv[at + 1] as string).split(',').map(Number)
const chosen = PLANTED.filter(({ row }) => rows?.includes(row) ?? true)
let missed = 0
await withScratch(async (scratch) => {
  console.log('| row | bug | planted in | caught by | s |\n|---|---|---|---|---:|')
  for (const planted of chosen) {
    const caught = await plant(scratch, planted)
    if (caught === undefined) missed++
    const { by, seconds } = caught ?? { by: '**nothing**', seconds: 0 }
    console.log(
      `| row ${planted.row} | ${planted.bug} | \`${planted.file}\` | ${by} | ${seconds.toFixed(0)} |`,
    )
  }
})
console.log(`${chosen.length - missed} of ${chosen.length} planted bugs caught`)
process.exitCode = missed > 0 ? 1 : 0
