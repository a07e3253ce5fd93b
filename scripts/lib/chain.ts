import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  type Account,
  type Address,
  type Chain,
  createPublicClient,
  createTestClient,
  createWalletClient,
  defineChain,
  type Hex,
  type HttpTransport,
  http,
  type PublicClient,
  type TestClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type WalletClient,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import type { Groth16Proof } from '../../src/groth16.js'
import type { CompiledContract } from './solc.js'

/** A contract on a chain, in the form that viem's calls take. */
export interface Deployed {
  readonly address: Address
  readonly abi: CompiledContract['abi']
  /** Gas of the creating transaction. */
  readonly gas: bigint
}

/** A running node of its own, with funded accounts. */
export interface LocalChain extends AsyncDisposable {
  readonly chainId: number
  readonly url: string
  readonly client: PublicClient<HttpTransport, Chain>
  /** Moves the node's clock, takes snapshots, reverts to them. */
  readonly control: TestClient<'anvil', HttpTransport, Chain>
  /** One wallet per funded account; the first deploys. */
  readonly wallets: readonly WalletClient<HttpTransport, Chain, Account>[]
  deploy(contract: CompiledContract, args?: readonly unknown[]): Promise<Deployed>
  /** Sends a call and waits for it; a revert throws viem's error with the decoded custom error. */
  send(o: {
    readonly to: Deployed
    readonly name: string
    readonly args?: readonly unknown[]
    /** Index of the sending wallet; default 0. */
    readonly from?: number
    /** Wei that go along; default none. */
    readonly value?: bigint
  }): Promise<TransactionReceipt>
  /** Reads a view function. */
  read(o: {
    readonly to: Deployed
    readonly name: string
    readonly args?: readonly unknown[]
  }): Promise<unknown>
  /** Ends the node; a second call does nothing. */
  stop(): Promise<void>
}

/** Mnemonic of the accounts that anvil funds; public, hence worthless outside of tests. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const START_TIMEOUT_MS = 30_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Starts anvil on a free port of the loopback interface, each transaction in a block of its own. The node ends
 * with `stop`, and with this process, whichever comes first; it does not keep this process alive.
 *
 * @param o.chainId default 31337
 * @param o.accounts how many accounts are funded, 1..100; default 5
 * @throws {Error} if the node does not listen within 30 s, with what it wrote
 */
