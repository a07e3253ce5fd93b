import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'

/** A site has an origin when it is served; which one does not matter here. */
const ORIGIN = 'http://site.invalid'

/** What a page of a site offers, and what it asks for. */
interface Page {
  readonly ids: ReadonlySet<string>
  readonly links: readonly string[]
}

function pageOf(html: string): Page {
  const { document } = parseHTML(html)
  const values = (name: string): string[] =>
    [...document.querySelectorAll(`[${name}]`)].map((element) => element.getAttribute(name) as string)
  return { ids: new Set([...values('id'), ...values('name')]), links: [...values('href'), ...values('src')] }
}

/** The links of a built site: how many lead inside it, and each of those that leads nowhere, with the page it is on. */
export interface CheckedLinks {
  readonly pages: number
  readonly internal: number
  readonly broken: readonly string[]
}

/**
 * Follows every `href` and `src` of every page of a static site: a link inside it must lead to a file, and its anchor to an
 * element with that id. Links that leave the site are not followed.
 *
 * @param folder - of the built site
 * @param extra - paths from its root that scripts of the site lead to
 */
export async function checkLinks(folder: string, extra: readonly string[] = []): Promise<CheckedLinks> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
  const all = new Set(files)
  const pages = new Map<string, Page>()
  for (const file of files) {
    // A link into a picture names one of its shapes.
    if (/\.(html|svg)$/.test(file)) pages.set(file, pageOf(await readFile(join(folder, file), 'utf8')))
  }

  const broken: string[] = []
  let internal = 0
  const follow = (from: string, link: string): void => {
    const base = new URL(from, `${ORIGIN}/`)
    if (!URL.canParse(link, base.href)) {
      broken.push(`${from}: ${link} is no address`)
      return
    }
    const url = new URL(link, base)
    if (url.origin !== ORIGIN) return
    internal++
    const path = decodeURIComponent(url.pathname.slice(1))
    const file = path === '' || path.endsWith('/') ? `${path}index.html` : path
    const anchor = decodeURIComponent(url.hash.slice(1))
    if (!all.has(file)) broken.push(`${from}: ${link} leads to no file`)
    else if (anchor !== '' && pages.get(file)?.ids.has(anchor) !== true)
      broken.push(`${from}: ${link} has no such anchor`)
  }
  for (const [file, { links }] of pages) for (const link of links) follow(file, link)
  for (const link of extra) follow('index.html', link)
  return { pages: pages.size, internal, broken: [...new Set(broken)] }
}
