/** Packages with proving keys of others, which `npm run foreign-keys` fetches into the cache. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCacheDir } from '../../src/setup/build.js'

/** A package of npm's registry. */
export interface Foreign {
  readonly name: string
  readonly version: string
  /** Of its archive, as the registry has it. */
  readonly integrity: string
}

/** Semaphore v4 after its ceremony: `semaphore-<depth>.zkey`, `.wasm` and `.json` for depths 1 to 32. */
export const SEMAPHORE: Foreign = {
  name: '@zk-kit/semaphore-artifacts',
  version: '4.13.0',
  integrity:
    'sha512-UgFQkcwI63XT1Xk8fkUYMNfcuR85LiSL3Of9XLsyMLflHkiwXP9D1WC8hnpD8Tp2HoAMJ/mCv7ZMlU7TC0mvdQ==',
}

/** UniRep: `zksnarkBuild/<circuit>.zkey`, `.wasm` and `.vkey.json`, with its circuits' sources. */
export const UNIREP: Foreign = {
  name: '@unirep/circuits',
  version: '2.0.0',
  integrity:
    'sha512-j4XfP389hVSFv1fRgZEBCj0wG4xBodhkjcNT81uQG4+VWWRk9vmRhRcUQZl7JX6lvcvYo/irXOQ+4NeCwlv0zw==',
}

/** Waku's rate-limiting nullifiers: `dist/resources/rln_final.zkey` and `rln.wasm`. */
export const RLN: Foreign = {
  name: '@waku/rln',
  version: '0.1.8',
  integrity:
    'sha512-LPEjqM0Thm35sMOCPsG8cBs4zkAFmckiwYAcu+2OURUcpC6QcgtAfGmi+Q5IDUokOMylItb/hqFdt2HufRyPog==',
}

export const FOREIGN: readonly Foreign[] = [SEMAPHORE, UNIREP, RLN]

/** Where a package is unpacked once it is there. */
export function foreignFolder({ name, version }: Foreign): string {
  return join(defaultCacheDir(), 'foreign', `${name.replace('@', '').replace('/', '-')}-${version}`)
}

/** Whether a package is there. */
export function hasForeign(foreign: Foreign): boolean {
  return existsSync(foreignFolder(foreign))
}
