/** Writes the contract that `contracts/Ledger.sol` hashes its queue with. */
import { type PoseidonParameters, poseidonParameters } from '../../crypto/poseidon-parameters.js'
import { FIELD_MODULUS } from '../../field.js'

/** What a client for Ethereum deploys and calls. */
export interface PoseidonContract {
  readonly abi: readonly [
    {
      readonly type: 'function'
      readonly name: 'poseidon'
      readonly stateMutability: 'pure'
      readonly inputs: readonly [{ readonly name: 'inputs'; readonly type: 'uint256[3]' }]
      readonly outputs: readonly [{ readonly name: ''; readonly type: 'uint256' }]
    },
  ]
  /** Creates the contract. */
  readonly bytecode: `0x${string}`
}

const WIDTH = 4
/** Instructions of the EVM. */
const OP = {
  ADD: 0x01,
  MOD: 0x06,
  ADDMOD: 0x08,
  MULMOD: 0x09,
  CALLDATALOAD: 0x35,
  CODECOPY: 0x39,
  POP: 0x50,
  MLOAD: 0x51,
  MSTORE: 0x52,
  PUSH1: 0x60,
  DUP1: 0x80,
  SWAP1: 0x90,
  RETURN: 0xf3,
} as const

/**
 * Returns the contract with Poseidon of three inputs, circomlib's constants: `poseidon(uint256[3])`.
 *
 * With sparse matrices, and sums that are reduced only by the multiplications that follow: five numbers below r do not
 * overflow a word. It takes any words and reduces them, and does not look at the selector, since it has one function.
 */
export function poseidonContract(): PoseidonContract {
  const runtime = permutation(poseidonParameters(WIDTH))
  const length = runtime.length
  // Copies what follows these 12 bytes into memory, and returns it.
  const create = [
    ...[0x61, length >> 8, length & 255, OP.DUP1, OP.PUSH1, 12, OP.PUSH1, 0, OP.CODECOPY, OP.PUSH1, 0],
    OP.RETURN,
  ]
  const hex = [...create, ...runtime].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return {
    abi: [
      {
        type: 'function',
        name: 'poseidon',
        stateMutability: 'pure',
        inputs: [{ name: 'inputs', type: 'uint256[3]' }],
        outputs: [{ name: '', type: 'uint256' }],
      },
    ],
    bytecode: `0x${hex}`,
  }
}

/** Code with the stack that it leaves, by names. */
class Code {
  readonly bytes: number[] = []
  readonly #stack: string[] = []

  push(value: bigint, name = ''): void {
    const hex = value.toString(16)
    const bytes = hex.padStart(hex.length + (hex.length % 2), '0').match(/../g) as string[]
    this.bytes.push(OP.PUSH1 + bytes.length - 1, ...bytes.map((byte) => Number.parseInt(byte, 16)))
    this.#stack.push(name)
  }

