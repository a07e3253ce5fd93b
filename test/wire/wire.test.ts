import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bn254 } from '@noble/curves/bn254.js'
import fc from 'fast-check'
import { packArtifactFiles } from '../../scripts/lib/packed.js'
import { chooseArithmetic } from '../../src/bn254/arithmetic.js'
import { ArtifactError } from '../../src/errors.js'
import { readR1cs } from '../../src/formats/r1cs.js'
import { writeUint256 } from '../../src/formats/sections.js'
import { openZkey, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { openCombine } from '../../src/wire/combine.js'
import { base8Windows, circomlibConstants, WIDTHS } from '../../src/wire/constants.js'
import { readHeader } from '../../src/wire/header.js'
import { unpackArtifact } from '../../src/wire/index.js'
import { unpackBytes } from '../../src/wire/lz.js'
import { packBytes } from '../../src/wire/lz-pack.js'
import { packGeneratorArtifact, packKeyArtifact } from '../../src/wire/pack.js'
import { negate, openRoots } from '../../src/wire/roots.js'

const ROOT = new URL('../../', import.meta.url)

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(path, ROOT)))
}

function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assert.ok(Buffer.from(actual.buffer, actual.byteOffset, actual.length).equals(expected))
}

describe('wire: bytes', () => {
  const repetitive = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(30)), { maxLength: 30 })
    .map((parts) =>
      Uint8Array.from(
        parts.flatMap(([part, times]) =>
          Array(times)
            .fill([...part])
            .flat(),
        ),
      ),
    )

  it('come out as they went in, repetitive or not', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 3000 })), (bytes) => {
        assertSame(unpackBytes({ bytes: packBytes(bytes), length: bytes.length }), bytes)
      }),
      { numRuns: 300, seed: 8 },
    )
  })

  it('look back further than deflate does', () => {
    const part = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)
    const packed = packBytes(Uint8Array.from([...part, ...part]))
    assert.ok(packed.length < packBytes(part).length + 2000)
  })

  it('of any kind unpack to something of the right length or are refused by name, and never hang', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(5000), (bytes, length) => {
        try {
          assert.equal(unpackBytes({ bytes, length }).length, length)
        } catch (error) {
          assert.ok(error instanceof ArtifactError)
        }
      }),
      { numRuns: 300, seed: 8 },
    )
  })
})

describe('wire: what both sides derive', () => {
  it("is circomlib's constants of Poseidon, all of them in its order", async () => {
    const text = await readFile(
      new URL('node_modules/circomlib/circuits/poseidon_constants.circom', ROOT),
      'utf8',
    )
    const listed = (name: string): Map<number, bigint[]> => {
      const [, body = ''] = text.split(`function ${name}(t) {`)
      const branches =
        body
          .split(/^function /m)[0]
          ?.split(/t\s*==\s*(?=\d)/)
          .slice(1) ?? []
      return new Map(
        branches.map((branch) => [
          Number(/^\d+/.exec(branch)?.[0]),
          [...branch.matchAll(/0x[0-9a-f]+/g)].map(([hex]) => BigInt(hex)),
        ]),
      )
    }
    const [c, s, m, p] = ['POSEIDON_C', 'POSEIDON_S', 'POSEIDON_M', 'POSEIDON_P'].map(listed) as [
      Map<number, bigint[]>,
      Map<number, bigint[]>,
      Map<number, bigint[]>,
      Map<number, bigint[]>,
    ]
    for (const width of WIDTHS) {
      const expected = [c, s, m, p].flatMap((lists) => lists.get(width) ?? [])
      assert.deepEqual(circomlibConstants(width), expected, `width ${width}`)
    }
  })

  it("is the circuits' table of Base8", async () => {
    const text = await readFile(new URL('circuits/lib/base8-table.circom', ROOT), 'utf8')
    const [windows = ''] = text.split('BASE8_LAST_WINDOW')
    const listed = [...windows.matchAll(/^\s+(\d{20,})/gm)].map(([, digits]) => BigInt(digits as string))
    assert.equal(listed.length, 500)
    assert.deepEqual(base8Windows().flat(), listed)
  })
})

