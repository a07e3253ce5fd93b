import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { claim } from '../../examples/service/wallet.js'
import { Group } from '../../src/merkle/index.js'
import { createProver } from '../../src/prover/index.js'
import { readServiceConfig, startService } from '../../src/server/service.js'
import { createSoul } from '../../src/soul/index.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLE = join(ROOT, 'examples', 'service')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('server/example: the service of npm run serve', () => {
  it('its wallet claims once, by the service as it is configured', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'soulproof-example-'))
    const prover = await createProver()
    try {
      const json = JSON.parse(readFileSync(join(EXAMPLE, 'service.json'), 'utf8'))
      copyFileSync(join(EXAMPLE, json.gates.drop.roots), join(folder, json.gates.drop.roots))
      const config = readServiceConfig({ ...json, port: 0, store: 'claims' }, folder)
      const { url: service, close } = await startService({ config, env: {}, log: false })
      const souls = [1, 2, 3].map((byte) => createSoul({ seed: new Uint8Array(32).fill(byte) }))
      const group = new Group(souls.map(({ commitment }) => commitment))
      const asked = { service, audience: json.audience, prover, soul: souls[1]!, group }
      const id = await claim({ ...asked, recipient: 'alice.example' })
      assert.match(`${id}`, /^[0-9a-f]{64}$/)
      const stored = await (await fetch(`${service}/v1/claims/${id}`)).json()
      assert.equal((stored as { claim: string }).claim, id)
      assert.equal(await claim({ ...asked, recipient: 'mallory.example' }), undefined)
      await close()
    } finally {
      await prover.dispose()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('its container has the versions that the tests have, and copies what is there', () => {
    const { devDependencies } = JSON.parse(read('package.json'))
    const { dependencies } = JSON.parse(read('examples/service/package.json'))
    const { soulproof, ...others } = dependencies
    assert.equal(soulproof, 'file:soulproof.tgz')
    for (const [name, version] of Object.entries(others)) assert.equal(version, devDependencies[name], name)
    const sources = [
      ...read('examples/service/Dockerfile').matchAll(/^COPY ((?!--from)[^\n]+) \S+$/gm),
    ].flatMap(([, paths]) => (paths as string).split(' '))
    assert.ok(sources.length >= 6)
    for (const path of sources) assert.ok(existsSync(join(ROOT, path)), path)
    const kept = read('examples/service/Dockerfile.dockerignore').trim().split('\n')
    assert.deepEqual(kept, ['*', ...sources.map((path) => `!${path}`)])
  })

  it('npm run serve names it, and what it needs is an optional peer', () => {
    const { scripts, peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json'))
    assert.match(scripts.serve, / serve examples\/service\/service\.json$/)
    for (const name of [
      'fastify',
      '@fastify/rate-limit',
      '@fastify/swagger',
      'prom-client',
      'pg',
      'express',
    ]) {
      assert.ok(peerDependencies[name], name)
      assert.equal(peerDependenciesMeta[name]?.optional, true, name)
    }
  })
})
