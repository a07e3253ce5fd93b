/**
 * `npm run check:arithmetic`: field, extension, towers, curves, sums, rows and transforms against bigints, with bounds followed
 * through the code. Short: as in the tests; `-- --long`: millions of random operands.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const FILES = [
  'test/bn254/bounds.test.ts',
  'test/bn254/field.test.ts',
  'test/bn254/extension.test.ts',
  'test/bn254/towers.test.ts',
  'test/bn254/curve.test.ts',
  'test/bn254/pairing.test.ts',
  'test/prover/engine/abc.test.ts',
  'test/prover/engine/fft.test.ts',
  'test/prover/engine/msm.test.ts',
]

const long = process.argv.includes('--long')
const mocha = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...FILES], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  env: { ...process.env, ...(long && { SOULPROOF_LONG: '1' }) },
  stdio: 'inherit',
})
mocha.on('exit', (code) => {
  process.exitCode = code ?? 1
})