describe('wire: roots', () => {
  it('give each point of a key, or its negative, in both arithmetics', async () => {
    const { sections } = openZkey(await readBytes('zkeys/membership.zkey'))
    for (const arithmetic of new Set(['scalar' as const, await chooseArithmetic()])) {
      const roots = await openRoots(arithmetic)
      for (const [type, half] of [
        [ZKEY_SECTION.h, 32],
        [ZKEY_SECTION.b2, 64],
      ] as const) {
        const section = sections.get(type) as Uint8Array
        const points = Array.from({ length: 501 }, (_, i) =>
          section.slice(2 * half * i, 2 * half * (i + 1)),
        ).filter((point) => point.some((byte) => byte !== 0))
        const xs = Uint8Array.from(points.flatMap((point) => [...point.subarray(0, half)]))
        const ys = half === 32 ? roots.g1(xs) : roots.g2(xs)
        assert.ok(points.length > 100)
        for (const [i, point] of points.entries()) {
          const y = ys.slice(half * i, half * (i + 1))
          const expected = point.subarray(half)
          if (!Buffer.from(y).equals(expected)) for (let at = 0; at < half; at += 32) negate(y, at)
          assertSame(y, expected)
        }
      }
    }
  })
})

describe('wire: sums of multiples', () => {
  const Point = bn254.G1.Point
  const q = Point.Fp.ORDER
  const r = Point.Fn.ORDER
  /** As in a key: Montgomery form for 2^256; zeros for infinity. */
  const encode = (point: InstanceType<typeof Point>): Uint8Array => {
    const bytes = new Uint8Array(64)
    if (point.is0()) return bytes
    const { x, y } = point.toAffine()
    writeUint256(bytes, 0, (x << 256n) % q)
    writeUint256(bytes, 32, (y << 256n) % q)
    return bytes
  }
  const multiple = (k: bigint) =>
    k === 0n ? Point.ZERO : k < 0n ? Point.BASE.multiply(-k).negate() : Point.BASE.multiply(k)

  it('are those of another implementation, in both arithmetics, whatever the digits and wherever they cancel', async () => {
    const logarithms = [1n, 2n, r - 2n, 7n, 0x123456789abcdefn, r >> 3n]
    const points = logarithms.map((k) => encode(multiple(k)))
    const half = (r - 1n) / 2n
    const plain = fc.bigInt(-half, half)
    const values = fc.oneof(
      plain,
      fc.constantFrom(1n, -1n, 15n, 16n, 17n, -16n, 31n, 32n, 2n ** 252n, half, -half),
    )
    const term = fc.tuple(fc.nat(points.length - 1), values).filter(([, value]) => value !== 0n)
    const some = fc.sample(fc.array(term, { minLength: 1, maxLength: 5 }), { numRuns: 41, seed: 8 })
    // P - P, 2 P - (2 P), and P + P.
    const sums = [
      ...some,
      [
        [0, 1n],
        [0, -1n],
      ],
      [
        [0, 2n],
        [1, -1n],
      ],
      [
        [3, 1n],
        [3, 1n],
      ],
    ] as [number, bigint][][]
    for (const arithmetic of new Set(['scalar' as const, await chooseArithmetic()])) {
      const combine = await openCombine(arithmetic)
      const found: Uint8Array[] = []
      await combine({
        sums: sums.map((terms) => terms.map(([i, value]) => ({ point: points[i] as Uint8Array, value }))),
        put: (index, point) => {
          found[index] = point.slice()
        },
        pause: async () => {},
      })
      for (const [i, terms] of sums.entries()) {
        const logarithm = terms.reduce((sum, [k, value]) => sum + (logarithms[k] as bigint) * value, 0n)
        assertSame(found[i] as Uint8Array, encode(multiple(((logarithm % r) + r) % r)))
      }
    }
  })
})

