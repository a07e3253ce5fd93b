import assert from 'node:assert/strict'
import { createProgram } from '../../src/bn254/program.js'
import {
  call,
  control,
  createModule,
  F64,
  f64,
  f64x2,
  I32,
  I64,
  i32,
  i64,
  memory,
} from '../../src/bn254/wasm.js'
import { host } from './host.js'
import { randomness } from './reference.js'

const MEMORY = { shared: false, initial: 1, maximum: 1 } as const

describe('bn254/wasm', () => {
  it('writes integers of every length', () => {
    const values = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]
    const wide = [0n, 1n, -1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 0x1234_5678_9abc_def0n]
    const { call: exports } = host((program) => {
      for (const [i, value] of values.entries())
        program.module.func({ name: `a${i}`, params: [], results: [I32], body: () => i32.const(value) })
      for (const [i, value] of wide.entries())
        program.module.func({ name: `b${i}`, params: [], results: [I64], body: () => i64.const(value) })
    })
    for (const [i, value] of values.entries()) assert.equal(exports[`a${i}`]!(), value)
    for (const [i, value] of wide.entries()) assert.equal(exports[`b${i}`]!() as unknown, value)
  })

  it('computes with integers as bigints do', () => {
    const operations = {
      add: (a: bigint, b: bigint) => a + b,
      sub: (a: bigint, b: bigint) => a - b,
      mul: (a: bigint, b: bigint) => a * b,
      and: (a: bigint, b: bigint) => a & b,
      or: (a: bigint, b: bigint) => a | b,
      xor: (a: bigint, b: bigint) => a ^ b,
      shl: (a: bigint, b: bigint) => a << (b & 63n),
      shrU: (a: bigint, b: bigint) => BigInt.asUintN(64, a) >> (b & 63n),
      shrS: (a: bigint, b: bigint) => a >> (b & 63n),
    }
    const { call: exports } = host((program) => {
      for (const name of Object.keys(operations) as (keyof typeof operations)[])
        program.module.func({
          name,
          params: [I64, I64],
          results: [I64],
          body: ({ params: [a, b] }) => i64[name](a!.get, b!.get),
        })
      for (const name of ['divU', 'remU'] as const)
        program.module.func({
          name,
          params: [I32, I32],
          results: [I32],
          body: ({ params: [a, b] }) => i32[name](a!.get, b!.get),
        })
    })
    const random = randomness(1n)
    for (let i = 0; i < 1000; i++) {
      const [a, b] = [random.word(), random.word()].map((x) => BigInt.asIntN(64, x)) as [bigint, bigint]
      for (const [name, expected] of Object.entries(operations)) {
        const f = exports[name] as unknown as (a: bigint, b: bigint) => bigint
        assert.equal(f(a, b), BigInt.asIntN(64, expected(a, b)), name)
      }
      const [u, v] = [Number(a & 0xffff_ffffn), Number((b & 0xffffn) + 1n)]
      assert.equal(exports['divU']!(u, v) >>> 0, Math.floor(u / v))
      assert.equal(exports['remU']!(u, v) >>> 0, u % v)
    }
  })

  it('calls, loops, branches and fills memory', () => {
    const {
      call: exports,
      bytes,
      alloc,
    } = host((program) => {
      program.module.func({
        name: 'factorial',
        params: [I32],
        results: [I32],
        body: ({ params: [n] }) => [
          control.if(i32.eqz(n!.get), control.return(i32.const(1))),
          i32.mul(n!.get, call('factorial', i32.sub(n!.get, i32.const(1)))),
        ],
      })
      program.module.func({
        name: 'fill',
        params: [I32, I32],
        body: ({ params: [at, n] }) => memory.fill(at!.get, i32.const(7), n!.get),
      })
    })
    assert.equal(exports['factorial']!(10), 3628800)
    const at = alloc(32)
    exports['fill']!(at + 3, 10)
    assert.deepEqual([...bytes.subarray(at, at + 16)], [0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0])
  })

  it('refuses a function twice, and a call of none', () => {
    const module = createModule({ memory: MEMORY })
    module.func({ name: 'f', params: [], body: () => call('g') })
    assert.throws(() => module.func({ name: 'f', params: [], body: () => [] }), /f is added twice/)
    assert.throws(() => module.build(), /f calls g, which is not there/)
  })

  it('declares memory that is shared or not', () => {
    for (const shared of [true, false]) {
      const program = createProgram({ memory: { shared, initial: 1, maximum: 2 } })
      const module = new WebAssembly.Module(program.finish().bytes)
      const memory = (shared: boolean) => new WebAssembly.Memory({ initial: 1, maximum: 2, shared })
      new WebAssembly.Instance(module, { env: { memory: memory(shared) } })
      assert.throws(() => new WebAssembly.Instance(module, { env: { memory: memory(!shared) } }))
    }
  })

  it('fuses multiplication and addition here, which the vector form needs', () => {
    // 0.1 * 10 - 1 is 0 if the product is rounded first, and 2^-54 if not.
    const { call: exports } = host((program) => {
      const splat = (x: number) => f64x2.splat(f64.const(x))
      program.module.func({
        name: 'fused',
        params: [],
        results: [F64],
        body: () => f64x2.extractLane(f64x2.relaxedMadd(splat(0.1), splat(10), splat(-1)), 0),
      })
    })
    assert.equal(exports['fused']!(), 2 ** -54)
  })
})
