import assert from 'node:assert/strict'
import { BaseError, ContractFunctionRevertedError } from 'viem'

/* How demos tell: headings, paragraphs, and lines with a tick of which each is asserted. */

/** Columns of text, and of labels. */
const WIDTH = 104
const LABEL = 26

let steps = 0

/** Writes a heading. */
export function title(text: string): void {
  write(`\n${bold(text)}\n`)
}

/** Writes the heading of the next step. */
export function step(text: string): void {
  title(`${++steps}. ${text}`)
}

/** Writes a paragraph. */
export function say(...lines: readonly string[]): void {
  block(`${lines.join(' ')}\n`)
}

/** Writes text, its lines folded at the width of a page. */
export function block(text: string): void {
  for (const line of text.split('\n')) {
    const indent = /^ *(- )?/.exec(line)![0].length
    const [first = '', ...rest] = line.match(new RegExp(`.{1,${WIDTH}}(?= |$)`, 'g')) ?? []
    write(first === '' ? '\n' : `   ${first}\n`)
    for (const part of rest) write(`   ${' '.repeat(indent)}${part.trim()}\n`)
  }
}

/** Writes a label and its value. */
export function fact(label: string, value: string): void {
  write(`   ${label.padEnd(LABEL)} ${value}\n`)
}

/** Says what is so, or ends the demo. */
export function check(text: string, holds: boolean): void {
  assert.ok(holds, `not so: ${text}`)
  write(`   ${colour('green', '✓')} ${text}\n`)
}

/** Writes text as it is. */
export function write(text: string): void {
  process.stdout.write(text)
}

function bold(text: string): string {
  return process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text
}

/** SGR codes of ECMA-48. */
const COLOURS = { red: 31, green: 32 } as const

/** Colours a text where there is a terminal. */
export function colour(name: keyof typeof COLOURS, text: string): string {
  return process.stdout.isTTY ? `\u001b[${COLOURS[name]}m${text}\u001b[39m` : text
}

/** Milliseconds in words. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** A number with separators. */
export function number(value: number | bigint): string {
  return value.toLocaleString('en')
}

/** The ends of a long number. */
export function short(value: bigint): string {
  const text = String(value)
  return text.length <= 17 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`
}

/** Checks that a contract refuses a call with this custom error. */
export async function checkRefused(
  what: string,
  o: { readonly call: Promise<unknown>; readonly error: string },
): Promise<void> {
  const name = await o.call.then(
    () => 'nothing',
    (error: unknown) => {
      const revert =
        error instanceof BaseError
          ? error.walk((cause) => cause instanceof ContractFunctionRevertedError)
          : null
      if (!(revert instanceof ContractFunctionRevertedError)) throw error
      return revert.data?.errorName ?? 'another error'
    },
  )
  check(`${what} is refused: ${name}`, name === o.error)
}
