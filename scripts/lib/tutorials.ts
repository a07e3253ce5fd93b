import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { step } from './step.js'

/*
 * Tutorials are followed as they are written.
 *
 * - A block whose first line is a comment with a file's name is that file; so is a block after a line that ends with the name of a
 *   JSON file in backquotes and a colon.
 * - An `sh` block with a `text` block right after it is run and prints that text, where … stands for anything within a line, and a
 *   line of … alone for any lines.
 * - Other `sh` blocks are for readers: they take long, or need what is not there before.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'docs', 'tutorials')

/** What a follower of a tutorial does next. */
export type TutorialStep =
  | { readonly kind: 'file'; readonly name: string; readonly content: string }
  | { readonly kind: 'command'; readonly command: string; readonly expected: string }

/** Names of the tutorials, without `.md`. */
export function tutorialNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort()
}

/** Reads what a tutorial says to do, in order; `markdown` is the whole document. */
export function tutorialSteps(markdown: string): readonly TutorialStep[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] as string,
    text: match[2] as string,
    from: match.index,
    to: match.index + match[0].length,
  }))
  return blocks.flatMap(({ language, text, from, to }, i): TutorialStep[] => {
    const before = markdown.slice(0, from).trimEnd().split('\n').at(-1) as string
    const name = /^\/\/ ([\w.-]+\.\w+)$/m.exec(text.split('\n', 1)[0] as string)?.[1] ?? jsonName(before)
    if (language !== 'sh') return name === undefined ? [] : [{ kind: 'file', name, content: text }]
    const next = blocks[i + 1]
    const isShown = next?.language === 'text' && markdown.slice(to, next.from).trim() === ''
    return isShown ? [{ kind: 'command', command: text, expected: next.text }] : []
  })
}

function jsonName(line: string): string | undefined {
  return /`([\w-]+\.json)`:$/.exec(line)?.[1]
}

/** Whether a command printed what a tutorial shows. */
export function isAsShown(printed: string, expected: string): boolean {
  const pattern = expected
    .trim()
    .split('\n')
    .map((line) => {
      if (line.trim() === '…') return '[^]*'
      return line.split('…').map(escaped).join('.*')
    })
    .join('\\n')
  return new RegExp(`^${pattern}$`).test(
    printed
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trim(),
  )
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/**
 * Follows a tutorial in a folder that has links to everything in this one, so that nothing of it is changed; or in another one.
 *
 * @param o.folder     another folder, which keeps what the tutorial writes
 * @param o.onCommand  called with each command before it runs
 * @returns how many commands ran
 * @throws {Error} if a command fails, or prints something else than the tutorial shows
 */
export async function followTutorial(o: {
  readonly name: string
  readonly folder?: string
  readonly onCommand?: (command: string) => void
}): Promise<number> {
  const { folder } = o
  if (folder !== undefined) return follow({ ...o, folder })
  const clone = await mkdtemp(join(tmpdir(), 'soulproof-tutorial-'))
  try {
    for (const entry of readdirSync(ROOT)) {
      const [from, to] = [join(ROOT, entry), join(clone, entry)]
      // An example runs only if it is where Node was told that it is.
      if (entry === 'examples') await cp(from, to, { recursive: true })
      else if (entry !== '.git') await symlink(from, to)
    }
    return await follow({ ...o, folder: clone })
  } finally {
    await rm(clone, { recursive: true, force: true })
  }
}

async function follow(o: {
  readonly name: string
  readonly folder: string
  readonly onCommand?: (command: string) => void
}): Promise<number> {
  const { name, folder, onCommand } = o
  let commands = 0
  for (const next of tutorialSteps(readFileSync(join(FOLDER, `${name}.md`), 'utf8'))) {
    if (next.kind === 'file') {
      await writeFile(join(folder, next.name), next.content, { flag: 'wx' })
      continue
    }
    onCommand?.(next.command)
    const { stdout } = await step('sh', ['-ec', next.command], folder, { ...process.env, NO_COLOR: '1' })
    if (!isAsShown(stdout, next.expected)) {
      throw new Error(`${name}.md: ${next.command}shows\n${next.expected}and printed\n${stdout}`)
    }
    commands++
  }
  return commands
}