describe('wire: artifacts', () => {
  let zkey: Uint8Array
  let packed: Uint8Array

  before(async () => {
    zkey = await readBytes('zkeys/membership.zkey')
    packed = await packKeyArtifact({ zkey, r1cs: readR1cs(await readBytes('zkeys/membership.r1cs')) })
  })

  it('a key comes out bit for bit, from a quarter of its size', async () => {
    assertSame(await unpackArtifact({ bytes: packed, length: zkey.length }), zkey)
    assert.ok(packed.length < 0.26 * zkey.length, `${packed.length}`)
    assert.deepEqual(readHeader(packed), { kind: 2, packed: packed.length, length: zkey.length })
  })

  it('a key of another circuit is not packed as this one', async () => {
    const r1cs = readR1cs(await readBytes('zkeys/membership.r1cs'))
    const [first = 0n, ...others] = r1cs.coefficients
    await assert.rejects(
      packKeyArtifact({ zkey, r1cs: { ...r1cs, coefficients: [first + 1n, ...others] } }),
      /cannot be packed/,
    )
  })

  it('policy-s takes less than 2 MB all told, key and generator, and both come out bit for bit', async () => {
    let total = 0
    for (const path of await packArtifactFiles('policy-s')) {
      total += (await stat(path)).size
      const original = new Uint8Array(await readFile(path.replace(/\.pack$/, '')))
      assertSame(
        await unpackArtifact({ bytes: new Uint8Array(await readFile(path)), length: original.length }),
        original,
      )
    }
    assert.ok(total < 2_000_000)
    // A change of size is seen here.
    assert.equal(total, 1_980_286)
  })

  it("a generator that is not circom's is packed as bytes", async () => {
    const wasm = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, 6, 1, 4, 0, 0xfd, 12, 0x0b])
    const bytes = packGeneratorArtifact(wasm)
    assert.equal(readHeader(bytes)?.kind, 0)
    assertSame(await unpackArtifact({ bytes, length: wasm.length }), wasm)
  })

  it('refuses by name what is cut off, of another length or version, or no packed artifact', async () => {
    const { length } = zkey
    for (const [bytes, message] of [
      [packed.slice(0, -1), /truncated/],
      [packed.slice(0, 1000), /truncated/],
      [packed.slice(0, 10), /no header/],
      [packed.with(4, 9), /no header/],
      [packed.with(5, 7), /unknown kind/],
      [zkey, /no header/],
    ] as const) {
      await assert.rejects(unpackArtifact({ bytes, length }), (error: Error) => {
        assert.ok(error instanceof ArtifactError)
        assert.match(error.message, message)
        return true
      })
    }
    await assert.rejects(unpackArtifact({ bytes: packed, length: length + 1 }), /another length/)
  })

  it('never gives the key for altered bytes', async () => {
    // Places in the header, rows, streams and points; roots make each try slow.
    for (const place of [16, 60, 700, 9000, 15_500, 20_000, packed.length - 40]) {
      const altered = packed.slice()
      altered[place] = (altered[place] as number) ^ 1
      const result = await unpackArtifact({ bytes: altered, length: zkey.length }).catch(() => undefined)
      if (result) assert.ok(!Buffer.from(result).equals(zkey), `byte ${place}`)
    }
  })
})

describe('wire: the folder', () => {
  it('packs in scripts and tests alone: what unpacks imports nothing that packs', async () => {
    for (const file of [
      'index',
      'header',
      'generator',
      'key',
      'rows',
      'roots',
      'sums',
      'combine',
      'coordinates',
      'lz',
      'streams',
      'constants',
    ]) {
      const text = await readFile(fileURLToPath(new URL(`src/wire/${file}.ts`, ROOT)), 'utf8')
      assert.doesNotMatch(text, /from '[^']*pack\.js'/)
    }
  })
})
