import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeFailure } from '../../src/cli/errors.js'
import { createProgram } from '../../src/cli/program.js'

// Compiled by scripts/test.ts, because many commands are run: each starts in half the time.
const COMPILED = process.env['SOULPROOF_TEST_CLI']

/** What Node takes to run the command line. */
export const COMMAND: readonly string[] =
  COMPILED === undefined
    ? [
        '--import',
        import.meta.resolve('tsx'),
        fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
      ]
    : [COMPILED]

export const PASSPHRASE = 'correct horse battery staple'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node's. */
  readonly nodeArgs?: readonly string[]
}

/** Runs the command line as a process of its own. */
export function run(args: readonly string[], o: RunOptions): Promise<Outcome> {
  const { SOULPROOF_DEBUG, ...inherited } = process.env
  const env = { ...inherited, SOULPROOF_PASSPHRASE: PASSPHRASE, ...o.env }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(o.nodeArgs ?? []), ...COMMAND, ...args], { cwd: o.cwd, env })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    // Commands that do not read stdin may be gone before it is written.
    child.stdin.on('error', () => undefined)
    child.stdin.end(o.stdin ?? '')
  })
}

/** Runs a command that has to succeed and returns the JSON it printed. */
export async function succeed(args: readonly string[], o: RunOptions): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(args, o)
  if (code !== 0) throw new Error(`soulproof ${args.join(' ')} ended with ${code}\n${stderr}`)
  return stdout === '' ? {} : JSON.parse(stdout)
}

/** A folder for the files of one suite. */
export class Folder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'soulproof-cli-')))
  }

  async write(name: string, value: unknown): Promise<void> {
    await writeFile(join(this.path, name), typeof value === 'string' ? value : JSON.stringify(value))
  }

  delete(name: string): Promise<void> {
    return rm(join(this.path, name))
  }

  text(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8')
  }

  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  async json(name: string): Promise<any> {
    return JSON.parse(await this.text(name))
  }

  /** Names and contents of all files, hidden ones included. */
  async snapshot(): Promise<Record<string, string>> {
    const names = (await readdir(this.path)).sort()
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await this.text(name)])))
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}

/** As {@link run}, in this process: for suites of many commands. One at a time; nothing is read from stdin. */
export async function runHere(args: readonly string[], o: RunOptions): Promise<Outcome> {
  const { stdout, stderr, env } = process
  const before = { cwd: process.cwd(), exitCode: process.exitCode, out: stdout.write, err: stderr.write }
  const passphrase = env['SOULPROOF_PASSPHRASE']
  const printed = { stdout: '', stderr: '' }
  const keep = (name: keyof typeof printed) =>
    ((text: unknown) => {
      printed[name] += String(text)
      return true
    }) as typeof stdout.write
  process.chdir(o.cwd)
  env['SOULPROOF_PASSPHRASE'] = o.env?.['SOULPROOF_PASSPHRASE'] ?? PASSPHRASE
  process.exitCode = 0
  stdout.write = keep('stdout')
  stderr.write = keep('stderr')
  try {
    const program = await createProgram(args[0])
    await program.parseAsync(args, { from: 'user' })
    return { code: Number(process.exitCode), ...printed }
  } catch (error) {
    const { lines, exitCode } = describeFailure(error)
    return { code: exitCode, ...printed, stderr: printed.stderr + lines.map((line) => `${line}\n`).join('') }
  } finally {
    stdout.write = before.out
    stderr.write = before.err
    process.exitCode = before.exitCode
    process.chdir(before.cwd)
    if (passphrase === undefined) delete env['SOULPROOF_PASSPHRASE']
    else env['SOULPROOF_PASSPHRASE'] = passphrase
  }
}
