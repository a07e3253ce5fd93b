import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkLinks } from '../../scripts/lib/links.js'

const page = (body: string): string => `<!doctype html><html><body>${body}</body></html>`

describe('house/links', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulproof-links-'))
    await mkdir(join(folder, 'api'))
    await writeFile(join(folder, 'icons.svg'), '<svg><g id="menu"></g></svg>')
    await writeFile(join(folder, 'api', 'a b.html'), page('<h1 id="größe">1</h1><a href="../">up</a>'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const check = async (body: string, extra?: readonly string[]): Promise<readonly string[]> => {
    await writeFile(join(folder, 'index.html'), page(body))
    return (await checkLinks(folder, extra)).broken
  }

  it('links that lead somewhere pass, and those out of the site are not followed', async () => {
    const body = [
      '<a id="top" href="#top"></a><a href="#"></a><a href="."></a>',
      '<a href="api/a%20b.html#gr%C3%B6%C3%9Fe"></a><svg><use href="icons.svg#menu"></use></svg>',
      '<a href="https://example.org/none.html#none"></a><a href="mailto:a@example.org"></a>',
    ].join('')
    await writeFile(join(folder, 'index.html'), page(body))
    assert.deepEqual(await checkLinks(folder, ['api/a b.html']), { pages: 3, internal: 7, broken: [] })
  })

  it('a missing file, folder, anchor, picture, script and shape are found, each with its page', async () => {
    for (const body of [
      '<a href="none.html"></a>',
      '<a href="api/"></a>',
      '<a href="api"></a>',
      '<a href="#none"></a>',
      '<a href="api/a%20b.html#none"></a>',
      '<img src="none.png">',
      '<script src="none.js"></script>',
      '<svg><use href="icons.svg#none"></use></svg>',
      '<a href="http://["></a>',
    ]) {
      const broken = await check(body)
      assert.equal(broken.length, 1, body)
      assert.match(broken[0]!, /^index\.html: /)
    }
  })

  it('so is what only a script of the site leads to', async () => {
    assert.deepEqual(await check('', ['api/none.html']), ['index.html: api/none.html leads to no file'])
  })
})
