import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createProver } from '../src/prover/index.js'
import { claimants, preparedClaims } from './lib/claims.js'

/*
 * Makes the proofs of `npm run check:claims` ahead of it, and keeps them in the cache:
 *
 *   node --import tsx scripts/claim-proofs.ts [--members 9000] [--doubles 500] [--most N] [--unless FILE]
 *
 * With `--most` it makes no more than so many and exits; with `--unless` it stops when that file appears. It can be killed
 * and started again at any time.
 */

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '9000' },
    doubles: { type: 'string', default: '500' },
    most: { type: 'string' },
    unless: { type: 'string' },
  },
})

const { unless } = values
const { missing } = await preparedClaims({
  members: claimants(Number(values.members)),
  doubles: Number(values.doubles),
  createProver: () => createProver(),
  ...(values.most !== undefined && { most: Number(values.most) }),
  ...(unless !== undefined && { pause: () => existsSync(unless) }),
})
process.stdout.write(`${missing} proofs are missing\n`)
