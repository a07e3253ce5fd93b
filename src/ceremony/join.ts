import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CeremonyError } from '../errors.js'
import { readBody } from '../http-body.js'
import { formatJson } from '../setup/build.js'
import { writeAtomically } from '../setup/write.js'
import type { QueueState } from './coordinator.js'
import { type CeremonyProgress, contributeToTurn, type Receipt, TURN_FILE } from './store.js'

/**
 * Contributes to a ceremony that somebody serves: queues, waits for the turn, contributes and sends the keys.
 *
 * @param o.url         of the coordinator
 * @param o.out         folder for the contribution and its receipt
 * @param o.pollSeconds how often to ask whether it is our turn
 * @returns the receipt, which both sides agree on
 * @throws {CeremonyError} if the coordinator cannot be reached, drops us, or answers what is not so
 */
export async function joinCeremony(o: {
  url: string
  name: string
  attestation: string
  entropy: string
  random: (length: number) => Uint8Array
  out: string
  pollSeconds?: number
  onProgress?: CeremonyProgress
}): Promise<Receipt> {
  const { url, name, attestation, out, pollSeconds = 2, onProgress } = o
  const call = async (method: string, path: string, body?: Uint8Array | string): Promise<Response> => {
    const address = new URL(path, url.endsWith('/') ? url : `${url}/`)
    const send = (): Promise<Response> =>
      fetch(address, { method, ...(body !== undefined && { body: body as BodyInit }) })
    // A place in the queue is asked for once; everything else may be repeated.
    const response = await retry(send, path === 'queue' ? 1 : ATTEMPTS)
    if (response.ok) return response
    const { error } = (await readJson(response).catch(() => ({}))) as { error?: unknown }
    throw new CeremonyError('coordinator', `answers ${response.status}: ${String(error).slice(0, 500)}`)
  }
  const ask = async <T>(method: string, path: string, body?: string): Promise<T> =>
    (await readJson(await call(method, path, body))) as T

  const { ticket } = await ask<{ ticket: string }>('POST', 'queue', JSON.stringify({ name, attestation }))
  if (typeof ticket !== 'string') throw new CeremonyError('coordinator', 'gives no ticket')
  const state = await waitForTurn(() => ask<QueueState>('GET', `queue/${ticket}`), {
    pollSeconds,
    onProgress,
  })
  const folder = join(out, 'turn')
  for (const [statement, pin] of Object.entries(state.turn?.keys ?? {})) {
    onProgress?.(`${statement}: fetching`, 0)
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(statement))
      throw new CeremonyError('coordinator', 'names no statement')
    const bytes = pin?.bytes
    if (!Number.isSafeInteger(bytes) || bytes > MOST_KEY)
      throw new CeremonyError('coordinator', 'says no length of a key')
    const key = await readAnswer(await call('GET', `turn/${ticket}/${statement}`), bytes)
    await writeAtomically(join(folder, `${statement}.zkey`), key)
  }
  await writeAtomically(join(folder, TURN_FILE), formatJson(state.turn))
  const own = await contributeToTurn({ ...o, turn: folder })
  for (const statement of Object.keys(own.contributions)) {
    onProgress?.(`${statement}: sending`, 1)
    await call(
      'PUT',
      `turn/${ticket}/${statement}`,
      new Uint8Array(await readFile(join(out, `${statement}.zkey`))),
    )
  }
  const end = await ask<QueueState>('POST', `turn/${ticket}`)
  if (end.state !== 'done') {
    throw new CeremonyError(
      'coordinator',
      end.state === 'dropped' ? end.reason : 'did not take the contribution',
    )
  }
  if (JSON.stringify(end.receipt) !== JSON.stringify(own)) {
    throw new CeremonyError('coordinator', 'has another receipt than we: do not trust this ceremony')
  }
  return own
}

/** No key is longer: files of phase 1 are not. */
const MOST_KEY = 2 ** 31
/** More than any answer takes that is no key. */
const MOST_JSON = 1 << 20

async function readJson(response: Response): Promise<unknown> {
  const text = new TextDecoder().decode(await readAnswer(response, MOST_JSON))
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CeremonyError('coordinator', 'answers what is no JSON', { cause })
  }
}

async function readAnswer(response: Response, most: number): Promise<Uint8Array> {
  const broken = (cause: unknown): never => {
    throw new CeremonyError('coordinator', 'broke off in the middle of an answer', { cause })
  }
  const bytes = await readBody(response, most).catch(broken)
  if (bytes === undefined) throw new CeremonyError('coordinator', 'sends more than it said')
  return bytes
}

/** How often a request is sent when the connection breaks, and the pause before the next. */
const ATTEMPTS = 5
const PAUSE_MS = 500

async function retry(send: () => Promise<Response>, attempts: number): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (cause) {
      if (attempt >= attempts) throw new CeremonyError('coordinator', 'cannot be reached', { cause })
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt))
    }
  }
}

async function waitForTurn(
  ask: () => Promise<QueueState>,
  o: { pollSeconds: number; onProgress: CeremonyProgress | undefined },
): Promise<Extract<QueueState, { state: 'turn' }>> {
  for (;;) {
    const state = await ask()
    if (state.state === 'turn') return state
    if (state.state !== 'waiting') {
      throw new CeremonyError(
        'coordinator',
        state.state === 'dropped' ? state.reason : 'ended before the turn',
      )
    }
    o.onProgress?.(`waiting, ${state.position} before us`, 0)
    await new Promise((resolve) => setTimeout(resolve, 1000 * o.pollSeconds))
  }
}
