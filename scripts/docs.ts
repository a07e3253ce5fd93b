import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'
import { checkLinks } from './lib/links.js'
import { installLocked } from './lib/packages.js'

/*
 * Writes the site of documents and of the public API to .build/site. Fails, and lists what is wrong, if an export of a public
 * subpath is missing, if an export or a method has no docstring, if a signature names a type that no subpath exports, or if a link
 * leads nowhere.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OUT = join(ROOT, '.build', 'site')
const FIRST_HEADING = /^# (.+)\n+/

/** A part of a text: Markdown, or a relative path in it. */
interface Part {
  readonly kind: string
  text: string
}

/** What is used of TypeDoc's reflections; the project is one, too. */
interface Reflection {
  name: string
  readonly children?: readonly Reflection[]
}

/** A page made from a Markdown file. */
interface Document {
  name: string
  content: Part[]
  readonly frontmatter: Record<string, unknown>
}

interface Project extends Reflection {
  readonly documents?: readonly Document[]
  /** Files that links lead to, which are copied. */
  readonly files: { readonly mediaToPath: Map<number, string> }
  readme?: Part[]
}

/** What is used of TypeDoc, which is not among the packages of the clone. */
interface TypeDoc {
  readonly Application: {
    bootstrap(options: object): Promise<{
      readonly converter: {
        on(event: 'createDocument', listener: (context: unknown, document: Document) => void): void
        on(event: 'resolveBegin', listener: (context: { project: Project }) => void, priority: number): void
      }
      readonly renderer: { on(event: 'beginRender', listener: (event: { project: Project }) => void): void }
      readonly logger: {
        readonly errorCount: number
        readonly warningCount: number
        readonly validationWarningCount: number
      }
      convert(): Promise<Project | undefined>
      validate(project: Project): void
      generateOutputs(project: Project): Promise<void>
    }>
  }
}

/** Where a document stands in the navigation, by its path without the ending. */
function groupOf(path: string): string {
  if (path.startsWith('docs/decisions/')) return 'Decisions'
  if (path.startsWith('docs/statements/')) return 'Statements'
  return path.startsWith('docs/') ? 'Guides' : 'Project'
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Leaves only the text of links to folders, which are no pages. */
function unlinkFolders(parts: readonly Part[], from: string): Part[] {
  const kept: Part[] = []
  for (const [index, part] of parts.entries()) {
    const previous = kept.at(-1)
    const next = parts[index + 1]
    const isDead = part.kind === 'relative-link' && isFolder(join(ROOT, from, part.text))
    if (isDead && previous !== undefined && next?.text.startsWith(')')) {
      previous.text = previous.text.replace(/\[([^\]]*)\]\($/, '$1')
      next.text = next.text.slice(1)
    } else {
      kept.push(part)
    }
  }
  return kept
}

/** Paths that the scripts of the site lead to: its navigation and its search. */
async function scriptedLinks(): Promise<string[]> {
  const links: string[] = []
  for (const name of ['navigation', 'search']) {
    const script = await readFile(join(OUT, 'assets', `${name}.js`), 'utf8')
    const packed = /"([^"]+)"/.exec(script)?.[1]
    if (packed === undefined) throw new Error(`${name}.js has another form`)
    JSON.parse(inflateSync(Buffer.from(packed, 'base64')).toString(), (key, value) => {
      if ((key === 'path' || key === 'url') && typeof value === 'string') links.push(value)
      return value
    })
  }
  return links
}

const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { readonly types: string }>
}
/** Names of public subpaths, without the dot and the slash, and their sources. */
const sources = new Map(
  Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          [
            subpath.slice(2),
            join(ROOT, target.types.replace('./dist/', 'src/').replace('.d.ts', '.ts')),
          ] as const,
        ],
  ),
)

const tools = await installLocked(join(ROOT, 'docs', 'site'), 'site')
const entry = createRequire(join(tools, 'package.json')).resolve('typedoc')
const { Application } = (await import(pathToFileURL(entry).href)) as TypeDoc

const app = await Application.bootstrap({
  name: 'Soulproof',
  includeVersion: true,
  entryPoints: [...sources.values()],
  tsconfig: join(ROOT, 'tsconfig.build.json'),
  readme: join(ROOT, 'README.md'),
  projectDocuments: [
    join(ROOT, 'docs/**/*.md'),
    ...['CONTRIBUTING', 'SECURITY', 'CHANGELOG'].map((name) => join(ROOT, `${name}.md`)),
  ],
  out: OUT,
  // Types of viem that ours refer to have pages of their own elsewhere.
  excludeExternals: true,
  // Shown as it is: the highlighter does not know it.
  ignoredHighlightLanguages: ['circom'],
  // The sources have no public address to lead to.
  disableSources: true,
  customCss: join(ROOT, 'docs/site/site.css'),
  githubPages: false,
  hideGenerator: true,
  includeHierarchySummary: false,
  navigation: { includeGroups: true, excludeReferences: true },
  groupOrder: ['Guides', 'Statements', 'Modules', 'Decisions', 'Project', '*'],
  searchInComments: true,
  searchInDocuments: true,
  validation: { invalidLink: true, rewrittenLink: true, notExported: true, notDocumented: true },
  // A property may be clear by its name and its type; a method has ranges and errors.
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Function', 'Variable', 'Method', 'Accessor'],
})

const titles = new Map<Document, string>()
app.converter.on('createDocument', (_, document) => {
  const [first] = document.content
  const title = FIRST_HEADING.exec(first?.text ?? '')?.[1]
  if (first === undefined || title === undefined) throw new Error(`${document.name} has no title`)
  // The page has the title above its text.
  first.text = first.text.replace(FIRST_HEADING, '')
  titles.set(document, title)
  document.frontmatter['group'] = groupOf(document.name)
})
// After TypeDoc has read the README at the same event.
app.converter.on(
  'resolveBegin',
  ({ project }) => {
    for (const document of project.documents ?? [])
      document.content = unlinkFolders(document.content, join(document.name, '..'))
    for (const [id, path] of project.files.mediaToPath)
      if (isFolder(path)) project.files.mediaToPath.delete(id)
    if (project.readme !== undefined) project.readme = unlinkFolders(project.readme, '.')
  },
  -100,
)
// Addresses of pages come from the paths of files; what is read is renamed after that.
app.renderer.on('beginRender', ({ project }) => {
  for (const document of project.documents ?? []) document.name = titles.get(document) ?? document.name
  for (const module of project.children ?? []) module.name = `soulproof/${module.name}`
})

const project = await app.convert()
if (project === undefined) throw new Error('TypeDoc cannot read the sources')
app.validate(project)

const faults: string[] = []
let counted = 0
for (const [subpath, source] of sources) {
  const module = project.children?.find(({ name }) => name === subpath)
  const documented = new Set(module?.children?.map(({ name }) => name))
  for (const name of Object.keys(await import(pathToFileURL(source).href))) {
    if (!documented.has(name)) faults.push(`soulproof/${subpath}: ${name} is not on its page`)
  }
  counted += documented.size
}

await app.generateOutputs(project)
const { pages, internal, broken } = await checkLinks(OUT, await scriptedLinks())
faults.push(...broken)
const { errorCount, warningCount, validationWarningCount } = app.logger
if (errorCount + warningCount + validationWarningCount > 0) faults.push('TypeDoc warns, see above')
console.log(
  `${relative(ROOT, OUT)}: ${pages} pages, ${counted} exports of ${sources.size} subpaths, ${internal} links inside`,
)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
