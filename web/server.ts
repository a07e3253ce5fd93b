import { copyFileSync, createReadStream, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { compileSolidity } from '../scripts/lib/solc.js'
import { VERIFICATION_KEYS } from '../src/statements/verification-keys.js'
import { exportSolidityVerifier } from '../src/verifier/solidity.js'

const ZKEYS = fileURLToPath(new URL('../zkeys/', import.meta.url))
/** Statements that the page has deployed on a local chain. */
const ON_CHAIN = ['policy-s', 'policy-m', 'policy-l']
/** For circuit debuggers, not for pages. */
const NOT_SERVED = /\.(sym|r1cs)$/

/** Serves the artifacts of `zkeys/` beside the page, and puts them beside what is built. */
export function artifacts(): Plugin {
  let outDir = ''
  return {
    name: 'soulproof-artifacts',
    configResolved(config) {
      outDir = config.build.outDir
    },
    configureServer(server) {
      server.middlewares.use('/zkeys', (request, response, next) => {
        const name = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).slice(1)
        if (!/^[\w.-]+$/.test(name) || NOT_SERVED.test(name) || !readdirSync(ZKEYS).includes(name))
          return next()
        response.setHeader(
          'Content-Type',
          name.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream',
        )
        response.setHeader('Content-Length', statSync(join(ZKEYS, name)).size)
        createReadStream(join(ZKEYS, name)).pipe(response)
      })
    },
    closeBundle() {
      const target = join(outDir, 'zkeys')
      mkdirSync(target, { recursive: true })
      const names = readdirSync(ZKEYS).filter((name) => !NOT_SERVED.test(name))
      // What is there packed is not asked for as it is.
      for (const name of names.filter((name) => !names.includes(`${name}.pack`))) {
        try {
          linkSync(join(ZKEYS, name), join(target, name))
        } catch {
          // Another file system, or one without links.
          copyFileSync(join(ZKEYS, name), join(target, name))
        }
      }
    },
  }
}

/** The module `virtual:verifier-contracts`: bytecode of the exported Solidity verifiers, by statement. */
export function verifierContracts(): Plugin {
  const id = 'virtual:verifier-contracts'
  return {
    name: 'soulproof-verifier-contracts',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(source) {
      if (source !== `\0${id}`) return null
      const compiled = ON_CHAIN.map((statement) => {
        const verificationKey = VERIFICATION_KEYS[statement]?.key
        if (verificationKey === undefined) throw new Error(`no verification key of ${statement}`)
        const text = exportSolidityVerifier({ verificationKey })
        const contract = compileSolidity({ sources: { 'Verifier.sol': text } })['Groth16Verifier']
        if (contract === undefined) throw new Error('the exported verifier has another name')
        return [statement, { abi: contract.abi, bytecode: contract.bytecode }] as const
      })
      return `export default ${JSON.stringify(Object.fromEntries(compiled))}`
    },
  }
}

/**
 * Lets the benchmark compare with snarkjs, in the development server only: its licence is not ours, so that it is in nothing
 * that is built.
 */
export function comparison(): Plugin {
  return {
    name: 'soulproof-comparison',
    apply: 'serve',
    config: () => ({ optimizeDeps: { include: ['snarkjs'] } }),
    transformIndexHtml: () => [
      {
        tag: 'script',
        attrs: { type: 'importmap' },
        children: JSON.stringify({ imports: { snarkjs: '/@id/snarkjs' } }),
        injectTo: 'head-prepend',
      },
    ],
  }
}

/** What the built page may do, wherever it is served: nothing of others, but for a node on this machine. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self' http://127.0.0.1:* http://localhost:*",
  "img-src 'self'",
  // Radix and Plot write styles of their own.
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Writes the content-security policy into the built page, which a static server need not know of then. */
export function contentSecurity(): Plugin {
  return {
    name: 'soulproof-content-security',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}