  dup(name: string): void {
    this.bytes.push(OP.DUP1 + this.#stack.length - 1 - this.#stack.lastIndexOf(name))
    this.#stack.push('')
  }

  dupTop(): void {
    this.bytes.push(OP.DUP1)
    this.#stack.push('')
  }

  /** Applies an instruction to the top of the stack. */
  op(code: number, takes: number, name?: string): void {
    this.bytes.push(code)
    this.#stack.length -= takes
    if (name !== undefined) this.#stack.push(name)
  }

  swap(depth: number): void {
    this.bytes.push(OP.SWAP1 + depth - 1)
    const top = this.#stack.length - 1
    const [a, b] = [this.#stack[top] as string, this.#stack[top - depth] as string]
    this.#stack[top] = b
    this.#stack[top - depth] = a
  }

  rename(from: string, to: string): void {
    this.#stack[this.#stack.lastIndexOf(from)] = to
  }
}

function permutation(parameters: PoseidonParameters): number[] {
  const { start, matrix, lastMatrix, afterFull, partial, corner, afterPartial } = parameters
  const code = new Code()
  const names = Array.from({ length: WIDTH }, (_, i) => i)

  code.push(FIELD_MODULUS, 'r')
  // The matrix of most full rounds waits in memory, which takes less code than its numbers in each of them.
  for (const [i, value] of matrix.flat().entries()) {
    code.push(value)
    code.push(BigInt(32 * i))
    code.op(OP.MSTORE, 2)
  }
  code.push(start[0] as bigint, 's0')
  for (const i of names.slice(1)) {
    code.dup('r')
    code.push(BigInt(4 + 32 * (i - 1)))
    code.op(OP.CALLDATALOAD, 1, '')
    code.push(start[i] as bigint)
    code.op(OP.ADDMOD, 3, `s${i}`)
  }

  /** Pushes the fifth power of an element. */
  const power = (element: string, name: string): void => {
    code.dup('r')
    code.dup(element)
    code.dup(element)
    code.op(OP.MULMOD, 3, '')
    code.dup('r')
    code.swap(1)
    code.dupTop()
    code.op(OP.MULMOD, 3, '')
    code.dup('r')
    code.swap(1)
    code.dup(element)
    code.op(OP.MULMOD, 3, name)
  }
  /** Adds a constant times an element to the top. */
  const addProduct = (element: string, constant: () => void): void => {
    code.dup('r')
    code.dup(element)
    constant()
    code.op(OP.MULMOD, 3, '')
    code.op(OP.ADD, 2, '')
  }
  const number = (value: bigint) => () => code.push(value)
  /** Puts the top elements, in order, in the place of as many that lie `depth` below. */
  const replace = (count: number, depth: number): void => {
    for (let i = 0; i < count; i++) {
      code.swap(depth)
      code.op(OP.POP, 1)
    }
  }
  const topIs = (name: string): void => code.rename('', name)

  const full = (round: number): void => {
    for (const i of names) power(`s${i}`, `y${i}`)
    replace(WIDTH, WIDTH)
    for (const i of names) {
      code.push(afterFull[round]?.[i] as bigint)
      for (const j of names) {
        addProduct(`y${j}`, () => {
          if (round === 3) code.push(lastMatrix[i]?.[j] as bigint)
          else {
            code.push(BigInt(32 * (WIDTH * i + j)))
            code.op(OP.MLOAD, 1, '')
          }
        })
      }
      topIs(`s${i}`)
    }
    replace(WIDTH, WIDTH)
  }

  for (let round = 0; round < 4; round++) full(round)
  for (const [round, { row, column, after }] of partial.entries()) {
    power('s0', 'y')
    code.push(after)
    addProduct('y', number(corner))
    for (const j of names.slice(1)) addProduct(`s${j}`, number(row[j - 1] as bigint))
    topIs('n')
    // Before the first round the elements may be near 5 r, then near r, and grow by r each round.
    const reduces = round % 5 === 0 || round === partial.length - 1
    for (const j of names.slice(1)) {
      if (reduces) code.dup('r')
      code.dup('r')
      code.dup('y')
      code.push(column[j - 1] as bigint)
      code.op(OP.MULMOD, 3, '')
      code.dup(`s${j}`)
      if (reduces) code.op(OP.ADDMOD, 3, '')
      else code.op(OP.ADD, 2, '')
      topIs(`m${j}`)
    }
    replace(WIDTH, WIDTH + 1)
    code.op(OP.POP, 1)
    code.rename('n', 's0')
    for (const j of names.slice(1)) code.rename(`m${j}`, `s${j}`)
  }
  for (const j of names.slice(1)) {
    code.dup(`s${j}`)
    code.push(afterPartial[j - 1] as bigint)
    code.op(OP.ADD, 2, '')
    topIs(`m${j}`)
  }
  replace(WIDTH - 1, WIDTH - 1)
  for (const j of names.slice(1)) code.rename(`m${j}`, `s${j}`)
  for (let round = 4; round < 8; round++) full(round)

  code.dup('r')
  code.dup('s0')
  code.op(OP.MOD, 2, '')
  code.push(0n)
  code.op(OP.MSTORE, 2)
  code.push(32n)
  code.push(0n)
  code.op(OP.RETURN, 2)
  return code.bytes
}
