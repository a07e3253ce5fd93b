/**
 * `npm run check:constraints:source`: drops or weakens each constraint of the gadgets' sources, one at a time, and asks the
 * gadget's tests. `-- --shard 2/8` takes a part, `-- --gadget select` one file. On demand: a mutant takes seconds.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GADGETS } from '../../test/circuits/lib/gadgets.js'
import { sourceMutants } from '../../test/soundness/source-mutants.js'
import { firstFailure, withScratch } from '../lib/scratch.js'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const [shard, shards] = (option('shard') ?? '1/1').split('/').map(Number) as [number, number]
const only = option('gadget')

await withScratch(async (scratch) => {
  const folder = join(scratch, 'circuits', 'lib')
  let [count, killed, invalid, index] = [0, 0, 0, 0]
  for (const file of (await readdir(folder)).sort()) {
    const name = file.replace('.circom', '')
    const test = `test/circuits/lib/${name}.test.ts`
    if ((only !== undefined && only !== name) || !existsSync(join(scratch, test))) continue
    const source = await readFile(join(folder, file), 'utf8')
    // Of gadgets in two sizes the small one: it has each line of the source too.
    const gadgets = Object.entries(GADGETS).filter(
      ([title, { include }]) =>
        (include as readonly string[]).includes(name) &&
        !(
          /\((10|12, 6)\)$/.test(title) &&
          [1, 2, '2, 2'].some((size) => title.replace(/\(.*/, `(${size})`) in GADGETS)
        ),
    )
    const escaped = (text: string): string => text.replace(/[().]/g, '\\$&')
    for (const mutant of sourceMutants(source)) {
      if (index++ % shards !== shard - 1) continue
      await writeFile(join(folder, file), mutant.text)
      let by: string | undefined
      try {
        const titles = gadgets.map(
          ([title]) => `^soundness/determinism statements and gadgets ${escaped(title)}:`,
        )
        if (titles.length > 0)
          by = await firstFailure(scratch, ['test/soundness/determinism.test.ts', titles.join('|')])
        by ??= await firstFailure(scratch, [test, '.'])
      } catch (error) {
        // What the compiler refuses, or what has no witness at all, never ships.
        invalid++
        console.log(
          `${name}:${mutant.line} does not build: ${mutant.was}${process.env['SOULPROOF_DEBUG'] ? ` ${error}` : ''}`,
        )
        continue
      } finally {
        await writeFile(join(folder, file), source)
      }
      count++
      if (by !== undefined) killed++
      console.log(
        `${name}:${mutant.line} ${by === undefined ? 'SURVIVES' : 'killed'}: ${mutant.was} -> ${mutant.is}`,
      )
    }
  }
  console.log(`${killed} of ${count} source mutants killed (${invalid} do not build)`)
  process.exitCode = killed < count ? 1 : 0
})
