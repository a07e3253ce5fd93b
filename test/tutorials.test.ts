import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { followTutorial, isAsShown, tutorialNames, tutorialSteps } from '../scripts/lib/tutorials.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(path, 'utf8')

/** Names that headings of a document can be linked by, as GitHub makes them. */
function anchorsOf(markdown: string): Set<string> {
  const names = new Set<string>()
  for (const [, heading] of markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#{1,6} (.*)$/gm)) {
    const text = (heading as string).replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const name = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    let unique = name
    for (let i = 1; names.has(unique); i++) unique = `${name}-${i}`
    names.add(unique)
  }
  return names
}

/** Links of a document that lead nowhere: to a file that is not there, or a heading that its file does not have. */
function brokenLinks(file: string, markdown: string): string[] {
  return [...markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : resolve(dirname(file), path)
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsOf(target === file ? markdown : read(target)).has(anchor)
    })
}

describe('tutorials', () => {
  it('app-developer: its files run as they are written, and print what it shows', async () => {
    assert.equal(await followTutorial({ name: 'app-developer' }), 2)
  })

  it('there is one for each kind of user, and each shows commands with their output', () => {
    assert.deepEqual(tutorialNames(), ['app-developer', 'auditor', 'benchmarker', 'dao', 'vote-pipeline'])
    const { exports } = JSON.parse(read(join(ROOT, 'package.json'))) as { exports: Record<string, unknown> }
    for (const name of tutorialNames()) {
      const steps = tutorialSteps(read(join(ROOT, 'docs', 'tutorials', `${name}.md`)))
      assert.ok(steps.some(({ kind }) => kind === 'command'))
      for (const next of steps) {
        if (next.kind !== 'file') continue
        for (const [, path] of next.content.matchAll(/from 'soulproof(\/[^']*)'/g)) {
          assert.ok(`.${path}` in exports, `${name}: soulproof${path} is exported`)
        }
      }
    }
  })

  it('another output than the one that is shown is told from it', () => {
    assert.ok(isAsShown('a (1)\nmember: 5 ms\nx\ny\nend\n', 'a (1)\nmember: … ms\n…\nend\n'))
    assert.ok(!isAsShown('a (1)\nmember: 5 s\nx\nend\n', 'a (1)\nmember: … ms\n…\nend\n'))
    assert.ok(!isAsShown('a (1)\nmore\n', 'a (1)\n'))
    assert.ok(!isAsShown('axb\n', 'a.b\n'))
  })
})

describe('links of documents', () => {
  const documents = [
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'],
    ...(readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }) as string[])
      .filter((file) => file.endsWith('.md'))
      .map((file) => join('docs', file)),
  ].map((file) => join(ROOT, file))

  it('lead to files and headings that are there', () => {
    const broken = documents.flatMap((file) =>
      brokenLinks(file, read(file)).map((link) => `${relative(ROOT, file)}: ${link}`),
    )
    assert.deepEqual(broken, [])
  })

  it('a missing file or heading is found', () => {
    const file = join(ROOT, 'docs', 'README.md')
    const text =
      '# A `b`, c\n\n[1](#a-b-c) [2](#a-b) [3](policy.md) [4](none.md) [5](../README.md#security) [6](../README.md#none)\n'
    assert.deepEqual(brokenLinks(file, text), ['#a-b', 'none.md', '../README.md#none'])
  })
})