export async function startChain(
  o: { readonly chainId?: number; readonly accounts?: number } = {},
): Promise<LocalChain> {
  const chainId = o.chainId ?? 31337
  const accounts = o.accounts ?? 5
  const node = spawn(
    anvilBinary(),
    ['--host', '127.0.0.1', '--port', '0', '--chain-id', `${chainId}`, '--accounts', `${accounts}`].concat([
      '--mnemonic',
      MNEMONIC,
      '--hardfork',
      'cancun',
      '--gas-limit',
      '30000000',
    ]),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const kill = (): void => {
    node.kill('SIGKILL')
  }
  const killAndRaise = (signal: NodeJS.Signals): void => {
    kill()
    for (const name of SIGNALS) process.removeListener(name, killAndRaise)
    process.kill(process.pid, signal)
  }
  process.once('exit', kill)
  for (const name of SIGNALS) process.on(name, killAndRaise)
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill)
    for (const name of SIGNALS) process.removeListener(name, killAndRaise)
    if (node.exitCode !== null || node.signalCode !== null) return
    const ended = new Promise((resolve) => node.once('exit', resolve))
    // Until it has ended it keeps this process alive, so that nobody waits in vain.
    node.ref()
    kill()
    await ended
  }

  let url: string
  try {
    url = await listening(node)
  } catch (error) {
    await stop()
    throw error
  }
  const chain = defineChain({
    id: chainId,
    name: 'local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
  // Blocks come at once, so that waiting for a receipt need not be polled at the pace of a real chain.
  const common = { chain, transport: http(url), pollingInterval: 20, cacheTime: 0 }
  const client = createPublicClient(common)
  const wallets = Array.from({ length: accounts }, (_, addressIndex) =>
    createWalletClient({ ...common, account: mnemonicToAccount(MNEMONIC, { addressIndex }) }),
  )

  /** Asks again and again: viem waits for the next block, and none comes here when a receipt is a little late. */
  async function mined(hash: Hex): Promise<TransactionReceipt> {
    for (const end = Date.now() + START_TIMEOUT_MS; ; ) {
      const receipt = await client.getTransactionReceipt({ hash }).catch((error: unknown) => {
        if (error instanceof TransactionReceiptNotFoundError) return undefined
        throw error
      })
      if (receipt?.status === 'success') return receipt
      if (receipt !== undefined) throw new Error('the transaction was reverted')
      if (Date.now() > end) throw new Error('the transaction was not mined in time')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  return {
    chainId,
    url,
    client,
    control: createTestClient({ ...common, mode: 'anvil' }),
    wallets,
    async deploy(contract, args = []) {
      const { abi, bytecode } = contract
      const receipt = await mined(await wallets[0]!.deployContract({ abi, bytecode, args }))
      return { address: receipt.contractAddress!, abi, gas: receipt.gasUsed }
    },
    async send({ to, name, args = [], from = 0, value }) {
      const wallet = wallets[from]
      if (wallet === undefined) throw new RangeError('from is not the index of a wallet')
      const { request } = await client.simulateContract({
        address: to.address,
        abi: to.abi,
        functionName: name,
        args,
        account: wallet.account,
        ...(value !== undefined && { value }),
      })
      return mined(await wallet.writeContract(request))
    },
    read({ to, name, args = [] }) {
      return client.readContract({ address: to.address, abi: to.abi, functionName: name, args })
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** A Groth16 proof as the verifier contract takes it. */
export interface SolidityProof {
  readonly a: readonly [bigint, bigint]
  readonly b: readonly [readonly [bigint, bigint], readonly [bigint, bigint]]
  readonly c: readonly [bigint, bigint]
}

/** Converts a proof to the contract's arguments, where imaginary parts come first (EIP-197). */
export function toSolidityProof(proof: Pick<Groth16Proof, 'pi_a' | 'pi_b' | 'pi_c'>): SolidityProof {
  const [[x0, x1], [y0, y1]] = proof.pi_b
  return {
    a: [BigInt(proof.pi_a[0]), BigInt(proof.pi_a[1])],
    b: [
      [BigInt(x1), BigInt(x0)],
      [BigInt(y1), BigInt(y0)],
    ],
    c: [BigInt(proof.pi_c[0]), BigInt(proof.pi_c[1])],
  }
}

/** A proof of `policy-s` or `policy-m` as `PolicyGate.enter` takes it. */
export interface PolicyProof extends SolidityProof {
  readonly reveals: readonly [bigint, bigint]
  readonly handle: bigint
  readonly nullifier: bigint
  readonly provedAt: bigint
  readonly anchorsRoot: bigint
}

/**
 * Picks from a proof and its 11 public signals what `PolicyGate.enter` takes; the gate builds the others itself.
 *
 * @throws {RangeError} for any other number of signals
 */
export function toPolicyProof(o: {
  readonly proof: Pick<Groth16Proof, 'pi_a' | 'pi_b' | 'pi_c'>
  readonly publicSignals: readonly (string | bigint)[]
}): PolicyProof {
  if (o.publicSignals.length !== 11) throw new RangeError('publicSignals must be 11')
  const at = (index: number): bigint => BigInt(o.publicSignals[index]!)
  return {
    ...toSolidityProof(o.proof),
    reveals: [at(0), at(1)],
    handle: at(2),
    nullifier: at(3),
    provedAt: at(7),
    anchorsRoot: at(10),
  }
}

/** A proof of `policy-l` as `LedgerPolicyGate.enter` takes it. */
export interface LedgerPolicyProof extends Omit<PolicyProof, 'reveals'> {
  readonly reveals: readonly [bigint, bigint, bigint, bigint]
  readonly ledgerRoots: readonly [bigint, bigint]
}

/**
 * Picks from a proof of `policy-l` and its 15 public signals what `LedgerPolicyGate.enter` takes.
 *
 * @throws {RangeError} for any other number of signals
 */
export function toLedgerPolicyProof(o: {
  readonly proof: Pick<Groth16Proof, 'pi_a' | 'pi_b' | 'pi_c'>
  readonly publicSignals: readonly (string | bigint)[]
}): LedgerPolicyProof {
  if (o.publicSignals.length !== 15) throw new RangeError('publicSignals must be 15')
  const at = (index: number): bigint => BigInt(o.publicSignals[index]!)
  return {
    ...toSolidityProof(o.proof),
    reveals: [at(0), at(1), at(2), at(3)],
    handle: at(4),
    nullifier: at(5),
    provedAt: at(9),
    anchorsRoot: at(12),
    ledgerRoots: [at(13), at(14)],
  }
}

/** Returns the binary itself, because the npm wrapper would be a second process to end. */
function anvilBinary(): string {
  const wrapper = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const platform = process.platform === 'win32' ? `win32-${arch}` : `${process.platform}-${arch}`
  const manifest = createRequire(wrapper).resolve(`@foundry-rs/anvil-${platform}/package.json`)
  return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}

/** Waits for the address on which the node listens; it picks a free port itself. */
function listening(node: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (reason: string): void => reject(new Error(`anvil ${reason}\n${output}`))
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS)
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const address = /Listening on (127\.0\.0\.1:\d+)/.exec(output)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      for (const stream of [node.stdout!, node.stderr!]) {
        stream.off('data', read)
        // Still read, or the node would block on a full pipe; but never a reason to stay alive.
        stream.resume()
        ;(stream as unknown as { unref(): void }).unref()
      }
      node.unref()
      resolve(`http://${address}`)
    }
    node.stdout!.on('data', read)
    node.stderr!.on('data', read)
    node.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    node.once('exit', () => {
      clearTimeout(timer)
      fail('ended early')
    })
  })
}
