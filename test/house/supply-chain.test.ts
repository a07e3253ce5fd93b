import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): Buffer => readFileSync(new URL(path, ROOT))

interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly link?: boolean
  readonly os?: readonly string[]
  readonly hasInstallScript?: boolean
}

const { lockfileVersion, packages } = JSON.parse(read('package-lock.json').toString()) as {
  lockfileVersion: number
  packages: Record<string, Locked>
}
const manifest = JSON.parse(read('package.json').toString())
const locked = Object.entries(packages).filter(([path]) => path !== '')
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Licences of what is installed for tests and builds. */
const LICENCES = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'MIT OR Apache-2.0',
  '(MIT OR CC0-1.0)',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  'Unlicense',
  'MPL-2.0',
  // Of a font.
  'OFL-1.1',
  'PSF-2.0',
  'GPL-3.0',
]
/** Licences of what the package depends on. */
const SHIPPED = ['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', '0BSD']
/** Packages whose metadata has no licence, and what their sources say. */
const UNNAMED: Readonly<Record<string, string>> = {
  esprima: 'BSD, in the older form of its package.json',
  memorystream: 'MIT, in the older form of its package.json',
}

/** Scripts that would run at installation, and why nothing needs them. */
const SCRIPTS: Readonly<Record<string, string>> = {
  '@foundry-rs/anvil': 'checks the binary, which is in a package for each platform',
  'blake-hash': 'compiles what there is in JavaScript, too',
  'classic-level': 'compiles what is in the package for common platforms',
  esbuild: 'puts the binary in place of a script that starts it',
}

/** Binaries for platforms that the registry behind this lockfile did not list: `npm ci` skips them elsewhere. */
const isUnlistedPlatform = (path: string, { dev, optional, os }: Locked): boolean =>
  dev === true &&
  optional === true &&
  os !== undefined &&
  /^node_modules\/(@biomejs\/cli|@foundry-rs\/anvil)-(android|darwin|win32|linux-(arm64|x64)-musl|linux-arm64$)/.test(
    path,
  )

/** Folders with a lockfile of their own, which a script installs outside the clone. */
const NESTED: readonly {
  readonly what: string
  readonly folder: string
  readonly atLeast: number
  allowed(path: string, license: string): boolean
}[] = [
  {
    what: 'the demo of MACI',
    folder: 'examples/maci',
    atLeast: 15,
    // MACI's own have theirs in a file.
    allowed: (path, license) => SHIPPED.includes(license) || path.startsWith('node_modules/maci-'),
  },
  {
    what: 'the site',
    folder: 'docs/site',
    atLeast: 15,
    // A parser of arguments that was Python's first.
    allowed: (path, license) =>
      LICENCES.includes(license) || (path === 'node_modules/argparse' && license === 'Python-2.0'),
  },
]

describe('house/supply chain', () => {
  it('every package is locked to a version, by SHA-512, from a registry', () => {
    assert.equal(lockfileVersion, 3)
    assert.ok(locked.length > 300)
    for (const [path, one] of locked) {
      assert.equal(one.link, undefined, path)
      assert.match(one.version, /^\d+\.\d+\.\d+/, path)
      assert.ok(one.resolved === undefined || one.resolved.startsWith('https://registry.npmjs.org/'), path)
      if (!isUnlistedPlatform(path, one)) assert.match(one.integrity ?? '', /^sha512-[\w+/]{86}==$/, path)
    }
    // What is shipped has no such gap.
    assert.deepEqual(
      locked.filter(([, { dev, integrity }]) => dev !== true && integrity === undefined),
      [],
    )
  })

  for (const { what, folder, atLeast, allowed } of NESTED) {
    it(`what ${what} installs is locked, too, by SHA-512 and without scripts`, () => {
      const lock = JSON.parse(read(`${folder}/package-lock.json`).toString()) as { packages: typeof packages }
      const { dependencies } = JSON.parse(read(`${folder}/package.json`).toString())
      const { '': _, ...installed } = lock.packages
      assert.ok(Object.keys(installed).length > atLeast)
      for (const [path, { integrity, license, resolved, hasInstallScript }] of Object.entries(installed)) {
        assert.match(integrity ?? '', /^sha512-[\w+/]{86}==$/, path)
        assert.ok(resolved === undefined || resolved.startsWith('https://registry.npmjs.org/'), path)
        assert.ok(allowed(path, license ?? ''), `${path}: ${license}`)
        assert.equal(hasInstallScript, undefined, path)
      }
      for (const [name, version] of Object.entries(dependencies)) {
        assert.match(`${version}`, /^\d+\.\d+\.\d+$/, name)
        assert.equal(installed[`node_modules/${name}`]?.version, version, name)
      }
    })
  }

  it('dependencies are exact versions, and those that are locked', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(`${version}`, /^\d+\.\d+\.\d+$/, name)
      assert.equal(packages[`node_modules/${name}`]?.version, version, name)
    }
  })

  it('no package needs a script at installation', () => {
    const scripts = locked
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => nameOf(path))
    assert.deepEqual(scripts.sort(), Object.keys(SCRIPTS).sort())
    // What they would build is there without them.
    const prebuilt = readdirSync(new URL('node_modules/classic-level/prebuilds/', ROOT))
    for (const platform of ['linux-x64', 'linux-arm64', 'win32-x64']) assert.ok(prebuilt.includes(platform))
    assert.ok(read('.ci/run').includes('npm ci --ignore-scripts'))
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
      assert.equal(manifest.scripts[name], undefined, `our own ${name}`)
    }
  })

  it('every licence is one of the list, and what is shipped has no copyleft', () => {
    for (const [path, { license, dev, integrity }] of locked) {
      const name = nameOf(path)
      if (integrity === undefined) continue
      if (license === undefined) assert.ok(UNNAMED[name], `${name} has no licence`)
      else assert.ok(LICENCES.includes(license), `${name}: ${license}`)
      if (dev !== true) assert.ok(SHIPPED.includes(license ?? ''), `${name} is shipped under ${license}`)
    }
  })

  it('sources import only Node and what package.json names', () => {
    const known = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
    const folder = fileURLToPath(new URL('src/', ROOT))
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      const text = read(`src/${file}`).toString()
      for (const match of text.matchAll(
        /^(?:import|export)\b[^'"`;]*?\bfrom '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
      )) {
        const target = (match[1] ?? match[2]) as string
        if (target.startsWith('node:'))
          assert.ok(builtinModules.includes(target.slice(5)), `${file}: ${target}`)
        else
          assert.ok(
            known.some((name) => target === name || target.startsWith(`${name}/`)),
            `${file}: ${target}`,
          )
      }
    }
  })

  it('every artifact has its hash and where it comes from in the manifest', () => {
    const { statements } = JSON.parse(read('zkeys/manifest.json').toString())
    const listed = Object.entries(
      statements as Record<
        string,
        { provenance: { kind: string }; sourceHash: string; artifacts: Record<string, { sha256: string }> }
      >,
    )
    assert.ok(listed.length >= 7)
    for (const [name, { provenance, sourceHash, artifacts }] of listed) {
      assert.equal(provenance.kind, 'development', name)
      assert.match(sourceHash, /^0x[0-9a-f]{64}$/)
      for (const part of ['wasm', 'zkey', 'r1cs', 'sym', 'vkey.json']) {
        const pinned = artifacts[`${name}.${part}`]?.sha256
        assert.equal(
          createHash('sha256')
            .update(read(`zkeys/${name}.${part}`))
            .digest('hex'),
          pinned,
          `${name}.${part}`,
        )
      }
    }
  })
})
