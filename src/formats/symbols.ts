import { ArtifactError } from '../errors.js'

/** Wire index by full signal name, such as `main.policy.sbts[2].claims[0]`. */
export type Symbols = ReadonlyMap<string, number>

/**
 * Reads a circom `.sym` file, leaving out the signals that the compiler's optimiser removed.
 *
 * @throws {ArtifactError} if a line is malformed
 */
export function readSymbols(bytes: Uint8Array): Symbols {
  const symbols = new Map<string, number>()
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue
    const match = /^\d+,(-1|\d+),\d+,(.+)$/.exec(line)
    if (!match) throw new ArtifactError('sym has a malformed line')
    if (match[1] !== '-1') symbols.set(match[2]!, Number(match[1]))
  }
  return symbols
}
