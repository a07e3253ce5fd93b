import { decodeEntry, type Entry, encodeEntry, type LedgerProof } from '../../src/ledger/index.js'
import { loadCircomlibjs } from '../crypto/circomlibjs.js'

/** The domain tag of a text, computed anew. */
const tag = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'ascii').toString('hex')}`)

interface Account {
  readonly handle: bigint
  readonly counts: bigint[]
  readonly sums: bigint[]
  head: bigint
}

/**
 * A ledger as plain as can be: a list of accounts in the order of arrival, and everything computed from it anew, with another
 * Poseidon. Nothing is shared with `src/ledger` but the decoding of entries.
 */
export class PlainLedger {
  readonly accounts: Account[] = [newAccount(0n)]
  length = 0n
  head = tag('soulproof/ledger/queue/1')
  readonly #hash: (inputs: readonly bigint[]) => bigint

  private constructor(hash: (inputs: readonly bigint[]) => bigint) {
    this.#hash = hash
  }

  static async create(): Promise<PlainLedger> {
    return new PlainLedger((await loadCircomlibjs()).poseidon)
  }

  add(entry: Entry): void {
    const { subject, content } = encodeEntry(entry)
    this.head = this.#hash([this.head, subject, content])
    this.length++
    const one = decodeEntry({ subject, content })
    if (!('amount' in one) || one.category > 3) return
    let account = this.accounts.find(({ handle }) => handle === one.handle)
    if (account === undefined) {
      account = newAccount(one.handle)
      this.accounts.push(account)
    }
    const sum = (account.sums[one.category] as bigint) + one.amount
    account.sums[one.category] = sum < 0n ? 0n : sum > 2n ** 64n - 1n ? 2n ** 64n - 1n : sum
    account.counts[one.category] = (account.counts[one.category] as bigint) + 1n
    account.head = this.#hash([account.head, subject, content])
  }

  /** The leaf of an account: its handle, the next one, counts and sums, the head of its history. */
  leaf(account: Account): bigint[] {
    let next = 2n ** 248n
    for (const { handle } of this.accounts) if (handle > account.handle && handle < next) next = handle
    const tallies = account.counts.flatMap((count, c) => [count, account.sums[c] as bigint])
    return [account.handle, next, ...tallies, account.head]
  }

  /** All nodes of the tree, level by level, without those above unused leaves alone. */
  levels(): bigint[][] {
    let level = this.accounts.map((account) =>
      this.#hash([tag('soulproof/ledger/leaf/1'), ...this.leaf(account)]),
    )
    const levels = [level]
    let zero = 0n
    for (let depth = 0; depth < 10; depth++) {
      const below = level
      const at = (i: number): bigint => below[i] ?? zero
      level = Array.from({ length: Math.ceil(below.length / 4) }, (_, i) =>
        this.#hash([at(4 * i), at(4 * i + 1), at(4 * i + 2), at(4 * i + 3)]),
      )
      zero = this.#hash([zero, zero, zero, zero])
      levels.push(level)
    }
    return levels
  }

  root(name: { ledgerId: bigint; categories: bigint }): bigint {
    return this.#hash([
      tag('soulproof/ledger/root/1'),
      name.ledgerId,
      name.categories,
      this.levels()[10]?.[0] as bigint,
      BigInt(this.accounts.length),
      this.length,
      this.head,
    ])
  }

  /** Where a handle opens: its account, or the one below it. */
  openingOf(handle: bigint): Account {
    return this.accounts
      .filter((account) => account.handle <= handle)
      .reduce((last, account) => (account.handle > last.handle ? account : last))
  }

  /** Follows an opening to the tree's root. */
  fold(proof: LedgerProof): bigint {
    const { handle, next, tallies, head } = proof.leaf
    const fields = [handle, next, ...tallies.flatMap(({ count, sum }) => [count, sum]), head]
    let node = this.#hash([tag('soulproof/ledger/leaf/1'), ...fields])
    let position = proof.index
    for (const row of proof.siblings) {
      const children = [...row]
      children.splice(position % 4, 0, node)
      node = this.#hash(children)
      position = Math.floor(position / 4)
    }
    return node
  }
}

function newAccount(handle: bigint): Account {
  return {
    handle,
    counts: [0n, 0n, 0n, 0n],
    sums: [0n, 0n, 0n, 0n],
    head: tag('soulproof/ledger/history/1'),
  }
}
