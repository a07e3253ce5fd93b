/** Runs circom, which is WebAssembly, beside this thread. Node only. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, relative } from 'node:path'
import { Worker } from 'node:worker_threads'

const require = createRequire(import.meta.url)

/*
 * The thread's program is text, so that it needs no file of its own that sources, builds and bundlers would each have to find.
 * The compiler's file system has only folders on the way from its working directory to the root of the disk.
 */
const PROGRAM = `
const fs = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { library, module, args, folders } = workerData
const { CircomRunner, bindings } = require(library)
const words = []
const writeSync = (file, bytes, offset, length, position) => {
  if (file !== 1 && file !== 2) return fs.writeSync(file, bytes, offset, length, position)
  words.push(Buffer.from(bytes.slice(offset, offset + length)))
  return length
}
const runner = new CircomRunner({ args, env: {}, preopens: folders, bindings: { ...bindings, fs: { ...fs, writeSync } } })
const instance = new WebAssembly.Instance(module, runner.wasi.getImports(module))
let code = 0
try {
  runner.wasi.start(instance)
} catch (error) {
  // Where it panics, its words say more than the trap.
  if (typeof error.code !== 'number') words.push(Buffer.from(String(error)))
  code = typeof error.code === 'number' ? error.code : 1
}
parentPort.postMessage({ code, words: Buffer.concat(words).toString() })
`

let compiled: Promise<WebAssembly.Module> | undefined

/** The compiler as machine code, which all its threads share: it is made, and made faster, once a process. */
function compiler(): Promise<WebAssembly.Module> {
  compiled ??= readFile(require.resolve('circom2/circom.wasm')).then((bytes) => WebAssembly.compile(bytes))
  return compiled
}

/**
 * Runs circom's command line in a thread of its own, whose memory is gone afterwards.
 *
 * @param o.args    its arguments, paths relative to `folder`
 * @param o.folder  its working directory, an absolute path
 * @returns its exit code, 1 if it crashed, and what it said to standard output and standard error
 * @throws {Error} if it cannot be started
 */
export async function runCircom(o: {
  args: readonly string[]
  folder: string
}): Promise<{ readonly code: number; readonly words: string }> {
  const folders: Record<string, string> = {}
  for (let path = o.folder; ; path = dirname(path)) {
    folders[relative(o.folder, path) || '.'] = path
    if (dirname(path) === path) break
  }
  const workerData = {
    ...{ library: require.resolve('circom2'), module: await compiler() },
    ...{ args: o.args, folders },
  }
  return new Promise((resolve, reject) => {
    // Without the loaders of this process, which it would start anew.
    const thread = new Worker(PROGRAM, { eval: true, execArgv: [], workerData })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('the compiler ended without a word')))
  })
}
