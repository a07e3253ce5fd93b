import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Manifest } from '../src/manifest.js'
import { packArtifactFiles } from './lib/packed.js'

/*
 * Packs witness generators and proving keys as they go over a network, beside those in zkeys/, and prints their sizes:
 *
 *   node --import tsx scripts/pack-artifacts.ts [--folder keys] [statement...]
 *
 * With --folder those of another folder with a manifest.json, such as `soulproof ceremony export` writes.
 */

const { values, positionals } = parseArgs({
  options: { folder: { type: 'string', default: fileURLToPath(new URL('../zkeys', import.meta.url)) } },
  allowPositionals: true,
})
const { statements } = JSON.parse(await readFile(join(values.folder, 'manifest.json'), 'utf8')) as Manifest
const wanted = positionals.length > 0 ? positionals : Object.keys(statements)
const show = (bytes: number): string => bytes.toLocaleString('en').padStart(11)

process.stdout.write(`${'bytes'.padEnd(16)} generator    packed         key    packed  all packed\n`)
for (const statement of wanted) {
  const begun = performance.now()
  const paths = await packArtifactFiles(statement, values.folder)
  const sizes = await Promise.all(
    paths.flatMap((path) => [path.replace(/\.pack$/, ''), path]).map(async (path) => (await stat(path)).size),
  )
  const [generator, packedGenerator, key, packedKey] = sizes as [number, number, number, number]
  const numbers = [generator, packedGenerator, key, packedKey, packedGenerator + packedKey].map(show).join('')
  const seconds = ((performance.now() - begun) / 1000).toFixed(0)
  process.stdout.write(`${statement.padEnd(14)}${numbers}  ${seconds} s\n`)
}
