import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Symbols } from '../../src/formats/symbols.js'

const CIRCUITS = fileURLToPath(new URL('../../circuits/', import.meta.url))

interface Template {
  /** Signals declared `{binary}`. */
  readonly binary: ReadonlySet<string>
  /** Template by name of a declared component. */
  readonly components: ReadonlyMap<string, string>
}

/** Reads the templates of circuits: what they declare binary, and of which templates their components are. */
export function readTemplates(sources: readonly string[]): Map<string, Template> {
  const templates = new Map<string, Template>()
  for (const source of sources) {
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    for (const part of code.split(/\btemplate\s+(?=\w+\s*\()/).slice(1)) {
      const name = /^\w+/.exec(part)?.[0] as string
      const binary = [...part.matchAll(/\bsignal\s+(?:(?:input|output)\s+)?\{binary\}\s+(\w+)/g)]
      const components = [...part.matchAll(/\b(\w+)(?:\[[^\]]*\])*\s*=\s*([A-Z]\w*)\s*\(/g)]
      templates.set(name, {
        binary: new Set(binary.map((match) => match[1] as string)),
        components: new Map(components.map((match) => [match[1] as string, match[2] as string])),
      })
    }
  }
  return templates
}

/** The templates of all gadgets. */
export function gadgetTemplates(): Map<string, Template> {
  const files = readdirSync(`${CIRCUITS}lib`).map((file) => `${CIRCUITS}lib/${file}`)
  return readTemplates(files.map((file) => readFileSync(file, 'utf8')))
}

/**
 * Finds the wires that carry a signal declared `{binary}`: circom's tags are promises of a template about its own signals,
 * which nothing checks.
 *
 * @param o.main template of the main component
 */
export function binaryWires(o: {
  readonly symbols: Symbols
  readonly templates: ReadonlyMap<string, Template>
  readonly main: string
}): Map<number, string> {
  const found = new Map<number, string>()
  for (const [path, wire] of o.symbols) {
    const segments = path.split('.').slice(1)
    let template = o.templates.get(o.main)
    for (const segment of segments.slice(0, -1)) {
      const name = segment.replace(/\[\d+\]/g, '')
      const anonymous = /^(\w+?)_\d+_\d+$/.exec(name)?.[1]
      template = o.templates.get(anonymous ?? template?.components.get(name) ?? '')
    }
    const signal = (segments.at(-1) as string).replace(/\[\d+\]/g, '')
    if (template?.binary.has(signal)) found.set(wire, path.replace(/^main\./, ''))
  }
  return found
}
