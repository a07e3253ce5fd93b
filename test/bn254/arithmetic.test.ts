import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MODULE = new URL('../../src/bn254/arithmetic.ts', import.meta.url).href

/** What a fresh process chooses after some code has run. */
async function choose(before: string): Promise<string> {
  const code = `const { chooseArithmetic } = await import(${JSON.stringify(MODULE)})
    ;${before}
    const names = await Promise.all([chooseArithmetic(), chooseArithmetic()])
    process.stdout.write(names.join(' '))`
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code])
  return stdout
}

describe('bn254: choosing the arithmetic', () => {
  it('sets what Node needs by itself, also where built-in modules have to be imported', async () => {
    const plain = await choose('')
    assert.match(plain, /^(simd simd|scalar scalar)$/)
    assert.equal(await choose('delete process.getBuiltinModule'), plain)
    assert.equal(
      await choose(`process.getBuiltinModule = () => { throw new Error('no') }`),
      await choose(NO_FLAG),
    )
  })

  it('is scalar where relaxed SIMD is missing, and in what is no Node', async () => {
    assert.equal(await choose('WebAssembly.validate = () => false'), 'scalar scalar')
    assert.equal(
      await choose(`Object.defineProperty(process.versions, 'node', { value: undefined })`),
      await choose(NO_FLAG),
    )
  })

  it('is scalar where the multiply-add rounds twice', async () => {
    const madd = `const { instantiate } = WebAssembly
      WebAssembly.instantiate = async (...args) => {
        const { instance } = await instantiate(...args)
        const twice = (a, b, c) => a * b + c
        return { instance: { exports: { low: instance.exports.low, high: twice } } }
      }`
    assert.equal(await choose(madd), 'scalar scalar')
  })
})

/** A V8 whose flags nobody may set. */
const NO_FLAG = `(await import('node:v8')).default.setFlagsFromString = () => {}`
